"""The report of `mockserver exec`: how often each operation was called, with its statuses and rules."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mockserver.core.masking import Masking
from mockserver.sandbox.sandboxes import Sandboxes


class Line(NamedTuple):
    """Calls with the same result.

    `operation` is a method and a path if no operation has that path. `reason` is the rule that matched, or why there is
    no operation.
    """

    sandbox: str
    operation: str
    status: str
    reason: str


async def count_calls(sandboxes: Sandboxes) -> Counter[Line]:
    """Count the calls in all journals, in the order of the first calls. Old entries of a journal may be missing."""
    counts: Counter[Line] = Counter()
    for sandbox in sandboxes.by_name.values():
        for entry in reversed(await sandbox.journal()):
            if entry.kind == "request":
                masking = Masking().of_request(entry.account, entry.headers)
                operation = entry.operation or masking.text(f"{entry.method} {entry.path}")
                reason = entry.rule if entry.operation else masking.text(entry.note or "")
                counts[Line(sandbox.name, operation, str(entry.status or "no reply"), reason or "")] += 1
    return counts


def report(counts: Mapping[Line, int], refused: Mapping[str, int]) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"{_number(sum(counts.values()), 'call')} to the sandbox"
    width = max((len(line.operation) for line in counts), default=0)
    for line, count in counts.items():
        sandbox = "" if line.sandbox == "default" else f"  (sandbox {line.sandbox})"
        yield f"  {count:>4} x {line.operation:<{width}}  {line.status:<8}  {line.reason}{sandbox}".rstrip()
    if refused:
        yield f"{_number(sum(refused.values()), 'call')} refused"
        for target, count in refused.items():
            yield f"  {count:>4} x {Masking().text(target) or '(not a valid request)'}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
