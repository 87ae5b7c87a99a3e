"""Compiling a scenario: the program that results, and the place and message of every error."""

from typing import Any

import pytest

from mockserver.core.check import fault_kind
from mockserver.core.compile import (
    FALLBACK,
    Catalogue,
    Problem,
    Problems,
    Program,
    check_fault,
    compile_fault,
    compile_scenario,
    suggest,
)
from mockserver.core.durations import Span
from mockserver.core.fill import KNOWN as NAMES
from mockserver.core.match import Miss, View, candidates
from mockserver.core.plans import Step
from mockserver.core.scenario import FaultSpec, Scenario
from mockserver.core.shadows import shadows
from mockserver.core.streams import STREAM_FAULTS

KNOWN = Catalogue(
    operations=("videotoprompt.analyze_url", "videotoprompt.account", "nanophoto.reverse_prompt"),
    codes=frozenset({"nanophoto:VIDEO_DOWNLOAD_FAILED", "nanophoto:E_402"}),
    events=("analysis.completed", "analysis.failed"),
    tiers=("free", "pro"),
    limits=("requests_per_minute", "analyses_per_day"),
    providers=("videotoprompt", "nanophoto"),
)
VALUES = ", ".join(sorted(NAMES))
STEPS = [{"status": "queued", "for": "2s"}, {"status": "succeeded"}]


def scenario(**parts: Any) -> Scenario:
    return Scenario.model_validate({"scenario": "test", **parts})


def program(**parts: Any) -> Program:
    return compile_scenario(scenario(**parts), KNOWN)


def rule(name: str = "r", operation: Any = "*", **parts: Any) -> dict[str, Any]:
    return {"name": name, "operation": operation, **parts}


def problems(**parts: Any) -> list[Problem]:
    try:
        program(**parts)
    except Problems as error:
        return error.problems
    return []


def problem(**parts: Any) -> Problem:
    (only,) = problems(**parts)
    return only


# --- a program ---


def test_rules_are_grouped_by_the_operations_they_match() -> None:
    compiled = program(
        rules=[
            rule("urls", "videotoprompt.analyze_*"),
            rule("both", ["nanophoto.reverse_prompt", "videotoprompt.account"]),
            rule("rest", "*"),
        ]
    )
    tried = {o: candidates(parts, View(o, {}), []) for o, parts in compiled.by_operation.items()}
    assert {o: [r.name for r in rules] for o, rules in tried.items()} == {
        "videotoprompt.analyze_url": ["urls", "rest"],
        "videotoprompt.account": ["both", "rest"],
        "nanophoto.reverse_prompt": ["both", "rest"],
    }
    assert compiled.others["videotoprompt.analyze_url"] == (
        Miss("both", "operation is not nanophoto.reverse_prompt or videotoprompt.account"),
    )
    assert compiled.others["videotoprompt.account"] == (Miss("urls", "operation is not videotoprompt.analyze_*"),)


def test_a_compiled_rule_has_all_values_of_its_source() -> None:
    (compiled,) = program(
        plans={"render": {"steps": STEPS}},
        rules=[
            rule(
                "all of it",
                when={"body.prompt": {"contains": "sea"}},
                nth=[2, 3],
                times=5,
                probability="50%",
                plan="render",
                stream={"text": "words", "pace": {"every": "1s"}},
                reply={"extra": "${now}"},
                fault={"kind": "rate_limited", "retry_after": "20s", "message": "slow down"},
            )
        ],
    ).rules
    assert (compiled.nth, compiled.times, compiled.probability, compiled.plan) == (frozenset({2, 3}), 5, 0.5, "render")
    assert compiled.counted
    assert compiled.reply == {"extra": "${now}"}
    assert compiled.stream is not None
    assert compiled.stream.text == "words"
    assert compiled.fault is not None
    assert (compiled.fault.kind, compiled.fault.retry_after, compiled.fault.message) == (
        "rate_limited",
        20_000,
        "slow down",
    )
    assert [text for c in compiled.checks for text, _ in c.tests] == ["body.prompt contains 'sea'"]


