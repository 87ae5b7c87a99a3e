"""Describes what happened in a sandbox, for the report of a failed test. Credentials are masked."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import zip_longest

from mockserver.clock import rfc3339
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking
from mockserver.testing.deliveries import Delivery, summary
from mockserver.testing.hosted_sandbox import HostedSandbox

# The maximum numbers of journal entries, of lines in each other section, of suggestions, and of characters of a text.
MAX_ENTRIES = 20
MAX_LINES = 5
_MAX_SUGGESTIONS = 3
_MAX_TEXT = 160


def report(
    hosted: HostedSandbox, entries: Iterable[JournalEntry], deliveries: Iterable[Delivery], notices: Iterable[str] = ()
) -> str:
    """Describe the last journal entries, unmatched requests, undelivered webhooks, and notices of interceptions."""
    entries = list(entries)
    lines = [hosted.title]
    masking = hosted.masking
    journal = [_line(entry) for entry in entries]
    journal[-MAX_ENTRIES:] = [
        masking.of_request(entry.account, entry.headers).text(line)
        for entry, line in zip(entries[-MAX_ENTRIES:], journal[-MAX_ENTRIES:], strict=True)
    ]
    lines += _section("journal", journal, MAX_ENTRIES)
    requests = [entry for entry in entries if entry.kind == "request"]
    unmatched = [text for e in requests for text in _unmatched(hosted, e, masking.of_request(e.account, e.headers))]
    lines += _section("unmatched requests", unmatched, MAX_LINES)
    undelivered = [summary(d, masking) for d in deliveries if d.outcome != "delivered"]
    lines += _section("undelivered webhooks", undelivered, MAX_LINES)
    lines += _section("intercepted programs", [masking.text(each) for each in notices], MAX_LINES)
    return "\n".join(lines)


def _section(title: str, lines: list[str], maximum: int) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"{title}:" if len(lines) <= maximum else f"{title} (the last {maximum} of {len(lines)}):"
    yield from (f"  {line}" for line in lines[-maximum:])


def _line(entry: JournalEntry) -> str:
    at = rfc3339(entry.at).partition("T")[2]
    note = _cut(entry.note or "")
    if entry.kind == "request":
        status = "no reply" if entry.status is None else str(entry.status)
        rule = f"rule {entry.rule!r}" if entry.rule else "no rule" if entry.operation else ""
        details = [rule, f"job {entry.job}" if entry.job else "", note]
        if (entry.status or 0) >= 400:
            details.append(_cut(entry.reply.decode("utf-8", "replace")))
        details += [f"deviation: {_cut(deviation)}" for deviation in entry.deviations[:MAX_LINES]]
        if len(entry.deviations) > MAX_LINES:
            details.append(f"{len(entry.deviations) - MAX_LINES} more deviations")
        text = ", ".join(detail for detail in details if detail)
        return f"{at} {entry.method} {entry.path} -> {status}" + (f"  {text}" if text else "")
    if entry.kind == "transition":
        return f"{at} job {entry.job} of {entry.provider}: {note}"
    if entry.kind == "delivery":
        return f"{at} delivery to {entry.path}: {note}" + (f" {entry.status}" if entry.status else "")
    return f"{at} {note}"


def _unmatched(hosted: HostedSandbox, entry: JournalEntry, masking: Masking) -> Iterator[str]:
    """Yield a line for a request without an operation, and for one that no rule for its operation matched."""
    request = masking.text(f"{entry.method} {entry.path}")
    if entry.provider is None:
        yield f"{request}: {masking.text(entry.note or '')}"
        return
    if entry.operation is None:
        closest = _closest_operations(hosted, entry)
        hint = f"; closest: {', '.join(closest)}" if closest else ""
        yield f"{request}: {entry.provider} has no such operation{hint}"
        return
    if entry.rule is not None:
        return
    # Rules for all operations say nothing about this one.
    specific = hosted.specific_rules
    misses = [m for m in entry.misses if m.rule in specific][:_MAX_SUGGESTIONS]
    if misses:
        closest = [f"{m.rule!r} (failed condition: {_cut(masking.condition(m.failed))})" for m in misses]
        yield f"{request}: no rule matched; closest: {', '.join(closest)}"


def _closest_operations(hosted: HostedSandbox, entry: JournalEntry) -> list[str]:
    """Return the operations with the most similar paths, those with the method of the request first."""
    path = entry.path or ""
    operations = [o for o in hosted.host.provider(entry.provider or "").operations if not o.hidden]
    similar = get_close_matches(path, {_filled(o.path, path) for o in operations}, _MAX_SUGGESTIONS, 0.6)
    closest = [o for similar_path in similar for o in operations if _filled(o.path, path) == similar_path]
    return [f"{o.method} {o.path}" for o in sorted(closest, key=lambda o: o.method != entry.method)][:_MAX_SUGGESTIONS]


def _filled(template: str, path: str) -> str:
    """Return a path template with its parameters replaced by the segments of `path`."""
    segments = zip_longest(template.split("/"), path.split("/")[: template.count("/") + 1], fillvalue="")
    return "/".join(value if name.startswith("{") else name for name, value in segments)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
