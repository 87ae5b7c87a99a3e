"""Advice on a scenario: what is allowed in it and has no effect."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mockserver.core.check import MID_BODY, Loc, Problem, fault_kind, quoted, suggest
from mockserver.core.faults import WIRE_KINDS
from mockserver.core.match import Rule, key_matches
from mockserver.core.scenario import AccountSpec, CallOutRuleSpec, FaultSpec, RuleSpec, Scenario, WebhookRuleSpec
from mockserver.core.shadows import shadows

# The kinds of faults for which a key has an effect.
_LASTING = ("latency", "stall", "hang")
_PLACED = (*MID_BODY, "reset")
_NEVER = ", so this rule never matches"
_ACCOUNT_FIELDS = frozenset(("key", "plan", "billing"))


class OperationFacts(NamedTuple):
    """What rules can do with an operation.

    `creates_job`: a plan has an effect. `streams`: the reply is a stream. `about_job`: the path names a job. `batch`:
    the request has items. `body`, `query` and `path` are the names of fields and parameters; a `body` of None has no
    fields that rules see. `has_input`: rules can test `input`.
    """

    creates_job: bool = False
    streams: bool = False
    about_job: bool = False
    batch: bool = False
    has_input: bool = False
    body: frozenset[str] | None = None
    query: frozenset[str] = frozenset()
    path: frozenset[str] = frozenset()


def advice(scenario: Scenario, rules: Iterable[Rule], operations: Mapping[str, OperationFacts]) -> Iterator[Problem]:
    """Yield what has no effect in `scenario` itself. `rules` are its own compiled rules."""
    yield from _clock_advice(scenario)
    yield from _account_advice(scenario.accounts)
    numbers = {rule.name: i for i, rule in enumerate(scenario.rules)}
    for late, early in shadows(tuple(rules)).items():
        yield Problem(("rules", numbers[late]), f"this rule is never used: {early!r} takes all its requests first")
    for i, rule in enumerate(scenario.rules):
        matched = {
            name: facts for name, facts in operations.items() if any(key_matches(p, name) for p in rule.operation)
        }
        yield from _rule_advice(("rules", i), rule, matched)
    yield from _event_advice("webhooks", scenario.webhooks)
    yield from _event_advice("call_outs", scenario.call_outs)
    for i, webhook in enumerate(scenario.webhooks):
        given = webhook.tampering.model_fields_set
        if "age" in given and webhook.tampering.signature != "stale":
            yield Problem(("webhooks", i, "tampering", "age"), "age has no effect without `signature: stale`", True)


def _event_advice(key: str, rules: Sequence[WebhookRuleSpec | CallOutRuleSpec]) -> Iterator[Problem]:
    for i, late in enumerate(rules):
        early = next((j for j, each in enumerate(rules[:i]) if not each.counted and _takes_all(each, late)), None)
        if early is not None:
            yield Problem((key, i), f"this rule is never used: rule {early + 1} of {key} takes all its events first")


def _takes_all(early: WebhookRuleSpec | CallOutRuleSpec, late: WebhookRuleSpec | CallOutRuleSpec) -> bool:
    return key_matches(early.event, late.event) and key_matches(early.account or "*", late.account or "*")


def _clock_advice(scenario: Scenario) -> Iterator[Problem]:
    clock = scenario.clock
    if clock is None:
        return
    if "speed" in clock.model_fields_set and clock.mode != "scaled":
        yield Problem(
            ("clock", "speed"), f"speed has no effect on a {clock.mode} clock; it goes with `mode: scaled`", True
        )
    if clock.start is not None and clock.mode not in ("manual", "auto"):
        yield Problem(("clock", "start"), f"start has no effect on a {clock.mode} clock", True)


def _account_advice(accounts: list[AccountSpec]) -> Iterator[Problem]:
    for i, late in enumerate(accounts):
        early = next((each for each in accounts[:i] if key_matches(each.key, late.key)), None)
        if early is not None:
            yield Problem(
                ("accounts", i, "key"),
                f"this entry is never used: the entry for {early.key!r} comes first and matches these keys too; "
                "put the narrower one first",
            )


def _rule_advice(loc: Loc, rule: RuleSpec, matched: Mapping[str, OperationFacts]) -> Iterator[Problem]:
    facts = list(matched.values())
    for key, value, useful, what in (
        ("plan", rule.plan, any(f.creates_job for f in facts), "creates a job"),
        ("stream", rule.stream, any(f.streams for f in facts), "streams its reply"),
        ("reply", rule.reply, not all(f.streams for f in facts), "has a reply with fields"),
        ("item", rule.item, any(f.batch for f in facts), "is a batch"),
    ):
        if value is not None and not useful:
            yield Problem((*loc, key), f"{key} has no effect: no operation of this rule {what}", True)
    yield from _count_advice(loc, rule, facts)
    for path, condition in rule.when.items():
        if not (condition.model_fields_set == {"exists"} and condition.exists is False):
            yield from _path_advice((*loc, "when", path), path, facts)
        if condition.is_in == []:
            yield Problem((*loc, "when", path), "nothing is in an empty list, so this rule never matches", True)
    if rule.fault is not None:
        yield from _fault_advice((*loc, "fault"), rule.fault, matched)
        if rule.item is not None and fault_kind(rule.fault.kind) in WIRE_KINDS:
            yield Problem((*loc, "fault"), "a fault on the wire has no effect on an item of a batch", True)
    if rule.stream is not None and rule.stream.fault is not None:
        yield from _fault_advice((*loc, "stream", "fault"), rule.stream.fault, matched, streamed=True)


def _count_advice(loc: Loc, rule: RuleSpec, facts: list[OperationFacts]) -> Iterator[Problem]:
    key = "nth" if rule.nth is not None else "times"
    if rule.counted_by == "job" and not any(f.about_job for f in facts):
        yield Problem((*loc, key), "this rule never matches: no operation of it names a job in its path or body", True)
    if rule.nth is not None and rule.times is not None and min(rule.nth.numbers) > rule.times.number:
        first = min(rule.nth.numbers)
        yield Problem((*loc, "nth"), f"this rule never matches: match {first} is after the last of `times`", True)
    if rule.probability == 0:
        yield Problem((*loc, "probability"), "this rule never matches: its probability is 0", True)


def _path_advice(loc: Loc, path: str, facts: list[OperationFacts]) -> Iterator[Problem]:
    head, _, rest = path.partition(".")
    name = rest if head == "account" else rest.partition(".")[0]
    if head == "header":
        return
    names, message = _names(head, facts)
    if name not in names:
        yield Problem(loc, message.format(name=quoted(name)) + (suggest(name, sorted(names)) if name else ""), True)


def _names(head: str, facts: list[OperationFacts]) -> tuple[frozenset[str], str]:
    """Return the names that a part of the request can have, and the warning about another name."""
    none = frozenset[str]()
    if head == "input":
        has_input = any(f.has_input or f.batch for f in facts)
        return frozenset(("",)) if has_input else none, f"no operation of this rule has an input{_NEVER}"
    if head == "account":
        return _ACCOUNT_FIELDS, f"an account has no field {{name}}{_NEVER}"
    if head == "path":
        return none.union(*(f.path for f in facts)), f"no operation of this rule has {{name}} in its path{_NEVER}"
    if head == "query":
        return none.union(*(f.query for f in facts)), "no operation of this rule has the query parameter {name}"
    bodies = [f.body for f in facts if f.body is not None]
    if not bodies:
        return none, f"no operation of this rule has a body that rules can test{_NEVER}"
    return none.union(*bodies), "no operation of this rule has a field {name} in its body"


def _fault_advice(
    loc: Loc, fault: FaultSpec, matched: Mapping[str, OperationFacts], *, streamed: bool = False
) -> Iterator[Problem]:
    kind = fault_kind(fault.kind)
    given = fault.model_fields_set
    is_wire = kind in WIRE_KINDS
    in_body = streamed or kind in MID_BODY or fault.phase == "mid_body"
    useful = {
        "lasts": kind in _LASTING,
        "p99": kind in _LASTING,
        "at": in_body and kind in _PLACED and (streamed or kind != "slow_drip"),
        "inside": in_body and kind in _PLACED and (streamed or kind != "slow_drip"),
        "rate": kind == "slow_drip",
        "framing": in_body and not streamed,
        "message": not is_wire,
        "retry_after": not is_wire,
    }
    for field, has_effect in useful.items():
        key = "for" if field == "lasts" else field
        if field in given and not has_effect and getattr(fault, field) is not None:
            more = " without `phase: mid_body`" if kind == "reset" and field in ("at", "inside", "framing") else ""
            yield Problem((*loc, key), f"{key} has no effect on {kind}{more}", True)
    provider, colon, _ = kind.partition(":")
    others = sorted({name.partition(".")[0] for name in matched} - {provider}) if colon else []
    if others:
        only = "only" if all(not name.startswith(f"{provider}.") for name in matched) else "also"
        message = f"{fault.kind} is an error of {provider}, and this rule is {only} for {', '.join(others)}"
        yield Problem((*loc, "kind"), message)
