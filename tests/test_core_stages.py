"""Stages: running steps divided among the stages of a provider, and stages that wait for their release."""

from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.durations import Span
from mockserver.core.jobs import Job
from mockserver.core.plans import Plan, Step
from mockserver.core.stages import with_held_stages, with_stages

QUEUED, DONE = Step("queued", duration=1_000), Step("succeeded")
STAGES = ("a", "b", "c", "d")


def timeline_of(*steps: Step) -> str:
    return with_stages(Plan("p", steps), STAGES).timeline()


def job(plan: Plan) -> Job:
    return Job("job_1", "p", "o", "p:key", 0, plan)


def test_time_is_divided_equally() -> None:
    assert timeline_of(QUEUED, Step("running", duration=8_000), DONE) == (
        "queued 1s > running/a 2s > running/b 2s > running/c 2s > running/d 2s > succeeded"
    )


def test_polls_are_divided_and_stages_without_polls_end_at_once() -> None:
    assert timeline_of(Step("running", polls=4), DONE) == (
        "running/a 1 poll > running/b 1 poll > running/c 1 poll > running/d 1 poll > succeeded"
    )
    assert (
        timeline_of(Step("running", polls=2), DONE)
        == "running/a 0s > running/b 1 poll > running/c 0s > running/d 1 poll > succeeded"
    )


def test_progress_is_divided_too() -> None:
    plan = with_stages(Plan("p", (Step("running", duration=400, progress=(0, 90)), DONE)), STAGES)
    assert [s.progress for s in plan.steps] == [(0, 22), (22, 45), (45, 67), (67, 90), None]


def test_a_step_that_names_its_stage_keeps_it() -> None:
    stuck = Step("running", stage="c")
    assert (
        timeline_of(QUEUED, Step("running", duration=2_000), stuck)
        == "queued 1s > running/a 1s > running/b 1s > running/c for ever"
    )
    named = Step("running", stage="b", duration=500)
    assert (
        timeline_of(named, Step("running", duration=2_000), DONE)
        == "running/b 500ms > running/c 1s > running/d 1s > succeeded"
    )
    foreign = Step("running", stage="z", duration=1)
    assert timeline_of(foreign, DONE) == "running/z 1ms > succeeded"


def test_each_of_several_steps_gets_a_part_of_the_stages() -> None:
    two = (Step("running", duration=100), Step("running", duration=200))
    assert timeline_of(*two, DONE) == "running/a 50ms > running/b 50ms > running/c 100ms > running/d 100ms > succeeded"
    late = Step("running", stage="d", duration=1)
    assert timeline_of(late, Step("running", duration=5), DONE) == "running/d 1ms > running/d 5ms > succeeded"


def test_a_step_without_a_length_stays_in_its_first_stage() -> None:
    assert timeline_of(QUEUED, Step("running")) == "queued 1s > running/a for ever"
    assert timeline_of(Step("running", held=True), DONE) == (
        "running/a until released > running/b 0s > running/c 0s > running/d 0s > succeeded"
    )


def test_steps_that_do_not_run_are_not_changed() -> None:
    plan = Plan("p", (QUEUED, Step("failed", error="no luck")))
    assert with_stages(plan, STAGES) == plan


ends = st.one_of(st.integers(0, 5_000).map(lambda ms: {"duration": ms}), st.integers(1, 9).map(lambda n: {"polls": n}))
running = st.builds(
    lambda end, stage: Step("running", stage=stage, **end), ends, st.sampled_from((None, None, *STAGES))
)


@given(st.lists(running, max_size=6), st.integers(1, 7))
def test_a_staged_plan_lasts_as_long_and_names_every_stage(steps: list[Step], count: int) -> None:
    stages = [str(i) for i in range(count)] if count > 4 else STAGES[:count]
    plan = with_stages(Plan("p", (QUEUED, *steps, DONE)), stages)
    assert sum(s.duration or 0 for s in plan.steps) == 1_000 + sum(s.duration or 0 for s in steps)
    assert sum(s.polls or 0 for s in plan.steps) == sum(s.polls or 0 for s in steps)
    assert all(s.stage for s in plan.steps if s.status == "running")
    if steps and all(s.stage is None for s in steps) and len(steps) <= count:
        assert list(dict.fromkeys(s.stage for s in plan.steps if s.stage)) == list(stages)


# --- waiting ---


def test_a_stage_that_waits_is_held_and_keeps_its_length() -> None:
    plan, waits = with_held_stages(
        with_stages(Plan("p", (QUEUED, Step("running", duration=8_000), DONE)), STAGES), ("a", "b")
    )
    assert waits == {"a": 1, "b": 2}
    one = job(plan)
    assert one.at(10**9).step == Step("running", Span(2_000), held=True, stage="a")
    early, late = one.released(1_500), one.released(60_000)
    assert [early.at(at).step.stage for at in (1_500, 2_999, 3_000, 10**9)] == ["a", "a", "b", "b"]
    assert (late.at(60_000).step.stage, late.at(60_000).entered_at) == ("b", 60_000)
    assert early.next_change(1) == 3_000
    done = early.released(3_000)
    assert [done.at(at).step.stage for at in (4_999, 5_000, 7_000)] == ["b", "c", "d"]


def test_polls_are_counted_after_the_wait() -> None:
    plan, waits = with_held_stages(Plan("p", (Step("running", stage="a", polls=2), DONE)), ("a",))
    one = job(plan)
    assert waits == {"a": 0}
    assert one.polled(5) is one
    free = one.released(10)
    assert free.polled(11).at(11).status == "running"
    assert free.polled(11).polled(12).at(12).status == "succeeded"


def test_a_hold_of_the_scenario_comes_before_the_wait() -> None:
    plan, waits = with_held_stages(Plan("p", (Step("running", stage="a", held=True), DONE)), ("a", "b"))
    assert plan.timeline() == "running/a until released > running/a until released > succeeded"
    assert waits == {"a": 1}


def test_a_stage_that_the_plan_never_reaches_or_leaves_gets_no_wait() -> None:
    plan = Plan("p", (QUEUED, Step("running", stage="a")))
    assert with_held_stages(plan, ("a", "b")) == (plan, {})
