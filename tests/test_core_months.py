"""Limits by calendar month in UTC, and the time in ULIDs."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.limits import Counter, Limit
from mockserver.core.seeded import ulid_time

MONTH = Limit("tokens_per_month", "month", 2)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "starts", "ends"),
    [
        ("2025-06-01T00:00:00Z", "2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z"),
        ("2025-06-30T23:59:59.999Z", "2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z"),
        ("2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2025-12-31T23:59:59Z", "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"),
    ],
)
def test_a_window_is_a_calendar_month(now: str, starts: str, ends: str) -> None:
    assert MONTH.window(at(now)) == (at(starts), at(ends))


@given(st.integers(0, 10**13))
def test_every_instant_is_in_exactly_one_month(now: int) -> None:
    start, end = MONTH.window(now)
    assert start <= now < end
    assert 28 <= (end - start) / 86_400_000 <= 31
    assert MONTH.window(end)[0] == end
    assert MONTH.window(start) == MONTH.window(end - 1) == (start, end)


def test_a_month_fills_up_and_the_next_begins_empty() -> None:
    counter = Counter()
    moments = ["2025-06-01T00:00:00Z", "2025-06-15T00:00:00Z", "2025-06-30T23:59:59Z", "2025-07-01T00:00:00Z"]
    assert [counter.hit(MONTH, at(moment)).admitted for moment in moments] == [True, True, False, True]


def test_a_reduced_count_can_be_used_again() -> None:
    counter, now = Counter(), at("2025-06-15T00:00:00Z")
    counter.hit(MONTH, now, 2)
    assert not counter.hit(MONTH, now).admitted
    assert counter.hit(MONTH, now, -1).used == 1
    assert counter.hit(MONTH, now).admitted


# --- ULIDs ---


@pytest.mark.parametrize(
    ("instant", "text"),
    [(0, "0000000000"), (1_469_918_176_385, "01ARYZ6S41"), (2**48 - 1, "7ZZZZZZZZZ")],
)
def test_a_ulid_begins_with_its_time(instant: int, text: str) -> None:
    """The second case is the example of the ULID specification."""
    assert ulid_time(instant) == text


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_ulids_sort_by_time(one: int, other: int) -> None:
    assert (one < other) == (ulid_time(one) < ulid_time(other))
