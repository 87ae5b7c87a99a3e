"""Faults: how long they last."""

from functools import partial

import pytest

from mockserver.core.durations import LONGEST, Span
from mockserver.core.faults import Fault
from mockserver.core.seeded import Seeded

SOURCE = Seeded("test")


def durations(fault: Fault, count: int = 20_000) -> list[int]:
    return sorted(fault.pick_duration(partial(SOURCE.unit, n)) or 0 for n in range(count))


def test_no_duration_and_a_fixed_duration_need_no_draw() -> None:
    assert Fault("hang").pick_duration(lambda name: 1 / 0) is None
    assert Fault("latency", lasts=Span(300)).pick_duration(lambda name: 1 / 0) == 300


def test_a_spread_is_uniform() -> None:
    ranked = durations(Fault("latency", lasts=Span(300, 100)))
    assert (ranked[0], ranked[-1]) == (200, 400)
    assert ranked[5_000] == pytest.approx(250, abs=3)
    assert ranked[10_000] == pytest.approx(300, abs=3)


def test_a_lognormal_duration_has_its_median_and_its_99th_percentile() -> None:
    ranked = durations(Fault("latency", lasts=Span(300), p99=3_000))
    assert ranked[10_000] == pytest.approx(300, rel=0.03)
    assert ranked[19_800] == pytest.approx(3_000, rel=0.1)
    assert ranked[200] == pytest.approx(30, rel=0.1)
    assert ranked[0] > 0


def test_no_draw_exceeds_the_longest_duration() -> None:
    fault = Fault("latency", lasts=Span(1), p99=LONGEST)
    assert fault.pick_duration(lambda name: {"radius": 1 - 2**-53, "angle": 0.0}[name]) == LONGEST
