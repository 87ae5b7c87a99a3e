"""Turns a scenario into a program: rules by operation, plans, accounts, each checked against what exists."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from mockserver.core.durations import Span
from mockserver.core.faults import ERROR_KINDS, WIRE_KINDS, Fault, Phase
from mockserver.core.fill import KNOWN, unknown_names
from mockserver.core.match import Miss, Part, Rule, compile_check, compile_window, key_matches
from mockserver.core.plans import Plan, Step
from mockserver.core.scenario import AccountSpec, FaultSpec, PlanSpec, RuleSpec, Scenario, WebhookRuleSpec
from mockserver.core.streams import SPOILING
from mockserver.core.word_runs import arrange

FALLBACK = Plan(
    "default", (Step("queued", Span(2_000)), Step("running", Span(13_000), progress=(0, 95)), Step("succeeded"))
)
_CODE = re.compile(r"([a-z]+)\s*[:.]\s*([A-Za-z0-9_]+)\Z")
_MID_BODY = ("truncate", "stall", "garble", "slow_drip")

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What scenarios may name: operations, provider codes, events, plan tiers and limits of the providers."""

    operations: tuple[str, ...]
    codes: frozenset[str] = frozenset()
    events: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a scenario that its types allow: where (a path into the document) and what."""

    loc: Loc
    message: str
    at_key: bool = False


class Problems(ValueError):
    """A scenario that cannot be compiled, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, p.loc))}: {p.message}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled scenario. Nothing in it changes; switching a sandbox's scenario replaces its program."""

    source: Scenario
    rules: tuple[Rule, ...]
    plans: Mapping[str, Plan]
    by_operation: Mapping[str, tuple[Part, ...]]
    others: Mapping[str, tuple[Miss, ...]]
    accounts: tuple[AccountSpec, ...]
    webhooks: tuple[WebhookRuleSpec, ...]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.source.scenario

    def plan(self, name: str | None) -> Plan:
        """The plan called `name`; without a name the scenario's `default`, or the built-in one."""
        return self.plans.get(name or "default", FALLBACK)

    def account(self, key: str) -> AccountSpec | None:
        """The first account entry that matches `key`. A scenario without accounts lets every key in."""
        if not self.accounts:
            return _ANYBODY
        return next((a for a in self.accounts if key_matches(a.key, key)), None)


_ANYBODY = AccountSpec(key="*", plan="enterprise")


def compile_scenario(scenario: Scenario, known: Catalogue) -> Program:
    """The program of a scenario that extends nothing any more. Raises Problems with all that is wrong."""
    problems = list(check(scenario, known, set(scenario.plans)))
    if problems:
        raise Problems(problems)
    rules = tuple(_rule(r) for r in scenario.rules)
    return Program(
        source=scenario,
        rules=rules,
        plans={name: _plan(name, p) for name, p in scenario.plans.items()},
        by_operation={o: arrange([r for r in rules if _covers(r, o)]) for o in known.operations},
        others={o: tuple(_other(r) for r in rules if not _covers(r, o)) for o in known.operations},
        accounts=tuple(scenario.accounts),
        webhooks=tuple(scenario.webhooks),
        options=scenario.providers,
    )


def check(scenario: Scenario, known: Catalogue, plans: set[str]) -> Iterator[Problem]:
    """Every name in `scenario` that does not exist; `plans` also holds those of the scenarios it extends."""
    for i, rule in enumerate(scenario.rules):
        yield from _rule_problems(("rules", i), rule, known, plans)
    yield from _name_problems(scenario.rules)
    for i, account in enumerate(scenario.accounts):
        yield from _account_problems(("accounts", i), account, known)
    for i, webhook in enumerate(scenario.webhooks):
        if not any(key_matches(webhook.event, e) for e in known.events):
            yield Problem(("webhooks", i, "event"), _unknown("event", webhook.event, known.events))
    for name in scenario.providers:
        if name not in known.providers:
            yield Problem(("providers", name), _unknown("provider", name, known.providers), True)


