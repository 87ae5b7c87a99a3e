"""Streams: for any text, pace and fault the chunks are the text, in bounded number and time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.app import create_app
from mockserver.core.compile import compile_fault
from mockserver.core.durations import Span
from mockserver.core.faults import Fault
from mockserver.core.scenario import FaultSpec, PaceSpec
from mockserver.core.seeded import Seeded
from mockserver.core.streams import GARBLED, MOST_CHUNKS, STREAM_FAULTS, Chunk, Track, paced, with_fault
from mockserver.source.model_errors import SourceErrors

SEED = Seeded(1, "streams")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
SPANS = st.builds(lambda base, share: Span(base, round(base * share)), st.integers(0, 5_000), st.floats(0, 1))
UNITS = ("word", "line", "character", "bytes")
PACES = st.builds(
    lambda first, every, unit, size: paces(first=str(first), every=str(every), unit=unit, size=size),
    SPANS,
    SPANS,
    st.sampled_from(UNITS),
    st.integers(1, 7),
)
WHOLE = PACES.filter(lambda pace: pace.unit != "bytes")
SHARES = st.floats(0, 1)


def paces(**fields) -> PaceSpec:
    return PaceSpec.model_validate(fields)


def joined(chunks) -> bytes:
    return b"".join(data for _, data in chunks)


def length(chunks) -> int:
    return sum(delay for delay, _ in chunks)


@given(TEXTS, PACES)
def test_the_joined_chunks_are_the_text(text: str, pace: PaceSpec):
    assert joined(paced(text, pace, SEED)) == text.encode()


@given(TEXTS, WHOLE)
def test_no_chunk_ends_inside_a_character(text: str, pace: PaceSpec):
    for _, data in paced(text, pace, SEED):
        assert data.decode()


@given(TEXTS, PACES)
def test_the_same_arguments_give_the_same_stream(text: str, pace: PaceSpec):
    assert paced(text, pace, Seeded(7)) == paced(text, pace, Seeded(7))


@given(TEXTS, PACES)
def test_every_delay_is_within_its_span(text: str, pace: PaceSpec):
    spans = [pace.first, *[pace.every] * len(text.encode())]
    for (delay, _), span in zip(paced(text, pace, SEED), spans, strict=False):
        assert span.base - span.spread <= delay <= span.base + span.spread


@given(st.text("aä語😀 \n", min_size=1, max_size=200), st.integers(1, 9))
def test_a_chunk_has_the_requested_number_of_units(text: str, size: int):
    lengths = [len(data.decode()) for _, data in paced(text, paces(unit="character", size=size), SEED)]
    assert all(n == size for n in lengths[:-1])
    assert 1 <= lengths[-1] <= size


def test_another_seed_gives_other_gaps():
    pace = paces(every="1s ± 900ms")
    text = "word " * 40
    assert paced(text, pace, Seeded(1)) != paced(text, pace, Seeded(2))


def test_the_gaps_use_their_whole_span():
    gaps = [delay for delay, _ in paced("x" * 4_000, paces(every="100ms ± 50ms", unit="character"), SEED)][1:]
    assert min(gaps) == 50
    assert max(gaps) == 150
    assert 98 < sum(gaps) / len(gaps) < 102


def test_a_word_includes_the_space_after_it_and_a_line_its_break():
    words = [data for _, data in paced(" two  words\nmore ", PaceSpec(), SEED)]
    assert words == [b" two  ", b"words\n", b"more "]
    lines = [data for _, data in paced("a\n\nb", paces(unit="line"), SEED)]
    assert lines == [b"a\n", b"\n", b"b"]
    assert [data for _, data in paced("   ", PaceSpec(), SEED)] == [b"   "]


def test_a_word_in_scripts_without_spaces_has_two_characters():
    assert [d.decode() for _, d in paced("夜景的镜头 ok です", PaceSpec(), SEED)] == [
        "夜景",
        "的镜",
        "头 ",
        "ok ",
        "です",
    ]


def test_the_unit_bytes_can_split_a_character():
    assert [data for _, data in paced("ä", paces(unit="bytes"), SEED)] == [b"\xc3", b"\xa4"]


def test_an_empty_text_has_no_chunks():
    assert paced("", PaceSpec(), SEED) == []


def test_a_long_text_has_larger_chunks_instead_of_more():
    for unit in UNITS:
        chunks = paced("a\n" * 150_000, paces(unit=unit), SEED)
        assert len(chunks) <= MOST_CHUNKS
        assert joined(chunks) == b"a\n" * 150_000


# Faults.

CHUNKS: list[Chunk] = [(600, b"one "), (40, b"two "), (50, b"three "), (60, b"four")]


def fault(kind: str, **more) -> Fault:
    return compile_fault(FaultSpec(kind=kind, **more))


FAULTS = st.builds(
    lambda kind, at, lasts, rate: Fault(kind, "mid_body", lasts=lasts, at=at, rate=rate),
    st.sampled_from(STREAM_FAULTS),
    SHARES,
    st.none() | SPANS,
    st.none() | st.integers(1, 100_000),
)


@given(TEXTS, PACES, FAULTS)
def test_a_stream_with_a_fault_is_the_text_up_to_the_fault(text: str, pace: PaceSpec, fault: Fault):
    whole = text.encode()
    track = with_fault(paced(text, pace, SEED), fault, SEED)
    sent, cut = joined(track.chunks), fault.cut(whole)
    assert sent[:cut] == whole[:cut]
    assert len(sent) == (len(whole) if track.ending == "complete" else cut)
    assert len(track.chunks) <= 2 * MOST_CHUNKS + 2
    assert all(delay >= 0 for delay, _ in track.chunks)


@given(TEXTS, PACES, SHARES)
def test_a_garbled_stream_differs_in_a_few_bytes_only(text: str, pace: PaceSpec, at: float):
    chunks = paced(text, pace, SEED)
    track = with_fault(chunks, Fault("garble", "mid_body", at=at), SEED)
    pairs = list(zip(joined(chunks), joined(track.chunks), strict=True))
    assert sum(a != b for a, b in pairs) == min(GARBLED, len(pairs) - round(len(pairs) * at))
    assert track.lasts == length(chunks)


def test_a_truncated_stream_ends_when_the_next_byte_would_come():
    assert with_fault(CHUNKS, fault("truncate", at=0.0), SEED) == Track([(600, b"")], "truncate")
    at_two = with_fault(CHUNKS, fault("truncate", at=4 / 18), SEED)
    assert at_two == Track([(600, b"one "), (40, b"")], "truncate")
    assert with_fault(CHUNKS, fault("reset", at=1.0), SEED) == Track(CHUNKS, "reset")


def test_a_fault_can_happen_inside_a_chunk():
    track = with_fault(CHUNKS, fault("reset", at=6 / 18), SEED)
    assert track == Track([(600, b"one "), (40, b"tw"), (0, b"")], "reset")


def test_a_stream_continues_after_a_stall_with_a_duration():
    track = with_fault(CHUNKS, Fault("stall", "mid_body", lasts=Span(5_000), at=4 / 18), SEED)
    assert track == Track([CHUNKS[0], (5_000, b""), *CHUNKS[1:]])
    assert track.lasts == length(CHUNKS) + 5_000


def test_a_stall_without_a_duration_has_no_more_bytes():
    assert with_fault(CHUNKS, fault("stall", at=4 / 18), SEED) == Track([(600, b"one "), (40, b"")], "stall")


def test_a_slow_drip_has_the_requested_rate():
    track = with_fault([(600, b"x" * 1_000)], fault("slow_drip", at=0.0, rate=100), SEED)
    assert track.lasts == 600 + 9_900
    assert {len(data) for _, data in track.chunks} == {10}
    assert track.chunks[0] == (600, b"x" * 10)


def test_the_number_of_chunks_of_a_slow_drip_is_bounded():
    track = with_fault([(0, b"x" * 1_000_000)], fault("slow_drip", at=0.0, rate=1), SEED)
    assert len(track.chunks) <= MOST_CHUNKS
    assert track.lasts == 999_950_000


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "hang"}, "the fault of a stream must be truncate, .* or slow_drip, not hang"),
        ({"kind": "latency"}, "the fault of a stream must be .*, not latency"),
        ({"kind": "empty_reply"}, "the fault of a stream must be .*, not empty_reply"),
        ({"kind": "server_error"}, "the fault of a stream must be .*, not server_error"),
        ({"kind": "nanophoto: AI_SERVICE_ERROR"}, "the fault of a stream must be .*, not nanophoto: AI_SERVICE_ERROR"),
        ({"kind": "truncate", "phase": "before_commit"}, "truncate changes the body of a reply, so its phase must be"),
        ({"kind": "reset", "phase": "after_commit"}, "a stream has begun when its fault happens, so its phase must be"),
    ],
)
def test_a_fault_that_a_stream_cannot_have_is_refused(fault, message):
    rule = {"name": "r", "operation": "nanophoto.*", "stream": {"fault": fault}}
    with pytest.raises(SourceErrors, match=message):
        create_app(scenario={"scenario": "s", "rules": [rule]})
