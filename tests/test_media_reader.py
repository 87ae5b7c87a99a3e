"""The facts that are read from complete, broken and hostile uploads."""

import tracemalloc
from struct import pack

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockserver.core.seeded import Seeded
from mockserver.media.boxes import box, full_box
from mockserver.media.containers import sniff
from mockserver.media.maker import video
from mockserver.media.reader import VideoFacts, VideoProbe, probe
from mockserver.media.walker import MAX_BOXES

FTYP = box(b"ftyp", b"isom", bytes(4), b"isom")
MDAT = box(b"mdat", b"picture" * 9)
UNKNOWN_32, UNKNOWN_64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def mvhd(duration: int, timescale: int = 1000, version: int = 0) -> bytes:
    if version == 0:
        return full_box(b"mvhd", 0, pack(">IIII", 0, 0, timescale, duration), bytes(80))
    return full_box(b"mvhd", version << 24, pack(">QQIQ", 0, 0, timescale, duration), bytes(80))


def mvex(*parts: bytes) -> bytes:
    return box(b"mvex", *parts, full_box(b"trex", 0, bytes(20)))


def mehd(duration: int, version: int = 0) -> bytes:
    return full_box(b"mehd", version << 24, pack(">Q" if version else ">I", duration))


def moov(*parts: bytes) -> bytes:
    return box(b"moov", *parts, box(b"trak", bytes(50)))


def large(kind: bytes, payload: bytes, size: int | None = None) -> bytes:
    """A box with a 64-bit size."""
    return pack(">I4sQ", 1, kind, 16 + len(payload) if size is None else size) + payload


def to_the_end(kind: bytes, payload: bytes) -> bytes:
    return pack(">I4s", 0, kind) + payload


def in_chunks(data: bytes, sizes: list[int]) -> VideoFacts:
    reader, at = VideoProbe(), 0
    for size in sizes:
        reader.feed(data[at : at + size])
        at += size
    reader.feed(data[at:])
    return reader.finish()


WHOLE = {
    "faststart": (FTYP + moov(mvhd(8000)) + MDAT, 8000),
    "index at the end": (FTYP + MDAT + moov(mvhd(8000)), 8000),
    "version 1": (FTYP + moov(mvhd(90_000 * 7, 90_000, version=1)) + MDAT, 7000),
    "rounded to the nearest": (FTYP + moov(mvhd(1, 600)) + MDAT, 2),
    "64-bit sizes": (FTYP + large(b"moov", mvhd(1500) + large(b"trak", b"x")) + large(b"mdat", b"picture"), 1500),
    "media to the end": (FTYP + moov(mvhd(1500)) + to_the_end(b"mdat", b"picture"), 1500),
    "header to the end": (FTYP + MDAT + to_the_end(b"moov", mvhd(1500) + box(b"trak")), 1500),
    "boxes nobody knows": (FTYP + box(b"what") + moov(box(b"\xff\xff\xff\xff"), mvhd(3)) + MDAT + box(b"uuid"), 3),
    "padding within the header": (FTYP + box(b"moov", mvhd(1500), bytes(7)) + MDAT, 1500),
    "fragments": (FTYP + moov(mvhd(0), mvex(mehd(4000))) + box(b"moof") + MDAT, 4000),
    "fragments, version 1": (FTYP + moov(mvex(mehd(4000, 1)), mvhd(0)) + box(b"moof") + MDAT, 4000),
    "fragments after the first": (FTYP + moov(mvhd(1000), mvex(mehd(4000))) + MDAT, 4000),
    "fragments of unknown length": (FTYP + moov(mvhd(0), mvex()) + box(b"moof") + MDAT, None),
    "fragments of which one is counted": (FTYP + moov(mvhd(400), mvex()) + MDAT, None),
    "fragments of unknown movie": (FTYP + moov(mvhd(UNKNOWN_32), mvex(mehd(4000))) + MDAT, 4000),
    "fragments of no length": (FTYP + moov(mvhd(0), mvex(mehd(0))) + box(b"moof") + MDAT, None),
    "nothing to see": (FTYP + moov(mvhd(0)) + MDAT, 0),
    "unknown duration": (FTYP + moov(mvhd(UNKNOWN_32)) + MDAT, None),
    "unknown duration, version 1": (FTYP + moov(mvhd(UNKNOWN_64, version=1)) + MDAT, None),
    "all ones of 32 bits in 64": (FTYP + moov(mvhd(UNKNOWN_32, version=1)) + MDAT, UNKNOWN_32),
    "a version to come": (FTYP + moov(mvhd(8000, version=2)) + MDAT, None),
    "timescale 0": (FTYP + moov(mvhd(8000, timescale=0)) + MDAT, None),
    "the first header counts": (FTYP + moov(mvhd(1), mvhd(2)) + moov(mvhd(3)) + MDAT, 1),
}