def near(word: str, options: tuple[str, ...] | list[str]) -> str:
    """`; did you mean 'x'?`, or the options when none is near and they are few, or nothing."""
    close = get_close_matches(word, options, 1, 0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; one of: {', '.join(sorted(options))}" if 0 < len(options) <= 24 else ""


def _unknown(what: str, name: str, options: tuple[str, ...]) -> str:
    return f"unknown {what} {name!r}{near(name, options)}"


def _one_of(loc: Loc, listed: list[str], i: int) -> Loc:
    # A list of one may have been written without its brackets, and then has no place of its own.
    return loc if len(listed) == 1 else (*loc, i)


def _name_problems(rules: list[RuleSpec]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for i, rule in enumerate(rules):
        first = seen.setdefault(rule.name, i)
        if first != i:
            yield Problem(("rules", i, "name"), f"rule {first + 1} is called {rule.name!r} too; names are unique")


def _account_problems(loc: Loc, account: AccountSpec, known: Catalogue) -> Iterator[Problem]:
    if account.plan is not None and account.plan not in known.tiers:
        yield Problem((*loc, "plan"), f"no provider has a plan {account.plan!r}{near(account.plan, known.tiers)}")
    for name in account.limits:
        if name not in known.limits:
            yield Problem((*loc, "limits", name), _unknown("limit", name, known.limits), True)
    events = account.webhook.events if account.webhook else []
    for i, event in enumerate(events):
        if event not in known.events:
            yield Problem(_one_of((*loc, "webhook", "events"), events, i), _unknown("event", event, known.events))


def _rule_problems(loc: Loc, rule: RuleSpec, known: Catalogue, plans: set[str]) -> Iterator[Problem]:
    for i, pattern in enumerate(rule.operation):
        if not any(key_matches(pattern, o) for o in known.operations):
            place = _one_of((*loc, "operation"), rule.operation, i)
            yield Problem(place, f"no operation is called {pattern!r}{near(pattern, known.operations)}")
    for path, condition in rule.when.items():
        try:
            compile_check(path, condition)
        except ValueError as error:
            yield Problem((*loc, "when", path), str(error), at_key=True)
    if rule.plan is not None and rule.plan not in plans and rule.plan != "default":
        yield Problem((*loc, "plan"), f"no plan is called {rule.plan!r}{near(rule.plan, sorted(plans))}")
    if rule.fault is not None:
        yield from check_fault((*loc, "fault"), rule.fault, known)
    yield from _hole_problems((*loc, "reply"), rule.reply)
    if rule.stream is not None:
        yield from _hole_problems((*loc, "stream", "text"), rule.stream.text)
        if rule.stream.fault is not None:
            yield from _spoiling_problems((*loc, "stream", "fault"), rule.stream.fault, known)


def _hole_problems(loc: Loc, value: Any) -> Iterator[Problem]:
    for name in unknown_names(value):
        yield Problem(loc, f"${{{name}}} is not on the list of values: {', '.join(KNOWN)}")


def check_fault(loc: Loc, fault: FaultSpec, known: Catalogue) -> Iterator[Problem]:
    """What is wrong with a fault: a kind that does not exist, or a phase that the kind cannot have."""
    kind, kinds = fault_kind(fault.kind), (*ERROR_KINDS, *WIRE_KINDS, *sorted(known.codes))
    if kind not in kinds:
        yield Problem((*loc, "kind"), f"no fault is called {fault.kind!r}{near(kind, kinds)}")
    elif kind in WIRE_KINDS and fault.phase == "mid_body" and kind in ("latency", "hang", "empty_reply"):
        yield Problem((*loc, "phase"), f"{kind} happens before the reply begins, so it has no phase mid_body")
    elif kind in _MID_BODY and fault.phase not in (None, "mid_body"):
        yield Problem((*loc, "phase"), f"{kind} spoils the body of a reply, so its phase is mid_body")
    elif kind not in WIRE_KINDS and fault.phase == "mid_body":
        yield Problem((*loc, "phase"), f"{kind} is a reply of its own and cannot happen in the middle of another")


def _spoiling_problems(loc: Loc, fault: FaultSpec, known: Catalogue) -> Iterator[Problem]:
    problems = list(check_fault(loc, fault, known))
    yield from problems
    if not problems and (fault.kind not in SPOILING or fault.phase not in (None, "mid_body")):
        message = f"a stream that has begun can only be spoilt ({', '.join(SPOILING)}); {fault.kind} comes before it"
        yield Problem((*loc, "kind"), message)


def fault_kind(text: str) -> str:
    """The one spelling of a fault's kind: `nanophoto: X` and `nanophoto.X` are both `nanophoto:X`."""
    code = _CODE.match(text)
    return f"{code[1]}:{code[2]}" if code else text


def compile_fault(spec: FaultSpec) -> Fault:
    """The fault that a scenario or the control API describes, with the phase that its kind implies."""
    kind = fault_kind(spec.kind)
    phase: Phase = spec.phase or ("mid_body" if kind in _MID_BODY else "before_commit")
    at = 0.5 if spec.at is None else spec.at
    framing = spec.framing or "length"
    return Fault(kind, phase, spec.message, spec.retry_after, spec.lasts, at, spec.rate, spec.p99, framing)


def _plan(name: str, spec: PlanSpec) -> Plan:
    steps = (Step(s.status, s.lasts, s.polls, s.held, s.stage, s.progress, s.error, s.code) for s in spec.steps)
    return Plan(name, tuple(steps))


def _rule(spec: RuleSpec) -> Rule:
    return Rule(
        name=spec.name,
        operations=tuple(spec.operation),
        checks=(
            *(compile_window(spec.during) if spec.during else ()),
            *(compile_check(path, condition) for path, condition in spec.when.items()),
        ),
        nth=frozenset(spec.nth or ()),
        times=spec.times,
        probability=spec.probability,
        plan=spec.plan,
        stream=spec.stream,
        reply=spec.reply,
        fault=compile_fault(spec.fault) if spec.fault else None,
    )


def _covers(rule: Rule, operation: str) -> bool:
    return any(key_matches(p, operation) for p in rule.operations)


def _other(rule: Rule) -> Miss:
    return Miss(rule.name, f"operation is not {' or '.join(rule.operations)}")


def shadows(rules: tuple[Rule, ...]) -> dict[str, str]:
    """The rules that can never win, each with the earlier rule that takes all its requests.

    Found where it is certain: an earlier rule that takes every match, over the same operations or more, whose
    conditions are a part of the later rule's own.
    """
    found: dict[str, str] = {}
    for i, late in enumerate(rules):
        for early in rules[:i]:
            if not early.counted and _wider(early, late):
                found[late.name] = early.name
                break
    return found


def _wider(early: Rule, late: Rule) -> bool:
    operations = all(any(_pattern_covers(e, p) for e in early.operations) for p in late.operations)
    spelled = {text for check in late.checks for text, _ in check.tests}
    return operations and all(text in spelled for check in early.checks for text, _ in check.tests)


def _pattern_covers(wide: str, narrow: str) -> bool:
    # A star in the narrow pattern is a character like any other here, which the wide pattern's star must cover.
    return key_matches(wide, narrow)
