"""Jobs: the state at an instant is a pure function of the plan, whatever was read before."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.durations import Span
from mockserver.core.jobs import IllegalMove, Job, State
from mockserver.core.plans import RANK, STATUSES, Plan, Status, Step

T0 = 1_748_779_200_000
QUEUED, RUNNING, DONE = Step("queued", duration=2_000), Step("running", duration=10_000), Step("succeeded")


def job(*steps: Step) -> Job:
    return Job("job_1", "videotoprompt", "analyze_url", "videotoprompt:key", T0, Plan("p", steps))


# --- any plan, any life ---

WAITING: list[Status] = ["queued", "running"]
ends: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, duration=st.integers(0, 3_000)),
    st.builds(dict, polls=st.integers(1, 3)),
    st.just({"held": True}),
    st.builds(lambda n: {"held": True, "lasts": Span(n)}, st.integers(0, 3_000)),
    st.builds(lambda n: {"held": True, "polls": n}, st.integers(1, 3)),
)
progress = st.none() | st.tuples(st.integers(0, 100), st.integers(0, 100)).map(lambda p: (min(p), max(p)))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any valid plan: it goes forward, and every step but the last ends."""
    statuses = sorted(draw(st.lists(st.sampled_from(WAITING), max_size=5)), key=RANK.__getitem__)
    steps = [Step(s, progress=draw(progress), **draw(ends)) for s in statuses]
    least = RANK[statuses[-1]] if statuses else 0
    last: Status = draw(st.sampled_from([s for s in STATUSES if RANK[s] >= least]))
    return Plan("any", (*steps, Step(last, progress=draw(progress))))


moves = st.lists(
    st.tuples(
        st.integers(0, 2_500),
        st.sampled_from(("read", "poll", "poll", "release", "queued", "running", "succeeded", "failed", "cancelled")),
    ),
    max_size=15,
)


def lived(plan: Plan, life: list[tuple[int, str]]) -> Iterator[tuple[int, Job]]:
    """Yield the job after each move of its life, with the time. Moves that are not allowed change nothing."""
    now, one = T0, job(*plan.steps)
    yield now, one
    for wait, move in life:
        now += wait
        try:
            if move == "poll":
                one = one.polled(now)
            elif move == "release":
                one = one.released(now)
            elif move != "read":
                one = one.moved(now, move)  # type: ignore[arg-type]
        except IllegalMove:
            pass
        yield now, one


@given(plans(), moves)
def test_a_status_never_goes_backwards(plan: Plan, life: list[tuple[int, str]]) -> None:
    states = [one.at(now) for now, one in lived(plan, life)]
    for before, after in pairwise(states):
        assert after.index >= before.index
        assert RANK[after.status] >= RANK[before.status]
        assert after.entered_at >= before.entered_at
        if before.terminal:
            assert after == before


@given(plans(), moves, st.integers(0, 20_000))
def test_reading_a_job_does_not_change_it(plan: Plan, life: list[tuple[int, str]], later: int) -> None:
    for now, one in lived(plan, life):
        kept, first = one._replace(), one.at(now)
        one.at(now + later)
        list(one.passed(-1, now + later))
        one.next_change(0)
        assert one.at(now) == first
        assert one == kept


@given(plans(), moves)
def test_each_state_is_returned_once_and_the_last_is_the_current_one(plan: Plan, life: list[tuple[int, str]]) -> None:
    seen, returned = -1, []
    for now, one in lived(plan, life):
        for state in one.passed(seen, now):
            returned.append(state)
            seen = state.index
        present = one.at(now)
        assert (returned[-1].index, returned[-1].entered_at) == (present.index, present.entered_at)
        assert list(one.passed(seen, now)) == []
    assert [s.index for s in returned] == sorted({s.index for s in returned})
    assert [s.entered_at for s in returned] == sorted(s.entered_at for s in returned)


@given(plans(), st.integers(0, 20_000), st.integers(0, 20_000))
def test_states_read_in_two_parts_equal_those_read_at_once(plan: Plan, wait: int, more: int) -> None:
    one = job(*plan.steps)
    first = list(one.passed(-1, T0 + wait))
    second = list(one.passed(first[-1].index, T0 + wait + more))
    assert first + second == list(one.passed(-1, T0 + wait + more))
    assert [s.index for s in first + second] == list(range(first[0].index, (first + second)[-1].index + 1))


