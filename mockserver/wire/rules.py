"""Find the rule of the scenario, or the armed fault, for a request."""

from typing import Any

from mockserver.core.accounts import Account
from mockserver.core.compile import compile_fault
from mockserver.core.faults import Fault
from mockserver.core.match import Miss, Rule, View, candidates
from mockserver.core.scenario import FaultSpec
from mockserver.sandbox.sandbox import Sandbox


async def choose(sandbox: Sandbox, view: View, account: Account | None, misses: list[Miss]) -> Rule | None:
    """Return the first rule that matches `view`. The rules that were tried before it are added to `misses`."""
    rules = sandbox.program.by_operation.get(view.operation, ())
    for rule in candidates(rules, view, misses):
        if not rule.counted:
            return rule
        count = await sandbox.store.next_number("rule", rule.name, account.id if account else "")
        unit = sandbox.seeded.unit("rule", rule.name, count) if rule.probability else 0.0
        failure = rule.count_failure(count, unit)
        if failure is None:
            return rule
        misses.append(Miss(rule.name, failure))
    return None


async def armed_fault(
    sandbox: Sandbox, operation: str, account: Account | None
) -> tuple[str, Fault] | tuple[None, None]:
    """Take an armed fault for this operation, and return its name and the fault, or None twice if there is none.

    A fault that is armed for several times has one time less afterwards; otherwise it is removed.
    """
    taken = await sandbox.store.take_fault(operation, account.key if account else None)
    if taken is None:
        return None, None
    name, armed = taken
    return name, compile_fault(FaultSpec.model_validate(armed["fault"]))


def input_of(data: Any, path_or_function: Any) -> str | None:
    """Return the operation's `input` in the parsed body, by its path or by the function that finds it."""
    if callable(path_or_function):
        value = path_or_function(data)
    else:
        value = data
        for name in path_or_function:
            value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
