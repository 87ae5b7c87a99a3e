"""The report of a run: what was called, what came of it, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mockserver.sandbox.sandboxes import Sandboxes


class Line(NamedTuple):
    """Calls that went alike. `operation` is a method and a path where the path is no operation's."""

    sandbox: str
    operation: str
    status: str
    rule: str


async def called(sandboxes: Sandboxes) -> Counter[Line]:
    """How often what was called, in the order of the first calls. Journals are bounded: the oldest may be gone."""
    counted: Counter[Line] = Counter()
    for sandbox in sandboxes.by_name.values():
        for entry in reversed(await sandbox.journal()):
            if entry.kind == "request":
                operation = entry.operation or f"{entry.method} {entry.path}"
                status = str(entry.status or "no reply")
                counted[Line(sandbox.name, operation, status, entry.rule or "")] += 1
    return counted


def report(counted: Mapping[Line, int], refused: Mapping[str, int]) -> Iterator[str]:
    """The lines of a report, for people."""
    total = sum(counted.values())
    yield f"{total} {'call' if total == 1 else 'calls'} to the sandbox"
    wide = max((len(line.operation) for line in counted), default=0)
    for line, count in counted.items():
        where = "" if line.sandbox == "default" else f"  (sandbox {line.sandbox})"
        yield f"  {count:>4} x {line.operation:<{wide}}  {line.status:<8}  {line.rule}{where}".rstrip()
    if refused:
        yield f"{sum(refused.values())} refused"
        for target, count in refused.items():
            yield f"  {count:>4} x {target or 'what was no request'}"
