"""What is wrong with a scenario that its types allow: names of what does not exist, and conditions that are none."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.faults import ERROR_KINDS, WIRE_KINDS
from mockserver.core.fill import KNOWN, unknown_names
from mockserver.core.match import Check, key_matches
from mockserver.core.scenario import AccountSpec, FaultSpec, RuleSpec, Scenario
from mockserver.core.streams import SPOILING

_CODE = re.compile(r"([a-z]+)\s*[:.]\s*([A-Za-z0-9_]+)\Z")
# What strikes in the middle of a body, and nowhere else.
MID_BODY = ("truncate", "stall", "garble", "slow_drip")

Loc = tuple[str | int, ...]
# The conditions of a rule by their path, each compiled, or what is wrong with it.
Conditions = Mapping[str, Check | ValueError]


class Catalogue(NamedTuple):
    """What scenarios may name: operations, provider codes, events, plan tiers and limits of the providers."""

    operations: tuple[str, ...]
    codes: frozenset[str] = frozenset()
    events: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()


class Problem(NamedTuple):
    """Something wrong with a scenario that its types allow: where (a path into the document) and what."""

    loc: Loc
    message: str
    at_key: bool = False


class Problems(ValueError):
    """A scenario that cannot be compiled, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, p.loc))}: {p.message}" for p in problems))
        self.problems = problems


def check(
    scenario: Scenario, conditions: Sequence[Conditions], known: Catalogue, plans: Collection[str]
) -> Iterator[Problem]:
    """Every name in `scenario` that does not exist, and every condition that is none.

    `conditions` are those of its rules, in order; `plans` also holds those of the scenarios it extends.
    """
    for i, (rule, compiled) in enumerate(zip(scenario.rules, conditions, strict=True)):
        yield from _rule_problems(("rules", i), rule, compiled, known, plans)
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
    from difflib import get_close_matches  # most starts have nothing to suggest

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


def _rule_problems(
    loc: Loc, rule: RuleSpec, conditions: Conditions, known: Catalogue, plans: Collection[str]
) -> Iterator[Problem]:
    for i, pattern in enumerate(rule.operation):
        if not any(key_matches(pattern, o) for o in known.operations):
            place = _one_of((*loc, "operation"), rule.operation, i)
            yield Problem(place, f"no operation is called {pattern!r}{near(pattern, known.operations)}")
    for path, compiled in conditions.items():
        if isinstance(compiled, ValueError):
            yield Problem((*loc, "when", path), str(compiled), at_key=True)
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
    for path, name in unknown_names(value):
        yield Problem((*loc, *path), f"${{{name}}} is not on the list of values{near(name, KNOWN)}")


def check_fault(loc: Loc, fault: FaultSpec, known: Catalogue) -> Iterator[Problem]:
    """What is wrong with a fault: a kind that does not exist, or a phase that the kind cannot have."""
    kind, kinds = fault_kind(fault.kind), (*ERROR_KINDS, *WIRE_KINDS, *sorted(known.codes))
    if kind not in kinds:
        yield Problem((*loc, "kind"), f"no fault is called {fault.kind!r}{near(kind, kinds)}")
    elif kind in WIRE_KINDS and fault.phase == "mid_body" and kind in ("latency", "hang", "empty_reply"):
        yield Problem((*loc, "phase"), f"{kind} happens before the reply begins, so it has no phase mid_body")
    elif kind in MID_BODY and fault.phase not in (None, "mid_body"):
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