BROKEN = {
    "nothing": (b"", None),
    "a name only": (FTYP, None),
    "no movie header": (FTYP + MDAT, None),
    "an empty index": (FTYP + box(b"moov") + MDAT, None),
    "no media": (FTYP + moov(mvhd(8000)), 8000),
    "size below its own header": (FTYP + pack(">I4s", 7, b"moov") + MDAT, None),
    "64-bit size below its own header": (FTYP + moov(mvhd(5)) + MDAT + large(b"free", b"", size=15), 5),
    "64-bit size that points at itself": (FTYP + moov(mvhd(5)) + MDAT + large(b"free", b"x", size=8), 5),
    "size beyond any file": (FTYP + moov(mvhd(5)) + large(b"mdat", b"picture", size=UNKNOWN_64), 5),
    "cut in a header": (FTYP + moov(mvhd(5)) + MDAT + b"\0\0\0", 5),
    "cut in a 64-bit size": (FTYP + moov(mvhd(5)) + MDAT + pack(">I4sI", 1, b"free", 0), 5),
    "cut in the media": (FTYP + moov(mvhd(5)) + MDAT[:-1], 5),
    "child larger than its parent": (FTYP + box(b"moov", mvhd(5), pack(">I4s", 9, b"trak")) + MDAT, 5),
    "child of a 64-bit size larger than its parent": (FTYP + box(b"moov", mvhd(5), large(b"a   ", b"", 17)) + MDAT, 5),
    "child whose 64-bit size does not fit": (FTYP + box(b"moov", mvhd(5), pack(">I4sI", 1, b"a   ", 0)) + MDAT, 5),
    "child to the end": (FTYP + MDAT + box(b"moov", mvhd(5), to_the_end(b"trak", b"")), 5),
    "short movie header": (FTYP + moov(full_box(b"mvhd", 0, bytes(15))) + MDAT, None),
    "short movie header, version 1": (FTYP + moov(full_box(b"mvhd", 1 << 24, bytes(27))) + MDAT, None),
    "empty movie header": (FTYP + moov(box(b"mvhd")) + MDAT, None),
    "short fragments' header": (FTYP + moov(mvhd(5), mvex(full_box(b"mehd", 1 << 24, bytes(7)))) + MDAT, None),
    "too many boxes": (FTYP + moov(mvhd(5)) + MDAT + box(b"free") * MAX_BOXES, 5),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_complete(name: str) -> None:
    data, duration_ms = WHOLE[name]
    assert probe(data) == VideoFacts(len(data), "mp4", duration_ms, complete=True)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_not_complete(name: str) -> None:
    data, duration_ms = BROKEN[name]
    facts = probe(data)
    assert (facts.size, facts.duration_ms, facts.complete) == (len(data), duration_ms, False)


@pytest.mark.parametrize("name", [name for name in (*WHOLE, *BROKEN) if name != "too many boxes"])
def test_chunks_of_one_byte_give_the_same_facts(name: str) -> None:
    data, _ = {**WHOLE, **BROKEN}[name]
    assert in_chunks(data, [1] * len(data)) == probe(data)


@settings(deadline=None)
@given(name=st.sampled_from(sorted(WHOLE)), sizes=st.lists(st.integers(0, 40), max_size=40))
def test_any_chunking_gives_the_same_facts(name: str, sizes: list[int]) -> None:
    data, _ = WHOLE[name]
    assert in_chunks(data, sizes) == probe(data)


@pytest.mark.parametrize("data", [WHOLE["faststart"][0], WHOLE["index at the end"][0], video(1500, Seeded(1)).data])
def test_a_file_cut_anywhere_is_not_complete(data: bytes) -> None:
    assert probe(data).complete
    assert not any(probe(data[:end]).complete for end in range(len(data)))


ATOMS = [b"ftypisom", b"moov", b"mvhd", b"mvex", b"mehd", b"mdat", bytes(4), b"\0\0\0\1", b"\0\0\0\x08", b"\0\0\0\x40"]


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(st.binary(max_size=20) | st.sampled_from(ATOMS)), sizes=st.lists(st.integers(0, 20)))
@example(parts=[bytes(8)], sizes=[])
def test_any_bytes_give_the_same_facts_in_any_chunks(parts: list[bytes], sizes: list[int]) -> None:
    for data in (b"".join(parts), FTYP + b"".join(parts)):
        facts = in_chunks(data, sizes)
        assert facts == probe(data)
        assert facts.size == len(data)
        assert facts.duration_ms is None or facts.duration_ms >= 0