def test_plans_are_found_by_name() -> None:
    compiled = program(
        plans={
            "render": {
                "steps": [
                    {"status": "queued", "polls": 1},
                    {"status": "running", "for": "13s ± 2s", "progress": "0..90", "stage": "probing"},
                    {"status": "running", "held": True},
                    {"status": "failed", "error": "no luck", "code": "E1"},
                ]
            }
        }
    )
    assert compiled.plan("render").steps == (
        Step("queued", polls=1),
        Step("running", Span(13_000, 2_000), stage="probing", progress=(0, 90)),
        Step("running", held=True),
        Step("failed", error="no luck", code="E1"),
    )
    assert compiled.plan(None) is compiled.plan("default") is FALLBACK


def test_the_plan_called_default_replaces_the_built_in_plan() -> None:
    compiled = program(plans={"default": {"steps": STEPS}})
    assert compiled.plan(None) is compiled.plan("default") is not FALLBACK


def test_the_first_account_that_matches_decides() -> None:
    compiled = program(accounts=[{"key": "free-*", "plan": "free"}, {"key": "*", "plan": "pro"}])
    assert [a.plan for a in (compiled.account("free-1"), compiled.account("key-1")) if a] == ["free", "pro"]
    assert program(accounts=[{"key": "free-*"}]).account("key-1") is None


def test_without_accounts_every_key_is_accepted() -> None:
    account = program().account("key-1")
    assert account is not None
    assert not account.refused


def test_a_program_has_the_options_and_webhooks_of_its_scenario() -> None:
    compiled = program(
        providers={"nanophoto": {"fetch": True}},
        webhooks=[{"event": "analysis.*", "nth": 1, "tampering": {"lose": 2}}],
    )
    assert compiled.options == {"nanophoto": {"fetch": True}}
    [webhook] = compiled.webhooks
    assert webhook.nth is not None
    assert (webhook.nth.numbers, webhook.tampering.lose) == ([1], 2)
    assert compiled.name == "test"


# --- errors and their places ---