@given(plans(), moves)
def test_the_next_change_is_the_first_instant_of_another_step(plan: Plan, life: list[tuple[int, str]]) -> None:
    for now, one in lived(plan, life):
        seen = one.at(now).index
        at = one.next_change(seen)
        if at is None:
            assert one.at(now + 10**9).index == seen
        else:
            assert at > now
            assert one.at(at - 1).index == seen
            assert one.at(at).index > seen
            assert next(one.passed(seen, at)).entered_at == at


@given(plans(), moves)
def test_a_past_change_is_due_at_its_own_instant(plan: Plan, life: list[tuple[int, str]]) -> None:
    for now, one in lived(plan, life):
        for seen in range(-1, one.at(now).index):
            at = one.next_change(seen)
            assert at is not None
            assert at <= now
            assert next(one.passed(seen, at)).entered_at == at


@given(plans(), moves)
def test_progress_stays_in_its_range_and_never_decreases_within_a_step(plan: Plan, life: list[tuple[int, str]]) -> None:
    before: State | None = None
    for now, one in lived(plan, life):
        state = one.at(now)
        if state.step.progress is None:
            assert state.progress is None
        else:
            assert state.progress is not None
            assert state.step.progress[0] <= state.progress <= state.step.progress[1]
            if before is not None and before.index == state.index and before.progress is not None:
                assert state.progress >= before.progress
        before = state


# --- by time ---


def test_a_job_goes_through_its_steps_by_time() -> None:
    one = job(QUEUED, RUNNING, DONE)
    seen = {wait: (one.at(T0 + wait).status, one.at(T0 + wait).entered_at - T0) for wait in (0, 1_999, 2_000, 11_999)}
    assert seen == {0: ("queued", 0), 1_999: ("queued", 0), 2_000: ("running", 2_000), 11_999: ("running", 2_000)}
    assert one.at(T0 + 12_000).status == "succeeded"
    assert one.at(T0 + 10**12).entered_at == T0 + 12_000


def test_before_its_creation_a_job_is_in_its_first_step() -> None:
    one = job(Step("queued", duration=0, progress=(5, 10)), RUNNING, DONE)
    assert one.at(T0 - 5_000).status == "queued"
    assert one.at(T0 - 5_000).progress == 5


def test_a_step_of_zero_length_is_passed_but_never_current() -> None:
    one = job(Step("queued", duration=0), Step("running", duration=0), DONE)
    assert one.at(T0).status == "succeeded"
    assert [s.status for s in one.passed(-1, T0)] == ["queued", "running", "succeeded"]


def test_progress_rises_with_time() -> None:
    one = job(Step("running", duration=1_000, progress=(10, 90)), DONE)
    assert [one.at(T0 + wait).progress for wait in (0, 250, 500, 999)] == [10, 30, 50, 89]


def test_a_job_has_run_once_a_running_step_began() -> None:
    one = job(QUEUED, RUNNING, DONE)
    assert [one.has_run(T0 + wait) for wait in (0, 1_999, 2_000, 50_000)] == [False, False, True, True]


# --- by polls ---


def test_a_step_that_counts_polls_ends_with_the_last_poll() -> None:
    one = job(Step("queued", polls=1), Step("running", polls=2, progress=(0, 100)), DONE)
    seen = []
    for poll in range(5):
        state = one.at(T0 + poll)
        seen.append((state.status, state.progress, state.entered_at - T0))
        one = one.polled(T0 + poll)
    assert seen == [
        ("queued", None, 0),
        ("running", 0, 0),
        ("running", 50, 0),
        ("succeeded", None, 2),
        ("succeeded", None, 2),
    ]


def test_time_does_not_end_a_step_that_counts_polls() -> None:
    one = job(QUEUED, Step("running", polls=2), DONE)
    assert one.next_change(1) is None
    assert one.polled(T0) is one
    once = one.polled(T0 + 5_000)
    assert once.at(T0 + 10**9).status == "running"
    assert once.at(T0 + 5_000).entered_at == T0 + 2_000
    assert once.polled(T0 + 6_000).at(T0 + 6_000).status == "succeeded"


def test_a_request_with_an_older_clock_reading_does_not_move_a_job_back_in_time() -> None:
    begun = Step("queued", polls=1)
    polled = job(begun, Step("running", polls=1), DONE).polled(T0 + 500)
    held = job(begun, Step("running", held=True), DONE).polled(T0 + 500)
    for late in (polled.polled(T0 + 400), polled.moved(T0 + 400, "failed"), held.released(T0 + 400)):
        assert late.at(T0 + 500).index == 2
        assert late.at(T0 + 500).entered_at == T0 + 500


# --- released and forced ---


