"""Compiles a scenario into a program: rules by operation, plans and accounts, with every name checked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.check import (
    MID_BODY,
    Catalogue,
    Conditions,
    Loc,
    Problem,
    Problems,
    Suggest,
    check,
    check_fault,
    fault_kind,
    first_suggestions,
    quoted,
    suggest,
)
from mockserver.core.costs import Cost, costs_of
from mockserver.core.durations import Span
from mockserver.core.faults import Fault, Phase
from mockserver.core.match import (
    CompiledCondition,
    Miss,
    Rule,
    RuleGroup,
    compile_check,
    compile_item,
    compile_window,
    key_matches,
)
from mockserver.core.patterns import PatternSizes
from mockserver.core.plans import Plan, Step
from mockserver.core.scenario import (
    AccountSpec,
    CallOutRuleSpec,
    FaultSpec,
    PlanSpec,
    RuleSpec,
    Scenario,
    WebhookRuleSpec,
)
from mockserver.core.word_runs import arrange

__all__ = [
    "FALLBACK",
    "Catalogue",
    "Loc",
    "Problem",
    "Problems",
    "Program",
    "Suggest",
    "check_fault",
    "compile_fault",
    "compile_scenario",
    "find_problems",
    "first_suggestions",
    "quoted",
    "suggest",
]

FALLBACK = Plan(
    "default", (Step("queued", Span(2_000)), Step("running", Span(13_000), progress=(0, 95)), Step("succeeded"))
)


class Program(NamedTuple):
    """A compiled scenario. It is immutable; switching a sandbox's scenario replaces its program.

    `costs` has the operations whose rules can take long to match. With `cors` web pages of all sites may read replies.
    """

    source: Scenario
    rules: tuple[Rule, ...]
    plans: Mapping[str, Plan]
    by_operation: Mapping[str, tuple[RuleGroup, ...]]
    others: Mapping[str, tuple[Miss, ...]]
    accounts: tuple[AccountSpec, ...]
    webhooks: tuple[WebhookRuleSpec, ...]
    call_outs: tuple[CallOutRuleSpec, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = {}
    costs: Mapping[str, tuple[Cost, ...]] = {}
    cors: bool = False

    @property
    def name(self) -> str:
        return self.source.scenario

    def plan(self, name: str | None) -> Plan:
        """Return the plan called `name`; without a name, the scenario's `default` or the built-in plan."""
        return self.plans.get(name or "default", FALLBACK)

    def account(self, key: str) -> AccountSpec | None:
        """Return the first account entry that matches `key`. A scenario without accounts accepts every key."""
        if not self.accounts:
            return _ANY_ACCOUNT
        return next((a for a in self.accounts if key_matches(a.key, key)), None)


# Constructed without validation: that would make every start build the validators of a model it may never need.
_ANY_ACCOUNT = AccountSpec.model_construct({"key", "plan"}, key="*", plan="enterprise")


def compile_scenario(scenario: Scenario, known: Catalogue, parent: Program | None = None) -> Program:
    """Compile a scenario. The rules of `parent`, matching it extends, are tried after its own.

    Raises Problems with every error in `scenario` itself.
    """
    conditions = _all_conditions(scenario, parent)
    plans = {**(parent.plans if parent else {}), **{name: _plan(name, p) for name, p in scenario.plans.items()}}
    problems = list(check(scenario, conditions, known, plans))
    if problems:
        raise Problems(problems)
    rules = [_rule(spec, compiled) for spec, compiled in zip(scenario.rules, conditions, strict=True)]
    if parent is not None:
        scenario = scenario.extending(parent.source)
        names = {rule.name for rule in rules}
        rules += [rule for rule in parent.rules if rule.name not in names]
    by_operation, others, costs = _by_operation(rules, known.operations, known.files)
    return Program(
        source=scenario,
        rules=tuple(rules),
        plans=plans,
        by_operation=by_operation,
        others=others,
        accounts=tuple(scenario.accounts),
        webhooks=tuple(scenario.webhooks),
        call_outs=tuple(scenario.call_outs),
        options=scenario.provider_options,
        costs=costs,
        cors=bool(scenario.cors),
    )


