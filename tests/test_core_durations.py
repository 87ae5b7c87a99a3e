"""Durations: which texts are accepted, their value in milliseconds, and the errors for other texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.durations import LONGEST, Span, format_duration, parse, parse_span

# --- one duration ---


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("15s", 15_000),
        ("500ms", 500),
        ("1m30s", 90_000),
        ("1min30s", 90_000),
        ("1.5h", 5_400_000),
        ("2d", 172_800_000),
        ("1d2h3m4s5ms", 93_784_005),
        (" 15s ", 15_000),
        ("15 s", 15_000),
        ("0s", 0),
        ("0.0005s", 0),
        ("0.001s", 1),
        ("366d", LONGEST),
        (15, 15_000),
        (0.25, 250),
        (0, 0),
    ],
)
def test_a_duration_is_read_as_milliseconds(written: str | float, milliseconds: int) -> None:
    assert parse(written) == milliseconds


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "s",
        "15",
        "15 seconds",
        "1m 30s",
        "-1s",
        "+1s",
        "1e3s",
        "1,5s",
        "15S",
        "٣s",
        "1.1234567s",
        "9" * 13 + "s",
    ],
)
def test_an_invalid_duration_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 15s, 1m30s or 500ms"):
        parse(written)


@pytest.mark.parametrize("written", [True, False, None, [], {}, b"15s"])
def test_only_strings_and_numbers_are_durations(written: object) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 15s or 500ms"):
        parse(written)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-1, -0.001, 366 * 86_400 + 1, 10**400, float("nan"), float("inf")])
def test_a_number_outside_the_range_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="expected a duration from 0 to 366 days"):
        parse(seconds)


@pytest.mark.parametrize("written", ["366d1ms", "367d", "999999999999d"])
def test_no_duration_is_longer_than_366_days(written: str) -> None:
    with pytest.raises(ValueError, match="at most 366 days"):
        parse(written)


@given(st.integers(0, LONGEST))
def test_every_formatted_duration_is_parsed_back(milliseconds: int) -> None:
    assert parse(format_duration(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0s"), (1, "1ms"), (1_000, "1s"), (90_000, "1m30s"), (3_600_000, "1h"), (90_061_001, "1d1h1m1s1ms")],
)
def test_a_formatted_duration_is_as_short_as_possible(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text


def parsed_or_error(written: str) -> int | str:
    try:
        return parse(written)
    except ValueError as error:
        return str(error)


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_a_value_error_that_quotes_it(written: str) -> None:
    result = parsed_or_error(written)
    assert result.endswith(f"got {written!r}") if isinstance(result, str) else 0 <= result <= LONGEST


# --- a duration with a spread ---


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("13s ± 2s", Span(13_000, 2_000)),
        ("13s±2s", Span(13_000, 2_000)),
        ("13s +- 2s", Span(13_000, 2_000)),
        ("13s +/- 500ms", Span(13_000, 500)),
        ("13s", Span(13_000)),
        (13, Span(13_000)),
        ("2s ± 2s", Span(2_000, 2_000)),
    ],
)
def test_a_span_has_a_middle_and_a_spread(written: str | int, span: Span) -> None:
    assert parse_span(written) == span


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2s ± 3s", "is larger than the duration itself"),
        ("1s ± 1s ± 1s", "expected a duration such as 13s or 13s ± 2s"),
        ("± 2s", "expected a duration"),
        ("2s ±", "expected a duration"),
        (True, "expected a duration"),
    ],
)
def test_an_invalid_span_is_refused(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_span(written)


spans = st.integers(0, LONGEST).flatmap(lambda base: st.builds(Span, st.just(base), st.integers(0, base)))


@given(spans)
def test_every_formatted_span_is_parsed_back(span: Span) -> None:
    assert parse_span(str(span)) == span


@given(spans, st.floats(0, 1))
def test_a_pick_stays_within_the_spread(span: Span, unit: float) -> None:
    assert span.base - span.spread <= span.pick(unit) <= span.base + span.spread


@given(spans)
def test_the_ends_of_the_spread_are_reached(span: Span) -> None:
    assert span.pick(0.0) == span.base - span.spread
    assert span.pick(1.0) == span.base + span.spread