@pytest.mark.parametrize(
    ("parts", "loc", "message"),
    [
        (
            {"rules": [rule(operation="videotoprompt.analyse_url")]},
            ("rules", 0, "operation"),
            "no operation matches 'videotoprompt.analyse_url'; did you mean 'videotoprompt.analyze_url'?",
        ),
        (
            {"rules": [rule(), rule("two", ["videotoprompt.*", "prompttovideo.*"])]},
            ("rules", 1, "operation", 1),
            f"no operation matches 'prompttovideo.*'; one of: {', '.join(sorted(KNOWN.operations))}",
        ),
        (
            {"plans": {"render": {"steps": STEPS}}, "rules": [rule(plan="rendr")]},
            ("rules", 0, "plan"),
            "unknown plan 'rendr'; did you mean 'render'?",
        ),
        ({"rules": [rule(plan="x")]}, ("rules", 0, "plan"), "unknown plan 'x'"),
        (
            {"rules": [rule(fault={"kind": "rate_limit"})]},
            ("rules", 0, "fault", "kind"),
            "unknown fault 'rate_limit'; did you mean 'rate_limited'?",
        ),
        (
            {"rules": [rule(fault={"kind": "nanophoto: VIDEO_DOWNLOAD_FAIL"})]},
            ("rules", 0, "fault", "kind"),
            "unknown fault 'nanophoto: VIDEO_DOWNLOAD_FAIL'; did you mean 'nanophoto:VIDEO_DOWNLOAD_FAILED'?",
        ),
        (
            {"rules": [rule(stream={"fault": {"kind": "resett"}})]},
            ("rules", 0, "stream", "fault", "kind"),
            "unknown fault 'resett'; did you mean 'reset'?",
        ),
        (
            {"rules": [rule(fault={"kind": "latency", "phase": "mid_body"})]},
            ("rules", 0, "fault", "phase"),
            "latency happens before the reply begins, so its phase cannot be mid_body",
        ),
        (
            {"rules": [rule(fault={"kind": "overloaded", "phase": "mid_body"})]},
            ("rules", 0, "fault", "phase"),
            "overloaded replaces the whole reply, so its phase cannot be mid_body",
        ),
        (
            {"rules": [rule(fault={"kind": "truncate", "phase": "after_commit"})]},
            ("rules", 0, "fault", "phase"),
            "truncate changes the body of a reply, so its phase must be mid_body",
        ),
        (
            {"rules": [rule(stream={"fault": {"kind": "hang"}})]},
            ("rules", 0, "stream", "fault", "kind"),
            "the fault of a stream must be truncate, reset, stall, garble or slow_drip, not hang",
        ),
        (
            {"rules": [rule(stream={"fault": {"kind": "reset", "phase": "before_commit"}})]},
            ("rules", 0, "stream", "fault", "phase"),
            "a stream has begun when its fault happens, so its phase must be mid_body",
        ),
        (
            {"rules": [rule(reply={"a": ["${job.idd}"]})]},
            ("rules", 0, "reply", "a", 0),
            "unknown placeholder ${job.idd}; did you mean 'job.id'?",
        ),
        (
            {"rules": [rule(reply={"a": "${now}"}, stream={"text": "${later}"})]},
            ("rules", 0, "stream", "text"),
            "unknown placeholder ${later}; one of: " + VALUES,
        ),
        (
            {"rules": [rule("a"), rule("b"), rule("a")]},
            ("rules", 2, "name"),
            "rule 1 is also called 'a'; names must be unique",
        ),
        (
            {"accounts": [{"key": "*", "plan": "prof"}]},
            ("accounts", 0, "plan"),
            "no provider has a plan 'prof'; did you mean 'pro'?",
        ),
        (
            {"accounts": [{"key": "*", "webhook": {"url": "http://x", "events": "analysis.complete"}}]},
            ("accounts", 0, "webhook", "events"),
            "unknown event 'analysis.complete'; did you mean 'analysis.completed'?",
        ),
        (
            {"accounts": [{"key": "*", "webhook": {"url": "http://x", "events": ["analysis.failed", "done"]}}]},
            ("accounts", 0, "webhook", "events", 1),
            "unknown event 'done'; one of: analysis.completed, analysis.failed",
        ),
        (
            {"webhooks": [{"event": "batch.*", "tampering": {}}]},
            ("webhooks", 0, "event"),
            "unknown event 'batch.*'; one of: analysis.completed, analysis.failed",
        ),
    ],
)
def test_an_unknown_name_is_reported_with_its_place(
    parts: dict[str, Any], loc: tuple[str | int, ...], message: str
) -> None:
    assert problem(**parts) == Problem(loc, message)


@pytest.mark.parametrize(
    ("parts", "loc", "message"),
    [
        (
            {"rules": [rule(when={"body.x": {"equals": 1}, "bodi.y": {"equals": 1}})]},
            ("rules", 0, "when", "bodi.y"),
            "'bodi.y' does not name a value of a request",
        ),
        (
            {"rules": [rule(when={"input": {"regex": "(?=x)"}})]},
            ("rules", 0, "when", "input"),
            "regex '(?=x)' is invalid or not supported by the linear-time engine",
        ),
        (
            {"accounts": [{"key": "*", "limits": {"requests_per_minut": 5}}]},
            ("accounts", 0, "limits", "requests_per_minut"),
            "unknown limit 'requests_per_minut'; did you mean 'requests_per_minute'?",
        ),
        (
            {"providers": {"nanofoto": {}}},
            ("providers", "nanofoto"),
            "unknown provider 'nanofoto'; did you mean 'nanophoto'?",
        ),
    ],
)
def test_an_error_in_a_key_is_reported_at_the_key(
    parts: dict[str, Any], loc: tuple[str | int, ...], message: str
) -> None:
    only = problem(**parts)
    assert (only.loc, only.at_key) == (loc, True)
    assert only.message.startswith(message)


