"""Observes one sandbox during a run: names its calls, injects the fault, and reads the verdict and the credits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mockserver.core.verdict.facts import Facts
from mockserver.core.verdict.policy import Policy
from mockserver.sweep.calls import Call, Injection, Recorder, recorder_for
from mockserver.sweep.judging import Outcome, Seen

if TYPE_CHECKING:
    from mockserver.testing.handle import MockServer

_STATES = {"active": "running", "succeeded": "succeeded", "ended": "failed"}


class Observation:
    """The observation of the sandbox of a handle, from its beginning to its end."""

    def __init__(self, handle: "MockServer", injection: Injection | None) -> None:
        self._handle = handle
        self._hosted = handle._hosted
        self._recorder: Recorder = recorder_for(self._hosted.host.providers, injection)
        self._injection = injection
        sandbox = self._hosted.sandbox
        sandbox.inject, sandbox.inject_tampering = self._recorder.request, self._recorder.event
        if injection is not None and injection.additive:
            sandbox.change_additively()
            injection.fired = True
        if injection is not None and injection.sparse:
            sandbox.leave_out_optional_fields()
            injection.fired = True

    def end(self) -> Outcome:
        """Return what happened. `passed` is true, because the sandbox does not know the result of the test."""
        from mockserver.verdict.collect import collect

        hosted, sandbox = self._hosted, self._hosted.sandbox
        facts = hosted.run_settled(collect(sandbox, hosted.host.providers, hosted.masking))
        verdict = self._handle._verdict(Policy(self._handle.allowed_rules))
        sandbox.inject = sandbox.inject_tampering = None
        recorder = self._recorder
        return Outcome(
            passed=True,
            calls=_with_states(recorder.calls, facts),
            spent=sum(charge.net for charge in facts.charges),
            findings=tuple(Seen(f.rule, f.severity, f.message, f.cost is not None) for f in verdict.findings),
            fired=self._injection is not None and self._injection.fired,
            overflow=recorder.overflow,
        )


def _with_states(calls: Sequence[Call], facts: Facts) -> tuple[Call, ...]:
    """Return the calls with the state of the job that each reply had. Calls that were refused before have none."""
    seen: dict[str, list[str]] = {}
    for call in facts.calls:
        if call.operation is not None:
            seen.setdefault(call.operation, []).append(_STATES.get(call.seen or "", ""))
    counts = {operation: sum(call.operation == operation for call in calls) for operation in seen}
    states = {operation: iter(found) for operation, found in seen.items() if len(found) == counts[operation]}
    return tuple(call._replace(state=next(states[call.operation], "")) if call.operation in states else call
                 for call in calls)  # fmt: skip
