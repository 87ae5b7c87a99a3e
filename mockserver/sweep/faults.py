"""The faults that can happen at a call: the errors that the provider documents there, and faults on the wire."""

from collections.abc import Iterator
from typing import NamedTuple

from mockserver.core.durations import Span
from mockserver.core.faults import ERROR_KINDS, Fault, Refusal
from mockserver.core.scenario import TamperingSpec
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider
from mockserver.sweep.calls import Call, Injection

# How long a reply is late, or a connection stays silent before it closes, on the sandbox's clock.
SLOW, SILENCE = 30_000, 60_000
ADDITIVE, SPARSE = "additive", "sparse"
# Faults that change all replies of a run.
EVERYWHERE = (ADDITIVE, SPARSE)
_LOST = TamperingSpec.model_validate({"lose": 10})
_TAMPERING = {
    "lost": _LOST,
    "late": TamperingSpec.model_validate({"delay": "10m"}),
    "doubled": TamperingSpec.model_validate({"duplicate": 1}),
    "reordered": TamperingSpec.model_validate({"reorder": True}),
    "forged": TamperingSpec.model_validate({"signature": "wrong_key"}),
}


class Possible(NamedTuple):
    """A fault that can happen at a call.

    `loses` is true if the client cannot know what the provider has done. `final` is true for a refusal that repeating
    does not change: after it, nobody could collect a result. `gone` is true if the result itself does not exist any
    more, so that only new work can replace it.
    """

    name: str
    fault: Fault | None = None
    tampering: TamperingSpec | None = None
    loses: bool = False
    final: bool = False
    gone: bool = False

    def injected_at(self, call: str) -> Injection:
        """Return the injection of this fault at a call."""
        return Injection(call, self.fault, self.tampering, self.name == ADDITIVE, self.name == SPARSE)


def faults_at(call: Call, provider: Provider) -> tuple[Possible, ...]:
    """Return the faults that can happen at a call of the provider."""
    if call.role == "event":
        return tuple(Possible(name, tampering=spec, loses=name == "lost") for name, spec in _TAMPERING.items())
    name = call.operation.partition(".")[2]
    operation = next(each for each in provider.operations if each.name == name)
    if call.role == "asset":
        expired = Possible("expired", Fault("not_found"), final=True, gone=True)
        errors = [Possible("server_error", Fault("server_error")), expired]
    else:
        errors = list(_errors(operation, provider))
    return (*errors, *_on_wire(operation, call), *map(Possible, EVERYWHERE))


def _errors(operation: Operation, provider: Provider) -> Iterator[Possible]:
    """Yield each documented error of an operation once: two kinds can have the same reply."""
    seen = set()
    kinds = [*ERROR_KINDS, *(f"{provider.name}:{code}" for code in provider.codes)]
    for kind in kinds:
        reply = provider.error_reply(Refusal(kind, scripted=True))
        key = (reply.status, repr(reply.body))
        if reply.status in operation.replies and reply.status >= 400 and key not in seen:
            seen.add(key)
            retry_after = 1_000 if kind in ("rate_limited", "overloaded") else None
            fault, final = Fault(kind, retry_after=retry_after), reply.status < 500 and reply.status != 429
            yield Possible(kind.rpartition(":")[2], fault, loses=reply.status >= 500, final=final)


def _on_wire(operation: Operation, call: Call) -> Iterator[Possible]:
    yield Possible("reset-before", Fault("reset", "before_commit"), loses=True)
    yield Possible("silent-before", Fault("hang", "before_commit", lasts=Span(SILENCE)), loses=True)
    if call.role == "submit" or operation.method != "GET":
        yield Possible("reset-after", Fault("reset", "after_commit"), loses=True)
        yield Possible("silent-after", Fault("hang", "after_commit", lasts=Span(SILENCE)), loses=True)
        yield Possible("error-after", Fault("server_error", "after_commit"), loses=True)
    yield Possible("cut", Fault("truncate", "mid_body"), loses=True)
    yield Possible("slow", Fault("latency", "before_commit", lasts=Span(SLOW)))
