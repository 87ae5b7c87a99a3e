"""The values that `${...}` in a scenario stands for, taken from a request."""

from typing import Any

from mockserver.clock import rfc3339
from mockserver.wire.call import Call


def value_of(call: Call, name: str) -> Any:
    """The value of a name from the closed list of substitution; None where the request has no such thing."""
    if name == "now":
        return rfc3339(call.now)
    if name == "job.id":
        return call.entry.job
    if name.startswith("seed."):
        return call.seeded.bits("fill", int(name[5:])) % 1_000_000_000
    _, head, *path = name.split(".")
    assert call.operation is not None
    if head == "header":
        path = [part.lower() for part in path]
    found = call.view(call.data, call.operation.input).find(head, tuple(path))
    return found if isinstance(found, str | int | float | bool | dict | list) else None
