"""Find the rule of the scenario, or the armed fault, for a request."""

import asyncio
from collections.abc import Iterator
from typing import Any

from mockserver.core.accounts import Account
from mockserver.core.compile import Program, compile_fault
from mockserver.core.costs import total_steps
from mockserver.core.faults import Fault
from mockserver.core.match import Miss, Rule, View, candidates
from mockserver.core.scenario import FaultSpec
from mockserver.sandbox.sandbox import Sandbox


async def choose(
    sandbox: Sandbox, view: View, account: Account | None, misses: list[Miss], job: str | None = None
) -> Rule | None:
    """Return the first rule that matches `view`. The rules that were tried before it are added to `misses`.

    `job` is the id in the path of the request, if the operation is about a job.
    """
    program = sandbox.program
    rules = candidates(program.by_operation.get(view.operation, ()), view, misses)
    apart = _takes_long(program, view)
    while (rule := await _next_in_thread(sandbox, rules) if apart else next(rules, None)) is not None:
        if not rule.counted:
            return rule
        counter = await _counter(sandbox, rule, view, account, job)
        if counter is None:
            misses.append(Miss(rule.name, "counted by job: the request names no job of this account"))
            continue
        # Counted for each scenario separately, so that a scenario begins again when a sandbox switches back to it.
        count = await sandbox.store.next_number("rule", str(sandbox.activations), rule.name, *counter)
        unit = sandbox.seeded.unit("rule", rule.name, count, *counter[1:]) if rule.probability else 0.0
        failure = rule.count_failure(count, unit)
        if failure is None:
            return rule
        misses.append(Miss(rule.name, failure))
    return None


async def _counter(
    sandbox: Sandbox, rule: Rule, view: View, account: Account | None, job: str | None
) -> tuple[str, ...] | None:
    """Return the name of the rule's counter for a request: that of its account, of its job, or of the sandbox.

    The items of batches have counters of their own. Without such a job, return None: only jobs that exist are counted,
    so that requests for unknown ids do not add counters.
    """
    owner = account.id if account else ""
    kind = () if view.item is None else ("item",)
    if rule.counted_by == "sandbox":
        return ("", "sandbox", *kind)
    if rule.counted_by == "account":
        return (owner, *kind)
    provider = view.operation.partition(".")[0]
    known = job is not None and await sandbox.store.get_job(provider, owner, job) is not None
    return (owner, "job", job or "") if known else None


async def _next_in_thread(sandbox: Sandbox, rules: Iterator[Rule]) -> Rule | None:
    async with sandbox.matching:
        return await asyncio.to_thread(next, rules, None)


def _takes_long(program: Program, view: View) -> bool:
    """Return True if matching could hold the event loop for too long. A thread then does it; RE2 lets others run."""
    costs = program.costs.get(view.operation)
    return costs is not None and view.work is not None and not view.work.fits_in_loop(total_steps(costs, view))


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