def test_a_held_step_waits_for_its_release() -> None:
    one = job(QUEUED, Step("running", held=True), RUNNING, DONE)
    with pytest.raises(IllegalMove, match="job job_1 is queued and not held, so it cannot be released"):
        one.released(T0)
    assert one.at(T0 + 10**9).index == 1
    free = one.released(T0 + 60_000)
    assert free.at(T0 + 60_000).index == 2
    assert free.at(T0 + 70_000).status == "succeeded"


def test_a_held_step_with_a_length_lasts_at_least_that_long() -> None:
    one = job(Step("queued", held=True, lasts=Span(5_000)), RUNNING, DONE)
    assert one.next_change(0) is None
    early, late = one.released(T0 + 1_000), one.released(T0 + 9_000)
    assert (early.at(T0 + 4_999).status, early.at(T0 + 5_000).entered_at) == ("queued", T0 + 5_000)
    assert (late.at(T0 + 9_000).status, late.at(T0 + 9_000).entered_at) == ("running", T0 + 9_000)
    with pytest.raises(IllegalMove, match="job job_1 is queued and not held"):
        early.released(T0 + 2_000)


def test_a_held_step_counts_polls_only_after_its_release() -> None:
    one = job(Step("queued", held=True, polls=2), DONE)
    assert one.polled(T0) is one
    free = one.released(T0 + 1_000)
    assert free.at(T0 + 10**9).status == "queued"
    assert free.polled(T0 + 2_000).polled(T0 + 3_000).at(T0 + 3_000).status == "succeeded"


def test_a_forced_status_is_final() -> None:
    failed = job(QUEUED, RUNNING, DONE).moved(T0 + 3_000, "failed", "the model is gone", "GONE")
    state = failed.at(T0 + 10**9)
    assert (state.status, state.entered_at, state.step.error, state.step.code) == (
        "failed",
        T0 + 3_000,
        "the model is gone",
        "GONE",
    )
    assert failed.forced
    assert failed.has_run(T0 + 3_000)


def test_a_job_forced_out_of_the_queue_has_not_run() -> None:
    assert not job(QUEUED, RUNNING, DONE).moved(T0, "cancelled").has_run(T0 + 10**9)


def test_a_job_forced_to_run_keeps_running_until_it_is_forced_again() -> None:
    one = job(QUEUED, DONE).moved(T0, "running")
    assert one.next_change(1) is None
    assert one.moved(T0 + 1, "succeeded").at(T0 + 1).status == "succeeded"


@pytest.mark.parametrize("status", STATUSES)
def test_a_job_that_has_ended_cannot_be_forced(status: Status) -> None:
    with pytest.raises(IllegalMove, match=f"job job_1 is succeeded and cannot become {status}"):
        job(DONE).moved(T0, status)


def test_a_running_job_cannot_be_queued_again() -> None:
    with pytest.raises(IllegalMove, match="job job_1 is running and cannot become queued"):
        job(QUEUED, RUNNING, DONE).moved(T0 + 2_000, "queued")


# --- plans ---


def test_a_plan_is_resolved_step_by_step() -> None:
    plan = Plan("p", (Step("queued", Span(2_000)), Step("running", Span(10_000, 4_000)), Step("succeeded")))
    drawn: list[int] = []

    def unit(step: int) -> float:
        drawn.append(step)
        return 0.75

    assert plan.varying == (1,)
    assert [s.duration for s in plan.resolved(unit).steps] == [2_000, 12_000, None]
    assert drawn == [1]
    assert not Plan("q", (Step("queued", Span(2_000)), Step("succeeded"))).varying


def test_a_timeline_shows_a_plan_on_one_line() -> None:
    steps = (
        Step("queued", Span(2_000)),
        Step("running", Span(13_000, 2_000), stage="probing"),
        Step("running", duration=90_000),
        Step("running", polls=1),
        Step("running", polls=2),
        Step("running", held=True),
        Step("failed", error="no luck"),
    )
    assert Plan("p", steps).timeline() == (
        "queued 2s > running/probing 13s ± 2s > running 1m30s > running 1 poll > running 2 polls"
        ' > running until released > failed "no luck"'
    )
    assert Plan("stuck", (Step("running"),)).timeline() == "running for ever"


@pytest.mark.parametrize(
    ("step", "endless"),
    [(Step("running"), True), (DONE, True), (RUNNING, False), (Step("queued", polls=1), False)],
)
def test_a_step_without_an_end_is_endless(step: Step, endless: bool) -> None:
    assert step.endless is endless
