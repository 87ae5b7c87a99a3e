"""The outline of a scenario, as `mockserver show` prints it."""

from collections.abc import Iterator

from mockserver.core.compile import Program
from mockserver.core.match import Rule
from mockserver.core.shadows import shadows


def outline(program: Program) -> Iterator[str]:
    """Yield the lines: accounts, rules in the order in which they are tried, and the timeline of each plan."""
    source = program.source
    yield f"{program.name}: {source.description}" if source.description else program.name
    clock = source.clock.mode if source.clock else "real"
    yield f"clock {clock}, seed {0 if source.seed is None else source.seed}"
    if program.accounts:
        yield from ("", "accounts (the first match is used):")
        for account in program.accounts:
            values = account.model_dump(mode="json", exclude={"key", "webhook"}, exclude_unset=True)
            yield f"  {account.key}  " + ", ".join(f"{k} {v}" for k, v in values.items())
    yield from ("", "rules (the first match is used):")
    shadowed = shadows(program.rules)
    for number, rule in enumerate(program.rules, 1):
        yield f"  {number}. {rule.name}"
        yield f"     {_summary(rule)}"
        if rule.name in shadowed:
            yield f"     never used: '{shadowed[rule.name]}' matches all its requests first"
    yield from ("", "plans:")
    used = {rule.plan for rule in program.rules} | {"default"}
    for name, plan in program.plans.items():
        unused = "" if name in used else "   (no rule uses it)"
        yield f"  {name}: {plan.timeline()}{unused}"


def _summary(rule: Rule) -> str:
    parts = [" or ".join(rule.operations)]
    conditions = [text for check in rule.checks for text in check.texts]
    if conditions:
        parts.append("when " + " and ".join(conditions))
    of = {"account": "", "job": " of each job", "sandbox": " of the sandbox"}[rule.counted_by]
    if rule.nth:
        parts.append("match " + " or ".join(str(n) for n in sorted(rule.nth)) + of)
    if rule.times is not None:
        parts.append(f"the first {rule.times} matches{of}" if rule.times > 1 else f"the first match{of}")
    if rule.probability is not None:
        parts.append(f"with probability {rule.probability:g}")
    outcome = [f"plan {rule.plan}"] if rule.plan else []
    outcome += [f"fault {rule.fault.kind} {rule.fault.phase}"] if rule.fault else []
    outcome += ["a stream"] if rule.stream else []
    outcome += [f"reply with {', '.join(rule.reply)}"] if rule.reply else []
    return f"{', '.join(parts)} -> {', '.join(outcome) or 'the default plan'}"
