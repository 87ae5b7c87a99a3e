"""Checks of a scenario beyond its types: unknown names, invalid conditions, and faults in the wrong phase."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.expect import Expectation
from mockserver.core.faults import ERROR_KINDS, WIRE_KINDS
from mockserver.core.fill import KNOWN, MAX_PLACEHOLDERS, count_names, unknown_names
from mockserver.core.match import CompiledCondition, key_matches
from mockserver.core.scenario import AccountSpec, FaultSpec, RuleSpec, Scenario
from mockserver.core.streams import STREAM_FAULTS
from mockserver.core.synonyms import meant_by

_CODE = re.compile(r"([a-z]+)\s*[:.]\s*([A-Za-z0-9_]+)\Z")
# Wire faults that can only happen in the middle of a body.
MID_BODY = ("truncate", "stall", "garble", "slow_drip")

# These limit the time to find suggestions and the length of errors, whatever a scenario contains.
_MAX_SUGGESTIONS = 20
_MAX_WORD = 80
_MAX_COMPARED = 500
_MAX_PRINTED = 100

Loc = tuple[str | int, ...]
Suggest = Callable[[str, Sequence[str]], str]
# The conditions of a rule by their path: each compiled, or the error of compiling it.
Conditions = Mapping[str, CompiledCondition | ValueError]


class Catalogue(NamedTuple):
    """The names that scenarios can use: operations, provider codes, events, plans and limits of the providers.

    `files` are operations that are not documented and return files. A wildcard does not match them.
    """

    operations: tuple[str, ...]
    codes: frozenset[str] = frozenset()
    events: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    call_outs: tuple[str, ...] = ()


class Problem(NamedTuple):
    """An error in a scenario: its place, as a path into the document, and a message."""

    loc: Loc
    message: str
    at_key: bool = False


class Problems(ValueError):
    """A scenario cannot be compiled. `problems` lists every error in it."""

    def __init__(self, problems: list[Problem]) -> None:
        shown = problems[:_MAX_PRINTED]
        super().__init__("; ".join(f"{'.'.join(map(str, p.loc))}: {p.message}" for p in shown))
        self.problems = problems


# The key of `providers` that is not the name of a provider.
ADDITIVE = "additive"


def check(
    scenario: Scenario, conditions: Sequence[Conditions], known: Catalogue, plans: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for every unknown name and every invalid condition in `scenario`.

    `conditions` are those of its rules, in order. `plans` includes those of the scenarios that it extends. The first 20
    unknown names get suggestions.
    """
    names = _Names(known, tuple(sorted(plans)), frozenset(plans), first_suggestions())
    for i, (rule, compiled) in enumerate(zip(scenario.rules, conditions, strict=True)):
        yield from _rule_problems(("rules", i), rule, compiled, names)
    yield from _name_problems(scenario.rules)
    for i, account in enumerate(scenario.accounts):
        yield from _account_problems(("accounts", i), account, names)
    for i, webhook in enumerate(scenario.webhooks):
        if not any(key_matches(webhook.event, e) for e in known.events):
            yield Problem(("webhooks", i, "event"), names.unknown("event", webhook.event, known.events))
    for i, call_out in enumerate(scenario.call_outs):
        if not any(key_matches(call_out.event, e) for e in known.call_outs):
            yield Problem(("call_outs", i, "event"), names.unknown("call-out", call_out.event, known.call_outs))
    for i, expected in enumerate(scenario.expect):
        yield from _expectation_problems(("expect", i), expected, names)
    yield from _provider_problems(scenario, names)


def _provider_problems(scenario: Scenario, names: "_Names") -> Iterator[Problem]:
    for name, options in scenario.providers.items():
        if name == ADDITIVE:
            if not isinstance(options, bool):
                yield Problem(("providers", name), "expected true or false")
        elif name not in names.known.providers:
            unknown = names.unknown("provider", name, (*names.known.providers, ADDITIVE))
            yield Problem(("providers", name), unknown, True)
        elif isinstance(options, bool):
            yield Problem(("providers", name), "expected a mapping of options, such as {additive: true}")


class _Names(NamedTuple):
    """The names that a scenario can use."""

    known: Catalogue
    plans: tuple[str, ...]
    plan_set: frozenset[str]
    suggest: Suggest

    def unknown(self, what: str, name: str, options: tuple[str, ...]) -> str:
        return f"unknown {what} {quoted(name)}{self.suggest(name, options)}"


def suggest(word: str, options: Sequence[str]) -> str:
    """Return the end of an error about a wrong word: `; did you mean 'x'?`, or the options if there are at most 24.

    A word of more than 80 characters is not compared, and at most 500 options are.
    """
    from difflib import get_close_matches  # most starts have nothing to suggest

    short = [option for option in options[:_MAX_COMPARED] if len(option) <= _MAX_WORD]
    close = get_close_matches(word, short, 1, 0.6) if len(word) <= _MAX_WORD else []
    if (meant := meant_by(word, short)) is not None:
        close = [meant]
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; one of: {', '.join(sorted(short))}" if short and len(options) <= 24 else ""


def first_suggestions() -> Suggest:
    """Return a function like `suggest` that suggests something for the first 20 words only."""
    left = _MAX_SUGGESTIONS

    def suggest_first(word: str, options: Sequence[str]) -> str:
        nonlocal left
        left -= 1
        return suggest(word, options) if left >= 0 else ""

    return suggest_first


def quoted(word: str) -> str:
    """Return a word in quotes, shortened if it is long."""
    return repr(word if len(word) <= _MAX_WORD else word[: _MAX_WORD - 3] + "...")


def _one_of(loc: Loc, listed: list[str], i: int) -> Loc:
    # A list of one item may be written without brackets. Then the item has no position of its own.
    return loc if len(listed) == 1 else (*loc, i)


