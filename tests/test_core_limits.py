"""Limits: windows in UTC, and a counter that never admits more than the limit allows."""

from collections import Counter as Sums
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.limits import PERIODS, Counter, Limit, Period, Usage

NOON = int(datetime(2025, 6, 1, 12, 34, 56, 789_000, UTC).timestamp() * 1000)
periods = st.sampled_from(sorted(PERIODS))


def instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()


@pytest.mark.parametrize(
    ("period", "starts", "ends"),
    [
        ("minute", "2025-06-01T12:34:00+00:00", "2025-06-01T12:35:00+00:00"),
        ("hour", "2025-06-01T12:00:00+00:00", "2025-06-01T13:00:00+00:00"),
        ("day", "2025-06-01T00:00:00+00:00", "2025-06-02T00:00:00+00:00"),
        ("month", "2025-06-01T00:00:00+00:00", "2025-07-01T00:00:00+00:00"),
    ],
)
def test_windows_are_whole_minutes_hours_days_and_months_in_utc(period: Period, starts: str, ends: str) -> None:
    start, end = Limit("requests", period, 5).window(NOON)
    assert (instant(start), instant(end)) == (starts, ends)
    assert Limit("requests", period, 5).window(start) == (start, end)
    assert Limit("requests", period, 5).window(end)[0] == end


@given(periods, st.integers(0, 10**13))
def test_every_instant_is_in_exactly_one_window(period: Period, now: int) -> None:
    start, end = Limit("requests", period, 5).window(now)
    assert start <= now < end == start + PERIODS[period]
    assert start % PERIODS[period] == 0


@given(st.integers(0, 10**13))
def test_every_instant_is_in_exactly_one_calendar_month(now: int) -> None:
    start, end = Limit("tokens", "month", 5).window(now)
    assert start <= now < end
    assert 28 <= (end - start) / 86_400_000 <= 31
    assert Limit("tokens", "month", 5).window(end)[0] == end
    assert (instant(start)[:7], instant(start)[7:]) == (instant(now)[:7], "-01T00:00:00+00:00")


# --- counting ---


def test_a_window_fills_up_and_the_next_begins_empty() -> None:
    limit, counter = Limit("requests", "minute", 2), Counter()
    start, end = limit.window(NOON)
    used = [counter.hit(limit, at) for at in (NOON, NOON + 1, NOON + 2, end - 1, end)]
    assert [u.admitted for u in used] == [True, True, False, False, True]
    assert [u.remaining for u in used] == [1, 0, 0, 0, 1]
    assert [u.resets_at for u in used] == [end, end, end, end, end + (end - start)]


def test_an_amount_of_zero_counts_nothing() -> None:
    limit, counter = Limit("requests", "minute", 1), Counter()
    assert [counter.hit(limit, NOON, 0).used for _ in range(3)] == [0, 0, 0]
    assert counter.hit(limit, NOON).admitted
    assert counter.hit(limit, NOON, 0) == Usage(limit, 1, limit.window(NOON)[1], admitted=True)


def test_a_hit_that_does_not_fit_as_a_whole_counts_nothing() -> None:
    limit, counter = Limit("analyses", "day", 5), Counter()
    assert counter.hit(limit, NOON, 4).admitted
    assert not counter.hit(limit, NOON, 2).admitted
    assert counter.hit(limit, NOON, 1).used == 5


def test_a_count_cannot_be_reduced_below_zero() -> None:
    limit, counter = Limit("tokens", "minute", 3), Counter()
    counter.hit(limit, NOON, 3)
    assert counter.hit(limit, NOON, -2) == Usage(limit, 1, limit.window(NOON)[1], admitted=True)
    assert counter.hit(replace(limit, allowed=0), NOON, -5).used == 0
    counter.hit(limit, NOON, 3)
    assert counter.hit(limit, NOON + 60_000, -3).used == 0
    assert not counter.hit(limit, NOON + 60_000, 4).admitted


def test_an_unlimited_limit_admits_everything_and_still_counts() -> None:
    limit, counter = Limit("requests", "day", None), Counter()
    usage = counter.hit(limit, NOON, 10**6)
    assert (usage.admitted, usage.used, usage.remaining) == (True, 10**6, None)


def test_a_limit_of_zero_admits_nothing() -> None:
    assert not Counter().hit(Limit("requests", "day", 0), NOON).admitted


def test_a_lowered_limit_leaves_zero_and_not_a_negative_number() -> None:
    limit, counter = Limit("requests", "hour", 5), Counter()
    counter.hit(limit, NOON, 5)
    assert counter.hit(replace(limit, allowed=2), NOON) == Usage(
        replace(limit, allowed=2), 5, limit.window(NOON)[1], admitted=False
    )
    assert counter.hit(replace(limit, allowed=2), NOON, 0).remaining == 0


hits = st.lists(st.tuples(st.integers(0, 3 * 3_600_000), st.integers(-2, 4)), max_size=60)


def test_after_the_clock_is_set_back_a_month_the_newer_month_still_counts() -> None:
    limit, counter = Limit("tokens", "month", 1), Counter()
    march = int(datetime(2025, 3, 15, tzinfo=UTC).timestamp() * 1000)
    assert counter.hit(limit, march).admitted
    refused = counter.hit(limit, march - 30 * 86_400_000)
    assert (refused.admitted, instant(refused.resets_at)) == (False, "2025-04-01T00:00:00+00:00")


@given(st.sampled_from(("minute", "hour")), st.integers(0, 6), hits)
def test_no_window_admits_more_than_its_limit_however_the_clock_is_set(
    period: Period, allowed: int, sequence: list[tuple[int, int]]
) -> None:
    limit, counter, admitted, resets = Limit("requests", period, allowed), Counter(), Sums[int](), 0
    for now, amount in sequence:
        before = counter.used if counter.starts_at >= limit.window(now)[0] else 0
        usage = counter.hit(limit, now, amount)
        # A window is identified by its end. After the clock is set back, the newest window stays current.
        assert usage.resets_at >= max(resets, limit.window(now)[1])
        resets = usage.resets_at
        assert usage.admitted == (amount < 0 or before + amount <= allowed)
        assert usage.used == (max(0, before + amount) if usage.admitted else before)
        admitted[resets] += usage.used - before
    assert all(total <= allowed for total in admitted.values())


@given(st.sampled_from(("minute", "hour")), st.integers(0, 6), hits)
def test_with_a_clock_that_goes_forward_each_window_counts_separately(
    period: Period, allowed: int, sequence: list[tuple[int, int]]
) -> None:
    limit, counter, admitted = Limit("requests", period, allowed), Counter(), Sums[int]()
    for now, amount in sorted(sequence):
        start, end = limit.window(now)
        fits = amount < 0 or admitted[start] + amount <= allowed
        admitted[start] = max(0, admitted[start] + amount) if fits else admitted[start]
        assert counter.hit(limit, now, amount) == Usage(limit, admitted[start], end, fits)
