"""The scenario language: which values its types accept, the message of every error, and lossless output."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from mockserver.core.durations import LONGEST, Span, format_duration
from mockserver.core.plans import RANK
from mockserver.core.scenario import (
    AccountSpec,
    ClockSpec,
    Condition,
    FaultSpec,
    PaceSpec,
    PlanSpec,
    RuleSpec,
    Scenario,
    StepSpec,
    StreamSpec,
    TamperingSpec,
    WindowSpec,
)


def refusals(model: type[BaseModel], **given: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    return [e["msg"].removeprefix("Value error, ") for e in caught.value.errors()]


def refusal(model: type[BaseModel], **given: Any) -> str:
    (only,) = refusals(model, **given)
    return only


# --- values with a format of their own ---


@pytest.mark.parametrize(
    ("written", "share"), [("60%", 0.6), ("60 %", 0.6), (0.6, 0.6), (1, 1.0), (0, 0.0), ("0.5", 0.5)]
)
def test_a_share_is_a_percentage_or_a_fraction(written: object, share: float) -> None:
    assert FaultSpec.model_validate({"kind": "reset", "at": written}).at == share


@pytest.mark.parametrize("written", ["101%", "-1%", 1.5, -0.1, True, "half", "", "nan", float("inf"), [0.5], {}])
def test_any_other_share_is_refused(written: object) -> None:
    assert refusal(FaultSpec, kind="reset", at=written) == (
        f"expected a share such as 60% or 0.6, or a place such as 120 bytes, got {written!r}"
    )


@pytest.mark.parametrize(
    ("written", "ends"), [("0..90", (0, 90)), ("50", (50, 50)), (50, (50, 50)), ("0..100", (0, 100))]
)
def test_a_progress_is_a_range_or_a_number(written: object, ends: tuple[int, int]) -> None:
    assert StepSpec.model_validate({"status": "running", "progress": written}).progress == ends


@pytest.mark.parametrize(
    "written", ["0..101", 101, -1, "-1..5", "a..b", "..", "5..", "", True, 5.5, "0...9", "٣", [0, 9]]
)
def test_any_other_progress_is_refused(written: object) -> None:
    assert refusal(StepSpec, status="running", progress=written) == (
        f"expected a progress such as 50 or 0..90, at most 100, got {written!r}"
    )


def test_progress_must_not_decrease() -> None:
    assert refusal(StepSpec, status="running", progress="90..0") == "progress must not decrease, got '90..0'"


def test_an_invalid_duration_gets_the_message_of_durations() -> None:
    assert refusal(FaultSpec, kind="x", retry_after="soon") == (
        "expected a duration such as 15s, 1m30s or 500ms, got 'soon'"
    )
    assert refusal(StepSpec, status="queued", **{"for": "2s ± 3s"}) == (
        "the spread of '2s ± 3s' is larger than the duration itself"
    )
    assert refusal(TamperingSpec, delay=True) == "expected a duration such as 15s or 500ms, got True"


@pytest.mark.parametrize("start", ["2025-06-01T12:00:00Z", "2025-06-01T12:00:00.250+02:00", "1970-01-01T00:00:00Z"])
def test_a_clock_starts_at_an_instant(start: str) -> None:
    assert ClockSpec(mode="manual", start=start).start == start


@pytest.mark.parametrize("start", ["2025-06-01T12:00:00", "noon", "", "2025-13-01T00:00:00Z", "2025-06-01"])
def test_an_invalid_instant_is_refused(start: str) -> None:
    assert refusal(ClockSpec, start=start) == f"expected an instant such as 2025-06-01T12:00:00Z, got {start!r}"


@pytest.mark.parametrize("start", ["1969-12-31T23:59:59Z", "9000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_an_instant_outside_the_supported_years_is_refused(start: str) -> None:
    assert refusal(ClockSpec, start=start) == f"expected an instant in the years 1970 to 8999, got {start!r}"


def test_one_value_equals_a_list_of_one() -> None:
    short = RuleSpec.model_validate({"name": "r", "operation": "*", "nth": 3})
    assert short == RuleSpec.model_validate({"name": "r", "operation": ["*"], "nth": [3]})
    assert AccountSpec.model_validate({"key": "*", "scopes": "analyze:read"}).scopes == ["analyze:read"]
    assert AccountSpec.model_validate({"key": "*", "scopes": None}).scopes is None
    assert AccountSpec.model_validate({"key": "*", "scopes": []}).scopes == []


# --- steps and plans ---


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            {"status": "queued", "for": "2s", "polls": 1},
            "a step can have only one of for, polls and held, and this one has for and polls",
        ),
        (
            {"status": "queued", "for": "2s", "polls": 1, "held": True},
            "a step can have only one of for, polls and held, and this one has for and polls and held",
        ),
        ({"status": "succeeded", "for": "2s"}, "succeeded ends the job, so this step cannot have 'for'"),
        ({"status": "failed", "polls": 1}, "failed ends the job, so this step cannot have 'polls'"),
        ({"status": "cancelled", "held": True}, "cancelled ends the job, so this step cannot have 'held'"),
        ({"status": "succeeded", "error": "x"}, "only a failed step can have an error, and this one is succeeded"),
        ({"status": "running", "error": "x"}, "only a failed step can have an error, and this one is running"),
    ],
)
def test_a_step_that_contradicts_itself_is_refused(step: dict[str, Any], message: str) -> None:
    assert refusal(StepSpec, **step) == message


def test_a_step_with_a_length_can_set_held_to_false() -> None:
    assert StepSpec.model_validate({"status": "queued", "for": "2s", "held": False}).lasts == Span(2_000)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [{"status": "queued"}, {"status": "succeeded"}],
            "step 1 (queued) never ends: give it 'for', 'polls' or 'held'",
        ),
        (
            [{"status": "succeeded"}, {"status": "succeeded"}],
            "step 1 (succeeded) ends the job, so no step can follow it",
        ),
        ([{"status": "running", "for": "2s"}], "the last step (running) has an end, so another step must follow it"),
        ([{"status": "running", "polls": 2}], "the last step (running) has an end, so another step must follow it"),
        ([{"status": "running", "held": True}], "the last step (running) has an end, so another step must follow it"),
        (
            [{"status": "running", "for": "2s"}, {"status": "queued", "for": "2s"}, {"status": "succeeded"}],
            "step 2 cannot go back from running to queued",
        ),
    ],
)
def test_a_plan_must_go_forward_and_only_its_last_step_must_not_end(steps: list[dict[str, Any]], message: str) -> None:
    assert refusal(PlanSpec, steps=steps) == message


@pytest.mark.parametrize("status", ["queued", "running", "succeeded", "failed", "cancelled"])
def test_a_plan_of_one_step_lasts_for_ever(status: str) -> None:
    assert PlanSpec.model_validate({"steps": [{"status": status}]}).steps[0].status == status


def test_a_plan_must_have_steps() -> None:
    assert refusal(PlanSpec, steps=[]) == "List should have at least 1 item after validation, not 0"


# --- conditions and rules ---


@pytest.mark.parametrize(
    "given", [{}, {"prefix": None}, {"in": None}, {"exists": None}, {"regex": None, "suffix": None}]
)
def test_a_condition_without_a_test_is_refused(given: dict[str, Any]) -> None:
    """A key whose value was left empty has no test, and would match every request."""
    assert refusal(Condition, **given) == ("a condition needs equals, prefix, suffix, contains, regex, in or exists")


def test_only_equals_can_be_null() -> None:
    assert Condition.model_validate({"equals": None}).model_fields_set == {"equals"}


LOGNORMAL = "p99 needs a `for` without a spread, above 0 and below p99: {for: 300ms, p99: 2s}"


@pytest.mark.parametrize("lasts", [None, "2s", "3s", "1s ± 1ms", "0s"])
def test_a_99th_percentile_needs_a_smaller_median(lasts: str | None) -> None:
    given = {"kind": "latency", "p99": "2s"} | ({} if lasts is None else {"for": lasts})
    assert refusal(FaultSpec, **given) == LOGNORMAL
    assert FaultSpec.model_validate({"kind": "latency", "p99": "2s", "for": "300ms"}).p99 == 2_000


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({}, "a window needs from, until or both"),
        ({"from": None}, "a window needs from, until or both"),
        ({"from": "30s", "until": "30s"}, "a window must end after it begins, and 30s is not after 30s"),
        ({"from": "1m", "until": 30}, "a window must end after it begins, and 30s is not after 1m"),
        (
            {"from": "2025-06-01T12:00:00.250Z", "until": "2025-06-01T12:00:00Z"},
            "a window must end after it begins, and 2025-06-01T12:00:00Z is not after 2025-06-01T12:00:00.250Z",
        ),
        ({"until": True}, "expected a duration such as 15s or 500ms, got True"),
        ({"until": "soon"}, "expected a duration such as 15s, 1m30s or 500ms, got 'soon'"),
        ({"from": "Tomorrow"}, "expected an instant such as 2025-06-01T12:00:00Z, got 'Tomorrow'"),
        ({"from": []}, "expected a duration such as 30s or an instant such as 2025-06-01T12:00:00Z, got []"),
    ],
)
def test_an_invalid_window_is_refused(window: dict[str, Any], message: str) -> None:
    assert refusal(WindowSpec, **window) == message


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (RuleSpec, {"name": "r", "operation": []}, "List should have at least 1 item after validation, not 0"),
        (
            RuleSpec,
            {"name": "r", "operation": "*", "nth": []},
            "List should have at least 1 item after validation, not 0",
        ),
        (RuleSpec, {"name": "r", "operation": "*", "nth": 0}, "Input should be greater than or equal to 1"),
        (RuleSpec, {"name": "r", "operation": "*", "times": 0}, "Input should be greater than or equal to 1"),
        (RuleSpec, {"name": "r", "operation": "*", "nth": True}, "Input should be a valid integer"),
        (RuleSpec, {"name": "", "operation": "*"}, "String should have at least 1 character"),
        (RuleSpec, {"operation": "*"}, "Field required"),
        (RuleSpec, {"name": "r", "operation": "*", "whn": {}}, "Extra inputs are not permitted"),
        (StepSpec, {"status": "done"}, "Input should be 'queued', 'running', 'succeeded', 'failed' or 'cancelled'"),
        (StepSpec, {"status": "queued", "polls": "2"}, "Input should be a valid integer"),
        (ClockSpec, {"speed": 0}, "Input should be greater than 0"),
        (AccountSpec, {"key": "*", "credits": -1}, "Input should be greater than or equal to 0"),
        (AccountSpec, {"key": "*", "credits": float("nan")}, "Input should be less than or equal to 1000000000000"),
        (AccountSpec, {"key": "*", "credits": "5"}, "Input should be a valid number"),
        (AccountSpec, {"key": "*", "limits": {"a": -1}}, "Input should be greater than or equal to 0"),
        (TamperingSpec, {"lose": 101}, "Input should be less than or equal to 100"),
        (Scenario, {"scenario": "Has Spaces"}, "String should match pattern '^[a-z0-9][a-z0-9_-]{0,63}$'"),
        (Scenario, {"scenario": "name\n"}, "String should match pattern '^[a-z0-9][a-z0-9_-]{0,63}$'"),
        (Scenario, {"scenario": "s", "seed": -1}, "Input should be greater than or equal to 0"),
    ],
)
def test_values_of_the_wrong_type_or_range_are_refused(
    model: type[BaseModel], given: dict[str, Any], message: str
) -> None:
    assert refusal(model, **given) == message


# --- output and input ---

words = st.text("abcdefgh ", min_size=1, max_size=8)
durations = st.integers(0, LONGEST).map(format_duration)
spans = st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)).map(lambda s: str(Span(max(s), min(s))))
shares = st.sampled_from(["60%", 0.25, 0, 1, "0.5"])
data = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | words, lambda v: st.lists(v, max_size=2))


def some(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Documents with all the required keys and any of the optional ones; a trailing underscore is dropped."""
    return st.fixed_dictionaries(required, optional={k.rstrip("_"): v for k, v in optional.items()})


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    statuses = sorted(draw(st.lists(st.sampled_from(("queued", "running")), max_size=4)), key=lambda s: RANK[s])  # type: ignore[index]
    ends = st.one_of(
        st.builds(lambda d: {"for": d}, spans),
        st.builds(lambda n: {"polls": n}, st.integers(1, 9)),
        st.just({"held": True}),
    )
    more = some({}, stage=words, progress=st.sampled_from(["0..90", 50, "7"]))
    last: dict[str, Any] = draw(
        st.sampled_from([{"status": "succeeded"}, {"status": "failed", "error": "no", "code": "E"}])
    )
    return {"steps": [{"status": s, **draw(ends), **draw(more)} for s in statuses] + [last]}