@settings(deadline=None)
@given(at=st.integers(0, 200), byte=st.integers(0, 255))
def test_one_wrong_byte_never_raises(at: int, byte: int) -> None:
    data = bytearray(WHOLE["fragments"][0])
    data[at % len(data)] = byte
    assert probe(bytes(data)).size == len(data)


def test_facts_can_be_read_before_the_end() -> None:
    data, _ = WHOLE["faststart"]
    reader = VideoProbe()
    reader.feed(data[:-1])
    assert reader.finish() == VideoFacts(len(data) - 1, "mp4", 8000, complete=False)
    reader.feed(data[-1:])
    assert reader.finish() == reader.finish() == probe(data)


def test_two_gigabytes_are_read_in_little_memory() -> None:
    reader, chunk = VideoProbe(), bytes(65536)
    before, after = FTYP + large(b"mdat", b"", size=16 + (2 << 30)), moov(mvhd(9000))
    reader.feed(before)
    tracemalloc.start()
    for _ in range((2 << 30) // len(chunk)):
        reader.feed(chunk)
    reader.feed(after)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reader.finish() == VideoFacts(len(before) + (2 << 30) + len(after), "mp4", 9000, complete=True)
    assert peak < 16_384


def test_many_boxes_are_read_in_little_memory() -> None:
    reader, chunk = VideoProbe(), FTYP * 3000
    tracemalloc.start()
    for _ in range(5):
        reader.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not reader.finish().complete
    assert peak < 16_384


STARTS = [
    (FTYP, "mp4"),
    (box(b"ftyp", b"M4V ", bytes(4)), "mp4"),
    (box(b"ftyp", b"qt  ", bytes(4)), "mov"),
    (box(b"wide") + MDAT, "mov"),
    (moov(), "mov"),
    (box(b"ftyp", b"3gp5", bytes(4)), "3gpp"),
    (box(b"ftyp", b"3g2a", bytes(4)), "3gpp"),
    (bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d"), "webm"),
    (bytes.fromhex("1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b61"), None),
    (b"RIFF\x24\0\0\0AVI LIST", "avi"),
    (b"RIFF\x24\0\0\0WAVEfmt ", None),
    (b"FLV\x01\x05\0\0\0\x09", "flv"),
    (b"\0\0\1\xba\x44\0\4\0", "mpeg"),
    (b"\0\0\1\xb3\x16\0\xf0\x15", "mpeg"),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c0000"), "wmv"),
    (b"GIF89a", None),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None),
    (b"\0\0\0\x14ftyp", None),
    (b"", None),
]


@pytest.mark.parametrize(("start", "container"), STARTS)
def test_the_first_bytes_name_the_container(start: bytes, container: str | None) -> None:
    assert sniff(start) == probe(start).container == container


@pytest.mark.parametrize("start", [start for start, container in STARTS if container in ("webm", "avi", "mpeg", "wmv")])
def test_files_of_other_formats_are_only_recognized(start: bytes) -> None:
    data = start + moov(mvhd(8000)) + MDAT
    assert probe(data) == VideoFacts(len(data), sniff(start), None, complete=True)


def test_data_that_is_not_a_video_is_not_complete() -> None:
    # `what` is no box that a file starts with, though boxes follow.
    data = box(b"what") + moov(mvhd(8000)) + MDAT
    assert probe(data) == VideoFacts(len(data), None, None, complete=False)
