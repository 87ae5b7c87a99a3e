"""The calls of a run: which requests a client sends and which webhooks it gets, by names that do not depend on bodies.

A call is named by its operation, its job, and how often the operation was called for that job so far:
`prompttovideo.get_status@1#2` is the second poll of the first job. Each operation counts jobs in the order in which it
meets them. `descrideo.event.description.succeeded#1` is the first webhook of that event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from mockserver.core.faults import Fault
from mockserver.core.scenario import TamperingSpec
from mockserver.kit.provider import Provider
from mockserver.kit.roles import roles

# The most calls of one test that are recorded. A client that polls for ever makes more.
MAX_CALLS = 2_000


class Call(NamedTuple):
    """One call: its name, the operation or event, its role, and the state of its job in the reply."""

    name: str
    operation: str
    role: str
    state: str = ""

    @property
    def provider(self) -> str:
        """The name of the provider."""
        return self.operation.partition(".")[0]


@dataclass(slots=True)
class Injection:
    """The fault of a cell: at which call, and what happens there. `additive` changes every reply of the run, and
    `sparse` leaves optional fields out of them.
    """

    call: str
    fault: Fault | None = None
    tampering: TamperingSpec | None = None
    additive: bool = False
    sparse: bool = False
    fired: bool = False


@dataclass(slots=True)
class Recorder:
    """Names the calls of one sandbox while they happen, and injects the fault of a cell at its call."""

    job_in: Mapping[str, str]
    role_of: Mapping[str, str]
    injection: Injection | None = None
    calls: list[Call] = field(default_factory=list)
    overflow: bool = False
    _jobs: dict[str, dict[str, int]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def request(self, operation: str, path: Mapping[str, str]) -> Fault | None:
        """Note a request, and return the fault to inject into it."""
        parameter = self.job_in.get(operation, "")
        job = path.get(parameter) if parameter else None
        with self._lock:
            jobs = self._jobs.setdefault(operation, {})
            name = operation if job is None else f"{operation}@{jobs.setdefault(job, len(jobs) + 1)}"
            name = self._numbered(name)
            self._note(Call(name, operation, self.role_of.get(operation, "other")))
        injection = self.injection
        if injection is None or injection.fault is None or injection.call != name:
            return None
        injection.fired = True
        return injection.fault

    def event(self, provider: str, event: str) -> TamperingSpec | None:
        """Note a webhook, and return the tampering to inject into it."""
        operation = f"{provider}.event.{event}"
        with self._lock:
            name = self._numbered(operation)
            self._note(Call(name, operation, "event"))
        injection = self.injection
        if injection is None or injection.tampering is None or injection.call != name:
            return None
        injection.fired = True
        return injection.tampering

    def _numbered(self, name: str) -> str:
        self._counts[name] = count = self._counts.get(name, 0) + 1
        return f"{name}#{count}"

    def _note(self, call: Call) -> None:
        if len(self.calls) < MAX_CALLS:
            self.calls.append(call)
        else:
            self.overflow = True


def recorder_for(providers: Sequence[Provider], injection: Injection | None = None) -> Recorder:
    """Return a recorder that knows the operations of these providers."""
    job_in: dict[str, str] = {}
    role_of: dict[str, str] = {}
    for provider in providers:
        found = roles(provider)
        for operation in provider.operations:
            name = f"{provider.name}.{operation.name}"
            role_of[name] = found[operation.name]
            # A file has its job within the name of the file.
            job_in[name] = operation.job_in or ("name" if found[operation.name] == "asset" else "")
    return Recorder(job_in, role_of, injection)


def difference(first: Sequence[Call], second: Sequence[Call]) -> str | None:
    """Describe where two sequences of calls differ; None if they are the same."""
    names = [[call.name for call in calls] for calls in (first, second)]
    for position, (a, b) in enumerate(zip(*names, strict=False), 1):
        if a != b:
            return f"call {position} is {a} in the first run and {b} in the second"
    if len(names[0]) != len(names[1]):
        shorter, longer = sorted(names, key=len)
        which = "second" if len(names[1]) > len(names[0]) else "first"
        return f"after {len(shorter)} calls, only the {which} run goes on with {longer[len(shorter)]}"
    return None