def test_all_errors_are_reported_at_once() -> None:
    parts = {"rules": [rule(operation="x.y", plan="none", fault={"kind": "bang"})], "providers": {"none": {}}}
    with pytest.raises(Problems) as caught:
        program(**parts)
    assert [p.loc for p in caught.value.problems] == [
        ("rules", 0, "operation"),
        ("rules", 0, "plan"),
        ("rules", 0, "fault", "kind"),
        ("providers", "none"),
    ]
    assert str(caught.value).startswith("rules.0.operation: no operation matches 'x.y'")


def test_a_rule_can_use_a_plan_of_the_extended_scenario() -> None:
    child = scenario(rules=[rule(plan="theirs")])
    assert compile_scenario(child, KNOWN, program(plans={"theirs": {"steps": STEPS}})).rules[0].plan == "theirs"
    assert problems(rules=[rule(plan="default")]) == []


def test_a_suggestion_is_one_word_or_a_short_list() -> None:
    assert suggest("faild", ["failed", "fast"]) == "; did you mean 'failed'?"
    assert suggest("zzz", ["b", "a"]) == "; one of: a, b"
    assert suggest("zzz", [str(n) for n in range(25)]) == ""
    assert suggest("zzz", []) == ""


# --- faults ---


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("reset", "reset"),
        ("nanophoto:E_402", "nanophoto:E_402"),
        ("nanophoto: E_402", "nanophoto:E_402"),
        ("nanophoto.E_402", "nanophoto:E_402"),
        ("nanophoto : E_402", "nanophoto:E_402"),
        ("rate limited", "rate limited"),
    ],
)
def test_a_provider_code_has_one_normal_form(written: str, kind: str) -> None:
    assert fault_kind(written) == kind
    assert (list(check_fault((), FaultSpec(kind=written), KNOWN)) == []) is (kind != "rate limited")


@pytest.mark.parametrize(
    ("spec", "phase"),
    [
        ({"kind": "reset"}, "before_commit"),
        ({"kind": "server_error"}, "before_commit"),
        ({"kind": "truncate"}, "mid_body"),
        ({"kind": "stall"}, "mid_body"),
        ({"kind": "garble"}, "mid_body"),
        ({"kind": "slow_drip"}, "mid_body"),
        ({"kind": "reset", "phase": "after_commit"}, "after_commit"),
        ({"kind": "reset", "phase": "mid_body"}, "mid_body"),
    ],
)
def test_a_fault_has_the_phase_that_its_kind_implies(spec: dict[str, Any], phase: str) -> None:
    assert compile_fault(FaultSpec.model_validate(spec)).phase == phase


def test_a_compiled_fault_has_all_values_of_its_source() -> None:
    fault = compile_fault(
        FaultSpec.model_validate({"kind": "slow_drip", "for": "3s ± 1s", "at": "25%", "rate": 64, "message": "m"})
    )
    assert (fault.lasts, fault.at, fault.rate, fault.message) == (Span(3_000, 1_000), 0.25, 64, "m")
    assert compile_fault(FaultSpec(kind="truncate")).at == 0.5
    assert compile_fault(FaultSpec.model_validate({"kind": "truncate", "at": 0})).at == 0


def test_a_stream_can_have_each_of_its_faults() -> None:
    for kind in STREAM_FAULTS:
        assert problems(rules=[rule(stream={"fault": {"kind": kind, "at": "50%"}})]) == []


# --- rules that can never win ---