faults = some(
    {"kind": words},
    phase=st.sampled_from(["before_commit", "after_commit", "mid_body"]),
    message=words,
    retry_after=durations,
    for_=spans,
    at=shares,
    rate=st.integers(1, 9),
)
windows = st.sampled_from(
    [
        {"from": "30s", "until": 60},
        {"from": "2025-06-01T12:00:00.250+02:00"},
        {"until": "2025-06-01T12:00:00Z"},
        {"from": "1h", "until": "2025-06-01T12:00:00.001Z"},
    ]
)
conditions = st.one_of(
    some({"equals": data}, prefix=words, exists=st.booleans()), some({"in": st.lists(data, max_size=3)}, suffix=words)
)
paces = some({}, first=spans, every=spans, unit=st.sampled_from(["word", "line"]), size=st.integers(1, 9))
rules = some(
    {"name": words, "operation": words | st.lists(words, min_size=1, max_size=2)},
    when=st.dictionaries(words, conditions, max_size=2),
    during=windows,
    nth=st.integers(1, 5) | st.lists(st.integers(1, 5), min_size=1, max_size=2),
    times=st.integers(1, 5),
    probability=shares,
    plan=words,
    stream=some(
        {}, text=st.none() | words, pace=paces, fault=faults | st.just({"kind": "x", "for": "1s", "p99": "2s"})
    ),
    reply=st.dictionaries(words, data, max_size=2),
    fault=faults,
)
accounts = some(
    {"key": words},
    plan=words,
    credits=st.none() | st.integers(0, 9) | st.just(0.5),
    limits=st.dictionaries(words, st.none() | st.integers(0, 9), max_size=2),
    webhook=some({"url": words.map("http://{}".format)}, events=words | st.lists(words, max_size=2), secret=words),
    scopes=st.none() | words,
    refused=st.booleans(),
)
webhooks = some(
    {
        "event": words,
        "tampering": some({}, lose=st.integers(0, 9), delay=durations, reorder=st.booleans(), pad=st.just(5)),
    },
    nth=st.integers(1, 5),
)
scenarios = some(
    {"scenario": st.just("round-trip")},
    description=words,
    extends=words,
    seed=st.integers(0, 9),
    clock=some({}, mode=st.sampled_from(["manual", "auto"]), speed=st.just(60), start=st.just("2025-06-01T12:00:00Z")),
    accounts=st.lists(accounts, max_size=2),
    plans=st.dictionaries(words, plans(), max_size=2),
    rules=st.lists(rules, max_size=2),
    webhooks=st.lists(webhooks, max_size=2),
    providers=st.dictionaries(words, st.dictionaries(words, data, max_size=2), max_size=2),
)


@given(scenarios)
def test_a_dumped_scenario_is_read_back_unchanged(document: dict[str, Any]) -> None:
    scenario = Scenario.model_validate(document)
    written = scenario.model_dump(by_alias=True, exclude_unset=True)
    assert Scenario.model_validate(written) == scenario
    through_json = json.loads(scenario.model_dump_json(by_alias=True, exclude_unset=True))
    assert Scenario.model_validate(through_json) == scenario
    assert Scenario.model_validate(through_json).model_dump(by_alias=True, exclude_unset=True) == written


@pytest.mark.parametrize("model", [Scenario, StreamSpec, PaceSpec, TamperingSpec, ClockSpec])
def test_dumped_defaults_are_read_back_unchanged(model: type[BaseModel]) -> None:
    default = model.model_validate({"scenario": "s"} if model is Scenario else {})
    assert model.model_validate(default.model_dump(by_alias=True)) == default


def test_a_scenario_has_a_schema() -> None:
    schema = Scenario.model_json_schema()
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["scenario"]
    assert schema["$defs"]["StepSpec"]["properties"]["for"]["anyOf"][0]["examples"] == ["13s", "13s ± 2s"]
