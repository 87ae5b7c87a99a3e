"""Which rule of the scenario takes a request, and which fault strikes it."""

from typing import Any

from mockserver.core.accounts import Account
from mockserver.core.compile import compile_fault
from mockserver.core.faults import Fault
from mockserver.core.match import Miss, Rule, View, candidates
from mockserver.core.scenario import FaultSpec
from mockserver.sandbox.sandbox import Sandbox


async def choose(sandbox: Sandbox, view: View, account: Account | None, misses: list[Miss]) -> Rule | None:
    """The first rule that takes what `view` shows; the others that were tried are noted in `misses`."""
    rules = sandbox.program.by_operation.get(view.operation, ())
    for rule in candidates(rules, view, misses):
        if not rule.counted:
            return rule
        count = await sandbox.store.next_number("rule", rule.name, account.id if account else "")
        unit = sandbox.seeded.unit("rule", rule.name, count) if rule.probability else 0.0
        failed = rule.count_failure(count, unit)
        if failed is None:
            return rule
        misses.append(Miss(rule.name, failed))
    return None


async def armed_fault(
    sandbox: Sandbox, operation: str, account: Account | None
) -> tuple[str, Fault] | tuple[None, None]:
    """The name of a fault that was armed for this operation and account, and the fault. None if there is none."""
    taken = await sandbox.store.take_fault(operation, account.key if account else None)
    if taken is None:
        return None, None
    name, armed = taken
    return name, compile_fault(FaultSpec.model_validate(armed["fault"]))


def input_of(data: Any, names: Any) -> str | None:
    """The value that an operation is about, in the data of its body."""
    if callable(names):
        value = names(data)
    else:
        value = data
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