@pytest.mark.parametrize(
    ("rules", "hidden"),
    [
        ([rule("all"), rule("late", "videotoprompt.account")], {"late": "all"}),
        ([rule("all"), rule("late"), rule("later")], {"late": "all", "later": "all"}),
        ([rule("late", "videotoprompt.account"), rule("all")], {}),
        ([rule("some", "videotoprompt.*"), rule("all")], {}),
        ([rule("some", "videotoprompt.*"), rule("same", "videotoprompt.*")], {"same": "some"}),
        ([rule("some", "videotoprompt.*"), rule("two", ["videotoprompt.account", "nanophoto.*"])], {}),
        (
            [rule("two", ["videotoprompt.*", "nanophoto.*"]), rule("late", ["nanophoto.*", "videotoprompt.account"])],
            {"late": "two"},
        ),
        ([rule("first", nth=1), rule("all")], {}),
        ([rule("few", times=3), rule("all")], {}),
        ([rule("often", probability=0.5), rule("all")], {}),
        ([rule("all"), rule("first", nth=1)], {"first": "all"}),
        ([rule("when", when={"body.x": {"equals": 1}}), rule("all")], {}),
        ([rule("once", during={"until": "1m"}), rule("all")], {}),
        ([rule("once", during={"until": "1m"}), rule("late", during={"from": "1s", "until": "1m"})], {"late": "once"}),
        (
            [
                rule("when", when={"body.x": {"equals": 1}}),
                rule("narrower", when={"body.x": {"equals": 1}, "body.y": {"exists": True}}),
                rule("other", when={"body.x": {"equals": 2}}),
                rule("elsewhere", when={"body.z": {"equals": 1}}),
            ],
            {"narrower": "when"},
        ),
        (
            [
                rule("two tests", when={"input": {"prefix": "a", "suffix": "b"}}),
                rule("one test", when={"input": {"prefix": "a"}}),
            ],
            {},
        ),
        (
            [
                rule("one test", when={"input": {"prefix": "a"}}),
                rule("two tests", when={"input": {"prefix": "a", "suffix": "b"}}),
            ],
            {"two tests": "one test"},
        ),
    ],
)
def test_a_rule_never_wins_if_an_earlier_one_takes_all_its_requests(
    rules: list[dict[str, Any]], hidden: dict[str, str]
) -> None:
    assert shadows(program(rules=rules).rules) == hidden


# --- a scenario that extends another ---


def test_the_parts_of_the_child_come_before_those_of_the_parent() -> None:
    child = scenario(
        accounts=[{"key": "c", "plan": "pro"}],
        rules=[rule("own"), rule("shared", "nanophoto.*")],
        plans={"render": {"steps": [{"status": "succeeded"}]}},
        webhooks=[{"event": "analysis.failed", "tampering": {"lose": 1}}],
        providers={"nanophoto": {"a": 1}},
    )
    parent = scenario(
        seed=7,
        clock={"mode": "manual"},
        signature_time="sandbox",
        accounts=[{"key": "p", "plan": "free"}],
        rules=[rule("shared", "videotoprompt.*"), rule("theirs")],
        plans={"render": {"steps": STEPS}, "other": {"steps": STEPS}},
        webhooks=[{"event": "analysis.*", "tampering": {"lose": 2}}],
        providers={"nanophoto": {"a": 2, "b": 3}, "videotoprompt": {"c": 4}},
    )
    both = child.extending(parent)
    assert (both.seed, both.clock, both.signature_time) == (7, parent.clock, "sandbox")
    assert [a.key for a in both.accounts] == ["c", "p"]
    assert [(r.name, r.operation) for r in both.rules] == [
        ("own", ["*"]),
        ("shared", ["nanophoto.*"]),
        ("theirs", ["*"]),
    ]
    assert {name: len(plan.steps) for name, plan in both.plans.items()} == {"render": 1, "other": 2}
    assert [w.tampering.lose for w in both.webhooks] == [1, 2]
    assert both.providers == {"nanophoto": {"a": 1, "b": 3}, "videotoprompt": {"c": 4}}
    assert compile_scenario(both, KNOWN).name == "test"


def test_values_of_the_child_replace_those_of_the_parent() -> None:
    child = scenario(seed=0, clock={"mode": "auto"}, signature_time="wall")
    both = child.extending(scenario(seed=7, clock={"mode": "manual"}, signature_time="sandbox"))
    assert (both.seed, both.clock, both.signature_time) == (0, child.clock, "wall")


def test_extending_does_not_change_the_two_scenarios() -> None:
    child, parent = scenario(rules=[rule("a")]), scenario(rules=[rule("b")], plans={"p": {"steps": STEPS}})
    before = (child.model_dump(), parent.model_dump())
    child.extending(parent)
    assert (child.model_dump(), parent.model_dump()) == before
