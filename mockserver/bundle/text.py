"""Bundles and replays as text for a terminal."""

from collections.abc import Iterator

from mockserver.bundle.comparing import Compared
from mockserver.bundle.contents import Bundle
from mockserver.bundle.masked import text_in
from mockserver.bundle.replaying import Outcome
from mockserver.core.instants import rfc3339
from mockserver.core.journal import JournalEntry

_NOTE = 70


def summary(bundle: Bundle) -> list[str]:
    """Return what the bundle is of, in a few lines."""
    manifest, clock = bundle.manifest, bundle.manifest.clock
    requests = sum(entry.kind == "request" for entry in bundle.entries)
    seed = f"seed {manifest.seed}" if manifest.seed is not None else f"seed {bundle.scenario.get('seed', 0)}"
    counts = (
        (requests, "request"),
        (len(bundle.jobs), "job"),
        (len(bundle.deliveries), "outgoing call"),
        (sum(entry.kind == "control" for entry in bundle.entries), "change by the control API"),
    )
    lines = [
        f"sandbox {manifest.sandbox}, saved by mockserver {manifest.written_by}",
        f"scenario {manifest.scenario}, {seed}",
        f"{clock.mode} clock, from {rfc3339(clock.began_at)} to {rfc3339(clock.now)}",
        ", ".join(many(number, name) for number, name in counts if number) or "nothing was recorded",
    ]
    options = [name.replace("_", "-") for name, value in manifest.options if value]
    if options:
        lines.append(f"options of the server: {', '.join(options)}")
    if bundle.first_number > 1:
        lines.append(f"the journal begins at #{bundle.first_number}: older entries were dropped or cleared")
    if bundle.accounts:
        lines.append(f"accounts: {', '.join(sorted(bundle.accounts)[:10])}")
    return lines


def journal(bundle: Bundle) -> Iterator[str]:
    """Yield one line for each entry of the journal, the oldest first."""
    for entry in bundle.entries:
        number = f"#{entry.number}" if entry.number else ""
        yield f"{number:>6}  {_instant(entry.at)}  {_status(entry):>3}  {_what(entry)}".rstrip()


def entry_lines(entry: JournalEntry) -> Iterator[str]:
    """Yield everything about one entry: the request and the reply with their headers and bodies."""
    yield f"#{entry.number} {entry.kind} at {_instant(entry.at)}"
    for name in ("provider", "operation", "account", "job", "rule", "fault", "note"):
        if getattr(entry, name):
            yield f"{name}: {getattr(entry, name)}"
    for deviation in entry.deviations:
        yield f"deviation: {deviation}"
    if entry.kind != "request":
        return
    yield ""
    yield f"{entry.method} {entry.path}{'?' if entry.query else ''}{entry.query}"
    yield from (f"{name}: {value}" for name, value in entry.headers)
    yield from _body(entry.request)
    yield ""
    yield f"{entry.status if entry.status is not None else 'no status'} ({entry.delivered.replace('_', ' ')})"
    yield from (f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in entry.reply_headers)
    yield from _body(entry.reply)


def outcome(result: Outcome) -> Iterator[str]:
    """Yield each request whose reply differs, with the reason, and a line that sums up."""
    for each in result.requests:
        yield from _compared(each)
    yield from (f"the change {change}" for change in result.changes)
    yield totals(result)


def totals(result: Outcome) -> str:
    """Return one line: how many replies are identical."""
    count = len(result.requests)
    if not count:
        return "the bundle has no requests"
    missing = sum(not each.sent for each in result.requests)
    more = f"; {many(missing, 'request')} could not be sent again" if missing else ""
    return f"{result.identical} of {count} replies are identical, byte by byte{more}"


def many(number: int, name: str) -> str:
    """Return a number and a noun."""
    noun, _, rest = name.partition(" by ")
    return f"{number} {noun}{'' if number == 1 else 's'}{rest and f' by {rest}'}"


def _compared(each: Compared) -> Iterator[str]:
    if each.identical:
        return
    if not each.sent:
        yield f"#{each.number} {each.operation} was not sent: {each.why}"
        return
    yield f"#{each.number} {each.operation} differs: {each.why}"
    yield from (f"    {difference}" for difference in each.differences)


def _what(entry: JournalEntry) -> str:
    if entry.kind == "request":
        parts = [entry.operation or f"{entry.method} {entry.path}"]
    elif entry.kind == "transition":
        parts = [f"{entry.job} is {entry.note}"]
    else:
        parts = [entry.note or entry.kind]
    if entry.kind == "request":
        parts += [f"job {entry.job}"] if entry.job else []
        parts += [f"rule {entry.rule!r}"] if entry.rule else []
        parts += [entry.note[:_NOTE]] if entry.note else []
    return "  ".join(parts)


def _status(entry: JournalEntry) -> str:
    if entry.kind == "request":
        return str(entry.status) if entry.status is not None and entry.delivered == "whole" else "---"
    return "" if entry.status is None else str(entry.status)


def _instant(at: int) -> str:
    return f"{rfc3339(at)[:-1]}.{at % 1000:03}Z"


def _body(body: bytes) -> Iterator[str]:
    if body:
        text = text_in(body)
        yield ""
        yield f"({len(body)} bytes that are not text)" if text is None else text.encode("utf-8", "replace").decode()
