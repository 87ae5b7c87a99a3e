"""The fault of a request: one that was armed, or that of the rule which takes the request."""

from typing import Any

from mockserver.core.compile import compile_fault
from mockserver.core.faults import Fault, Refusal
from mockserver.core.match import key_matches
from mockserver.core.scenario import FaultSpec
from mockserver.wire import wire_faults
from mockserver.wire.call import Call

# What the store calls faults that wait for a request.
ARMED = "fault"


async def fault_of(call: Call) -> Fault | None:
    """Choose the rule, and raise or do what its fault wants before the operation; else give it back.

    A fault that was armed comes before every rule. Raises Refusal, and Broken or Disconnected for faults on the wire.
    """
    assert call.operation is not None
    fault = await _armed(call)
    if fault is None:
        call.rule = await call.choose(call.view(call.data, call.operation.input), call.misses)
        fault = call.rule.fault if call.rule else None
    if fault is None or fault.phase != "before_commit":
        return fault
    if fault.on_wire:
        await wire_faults.before_reply(fault, call)
        return None
    raise refused(call, fault)


async def _armed(call: Call) -> Fault | None:
    """A one-shot fault that was armed for this operation, taken so that it strikes once."""
    store, operation = call.sandbox.store, call.entry.operation or ""
    for name, armed in (await store.values(ARMED, call.now)).items():
        if not key_matches(armed["operation"], operation):
            continue
        if armed.get("account") and not (call.known and key_matches(armed["account"], call.account.key)):
            continue
        taken = await store.take_value(ARMED, name, call.now)
        if taken is None:
            continue
        if taken["times"] > 1:
            await store.put_value(ARMED, name, {**taken, "times": taken["times"] - 1})
        call.entry.note = f"armed fault {name}"
        return compile_fault(FaultSpec.model_validate(taken["fault"]))
    return None


def refused(call: Call, fault: Fault) -> Refusal:
    """The refusal that a fault asks for."""
    if fault.kind == "rate_limited":
        call.exhausted(fault.retry_after)
    detail: dict[str, Any] = {"fault": True}
    if fault.retry_after is not None:
        detail["retry_after"] = fault.retry_after
    return Refusal(fault.kind, fault.message or "", detail)