def find_problems(
    scenario: Scenario, known: Catalogue, parent: Program | None, plans: Collection[str]
) -> list[Problem]:
    """Return what `compile_scenario` would raise for a part of a scenario. `plans` are the names of all its plans."""
    every = {*plans, *scenario.plans, *(parent.plans if parent else ())}
    return list(check(scenario, _all_conditions(scenario, parent), known, every))


def _all_conditions(scenario: Scenario, parent: Program | None) -> list[Conditions]:
    sizes = PatternSizes(_pattern_bytes(parent.rules) if parent else 0)
    return [_conditions(rule, sizes) for rule in scenario.rules]


def compile_fault(spec: FaultSpec) -> Fault:
    """Compile a fault of a scenario or of the control API. Its kind decides the phase if none is set."""
    kind = fault_kind(spec.kind)
    phase: Phase = spec.phase or ("mid_body" if kind in MID_BODY else "before_commit")
    at = 0.5 if spec.at is None else spec.at
    framing = spec.framing or "length"
    return Fault(
        kind,
        phase,
        spec.message,
        spec.retry_after,
        spec.lasts,
        at,
        spec.rate,
        spec.p99,
        framing,
        spec.inside,
        spec.held,
    )


def _plan(name: str, spec: PlanSpec) -> Plan:
    steps = (Step(s.status, s.lasts, s.polls, s.held, s.stage, s.progress, s.error, s.code) for s in spec.steps)
    return Plan(name, tuple(steps))


def _pattern_bytes(rules: Iterable[Rule]) -> int:
    return sum(check.pattern[1].compiled_bytes for rule in rules for check in rule.checks if check.pattern)


def _conditions(spec: RuleSpec, sizes: PatternSizes) -> Conditions:
    compiled: dict[str, CompiledCondition | ValueError] = {}
    for path, condition in spec.when.items():
        try:
            compiled[path] = compile_check(path, condition, sizes)
        except ValueError as error:
            compiled[path] = error
    return compiled


def _rule(spec: RuleSpec, conditions: Conditions) -> Rule:
    window = (*compile_item(spec.item), *(compile_window(spec.during) if spec.during else ()))
    return Rule(
        name=spec.name,
        operations=tuple(spec.operation),
        checks=(*window, *(c for c in conditions.values() if isinstance(c, CompiledCondition))),
        nth=frozenset(spec.nth.numbers if spec.nth else ()),
        times=spec.times.number if spec.times else None,
        probability=spec.probability,
        plan=spec.plan,
        stream=spec.stream,
        reply=spec.reply,
        fault=compile_fault(spec.fault) if spec.fault else None,
        counted_by=spec.counted_by,
    )


def _by_operation(
    rules: Sequence[Rule], operations: Iterable[str], files: Iterable[str]
) -> tuple[dict[str, tuple[RuleGroup, ...]], dict[str, tuple[Miss, ...]], dict[str, tuple[Cost, ...]]]:
    """Return the rules that match each operation, the misses of those that do not, and what matching can cost.

    A rule matches a file only by its full name, because files are not operations of the provider's API.

    Most operations are matched by the same rules as their neighbours, and share the result.
    """
    patterns = {rule.operations for rule in rules}
    shared: dict[frozenset[tuple[str, ...]], tuple[tuple[RuleGroup, ...], tuple[Miss, ...], tuple[Cost, ...]]] = {}
    by_operation: dict[str, tuple[RuleGroup, ...]] = {}
    others: dict[str, tuple[Miss, ...]] = {}
    costs: dict[str, tuple[Cost, ...]] = {}
    matches = [(operation, _covers) for operation in operations] + [(file, _names) for file in files]
    for operation, covers in matches:
        matching = frozenset(p for p in patterns if covers(p, operation))
        if matching not in shared:
            misses = tuple(_operation_miss(rule) for rule in rules if rule.operations not in matching)
            own = [rule for rule in rules if rule.operations in matching]
            shared[matching] = arrange(own), misses, costs_of(own)
        by_operation[operation], others[operation], own_costs = shared[matching]
        if own_costs:
            costs[operation] = own_costs
    return by_operation, others, costs


def _covers(patterns: tuple[str, ...], operation: str) -> bool:
    return any(key_matches(p, operation) for p in patterns)


def _names(patterns: tuple[str, ...], operation: str) -> bool:
    return operation in patterns


def _operation_miss(rule: Rule) -> Miss:
    return Miss(rule.name, f"operation is not {' or '.join(rule.operations)}")