def _name_problems(rules: list[RuleSpec]) -> Iterator[Problem]:
    positions: dict[str, int] = {}
    for i, rule in enumerate(rules):
        first = positions.setdefault(rule.name, i)
        if first != i:
            yield Problem(("rules", i, "name"), f"rule {first + 1} is also called {rule.name!r}; names must be unique")


def _account_problems(loc: Loc, account: AccountSpec, names: _Names) -> Iterator[Problem]:
    known = names.known
    if account.plan is not None and account.plan not in known.tiers:
        suggestion = names.suggest(account.plan, known.tiers)
        yield Problem((*loc, "plan"), f"no provider has a plan {quoted(account.plan)}{suggestion}")
    for name in account.limits:
        if name not in known.limits:
            yield Problem((*loc, "limits", name), names.unknown("limit", name, known.limits), True)
    events = account.webhook.events if account.webhook else []
    for i, event in enumerate(events):
        if event not in known.events:
            yield Problem(_one_of((*loc, "webhook", "events"), events, i), names.unknown("event", event, known.events))


def _expectation_problems(loc: Loc, expected: Expectation, names: _Names) -> Iterator[Problem]:
    known, pattern = names.known, expected.operation
    if pattern is not None and not any(key_matches(pattern, o) for o in known.operations):
        suggestion = names.suggest(pattern, known.operations)
        yield Problem((*loc, "operation"), f"no operation matches {quoted(pattern)}{suggestion}")
    provider = expected.credits.provider if expected.credits is not None else None
    if provider is not None and provider not in known.providers:
        yield Problem((*loc, "credits", "provider"), names.unknown("provider", provider, known.providers))


def _rule_problems(loc: Loc, rule: RuleSpec, conditions: Conditions, names: _Names) -> Iterator[Problem]:
    known = names.known
    for i, pattern in enumerate(rule.operation):
        if pattern not in known.files and not any(key_matches(pattern, o) for o in known.operations):
            place = _one_of((*loc, "operation"), rule.operation, i)
            yield Problem(place, f"no operation matches {quoted(pattern)}{names.suggest(pattern, known.operations)}")
    for path, compiled in conditions.items():
        if isinstance(compiled, ValueError):
            yield Problem((*loc, "when", path), str(compiled), at_key=True)
    if rule.plan is not None and rule.plan not in names.plan_set and rule.plan != "default":
        yield Problem((*loc, "plan"), names.unknown("plan", rule.plan, names.plans))
    if rule.fault is not None:
        yield from check_fault((*loc, "fault"), rule.fault, known, names.suggest)
    placeholders = count_names(rule.reply, rule.stream.text if rule.stream else None)
    if placeholders > MAX_PLACEHOLDERS:
        yield Problem(loc, f"this rule has {placeholders} placeholders, and can have {MAX_PLACEHOLDERS} at most")
    yield from _placeholder_problems((*loc, "reply"), rule.reply, names)
    if rule.stream is not None:
        yield from _placeholder_problems((*loc, "stream", "text"), rule.stream.text, names)
        if rule.stream.fault is not None:
            yield from _stream_fault_problems((*loc, "stream", "fault"), rule.stream.fault, names)


def _placeholder_problems(loc: Loc, value: Any, names: _Names) -> Iterator[Problem]:
    for path, name in unknown_names(value):
        yield Problem((*loc, *path), f"unknown placeholder ${{{name}}}{names.suggest(name, KNOWN)}")


def check_fault(loc: Loc, fault: FaultSpec, known: Catalogue, suggest: Suggest = suggest) -> Iterator[Problem]:
    """Yield a problem for an unknown kind of fault, and for a phase that the kind cannot have."""
    kind, kinds = fault_kind(fault.kind), (*ERROR_KINDS, *WIRE_KINDS, *sorted(known.codes))
    if fault.held and (kind != "stall" or fault.lasts is not None):
        reason = "for says when it ends" if kind == "stall" else f"{kind} does not stop and go on"
        yield Problem((*loc, "held"), f"only a stall without for can be held: {reason}")
    if kind not in kinds:
        yield Problem((*loc, "kind"), f"unknown fault {fault.kind!r}{suggest(kind, kinds)}")
    elif kind in WIRE_KINDS and fault.phase == "mid_body" and kind in ("latency", "hang", "empty_reply"):
        yield Problem((*loc, "phase"), f"{kind} happens before the reply begins, so its phase cannot be mid_body")
    elif kind in MID_BODY and fault.phase not in (None, "mid_body"):
        yield Problem((*loc, "phase"), f"{kind} changes the body of a reply, so its phase must be mid_body")
    elif kind not in WIRE_KINDS and fault.phase == "mid_body":
        yield Problem((*loc, "phase"), f"{kind} replaces the whole reply, so its phase cannot be mid_body")


def _stream_fault_problems(loc: Loc, fault: FaultSpec, names: _Names) -> Iterator[Problem]:
    problems = list(check_fault(loc, fault, names.known, names.suggest))
    yield from problems
    if problems:
        return
    if fault.kind not in STREAM_FAULTS:
        message = (
            f"the fault of a stream must be {', '.join(STREAM_FAULTS[:-1])} or {STREAM_FAULTS[-1]}, not {fault.kind}"
        )
        yield Problem((*loc, "kind"), message)
    elif fault.phase not in (None, "mid_body"):
        yield Problem((*loc, "phase"), "a stream has begun when its fault happens, so its phase must be mid_body")


def fault_kind(text: str) -> str:
    """Return a fault's kind in its normal form: `nanophoto: X` and `nanophoto.X` both give `nanophoto:X`."""
    code = _CODE.match(text)
    return f"{code[1]}:{code[2]}" if code else text
