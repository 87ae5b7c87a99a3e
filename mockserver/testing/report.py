"""What happened in a sandbox, for the report of a test that failed. Credentials are masked."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import zip_longest

from mockserver.clock import rfc3339
from mockserver.core.journal import JournalEntry
from mockserver.testing.deliveries import Delivery, told
from mockserver.testing.session import World

TAIL = 20
MOST = 5
_NEAREST = 3
_SHORT = 160


def report(
    world: World, entries: Iterable[JournalEntry], deliveries: Iterable[Delivery], intercepted: Iterable[str] = ()
) -> str:
    """The journal's tail, requests that nothing took, webhooks that did not arrive, and what a proxy refused."""
    sandbox, kept = world.sandbox, list(entries)
    now, mode = rfc3339(sandbox.clock.now()), sandbox.clock.mode
    lines = [f"sandbox {sandbox.name}: scenario {sandbox.program.name}, seed {sandbox.seed}, clock {mode} at {now}"]
    lines += _titled("journal", [_line(entry) for entry in kept], TAIL)
    requests = [entry for entry in kept if entry.kind == "request"]
    lines += _titled("unmatched requests", [text for e in requests for text in _unmatched(world, e)], MOST)
    waiting = [told(d) for d in deliveries if d.outcome != "delivered"]
    lines += _titled("undelivered webhooks", waiting, MOST)
    lines += _titled("intercepted programs", list(intercepted), MOST)
    return "\n".join(lines)


def _titled(title: str, lines: list[str], most: int) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"{title}:" if len(lines) <= most else f"{title} (the last {most} of {len(lines)}):"
    yield from (f"  {line}" for line in lines[-most:])


def _line(entry: JournalEntry) -> str:
    at = rfc3339(entry.at).partition("T")[2]
    note = _cut(entry.note or "")
    if entry.kind == "request":
        status = "no reply" if entry.status is None else str(entry.status)
        about = [f"rule {entry.rule!r}" if entry.rule else "", f"job {entry.job}" if entry.job else "", note]
        if (entry.status or 0) >= 400:
            about.append(_cut(entry.reply.decode("utf-8", "replace")))
        told = ", ".join(part for part in about if part)
        return f"{at} {entry.method} {entry.path} -> {status}" + (f"  {told}" if told else "")
    if entry.kind == "transition":
        return f"{at} job {entry.job} of {entry.provider}: {note}"
    if entry.kind == "delivery":
        return f"{at} delivery to {entry.path}: {note}" + (f" {entry.status}" if entry.status else "")
    return f"{at} {note}"


def _unmatched(world: World, entry: JournalEntry) -> Iterator[str]:
    """A request that has no operation, or that no rule took although a rule is about its very operation."""
    what = f"{entry.method} {entry.path}"
    if entry.provider is None:
        yield f"{what}: {entry.note}"
        return
    if entry.operation is None:
        near = _nearest_operations(world, entry)
        yield f"{what}: {entry.provider} has no such operation" + (f"; near: {', '.join(near)}" if near else "")
        return
    if entry.rule is not None:
        return
    own = {rule.name for rule in world.sandbox.program.rules if "*" not in rule.operations}
    misses = [m for m in entry.misses if m.rule in own][:_NEAREST]
    if misses:
        near_misses = "; ".join(f"{m.rule!r} wants {_cut(m.failed)}" for m in misses)
        yield f"{what}: no rule took it; near: {near_misses}"


def _nearest_operations(world: World, entry: JournalEntry) -> list[str]:
    """The operations with the most similar paths, those with the method of the request first."""
    asked = entry.path or ""
    shown = [o for o in world.host.provider(entry.provider or "").operations if not o.hidden]
    near = get_close_matches(asked, {_filled(o.path, asked) for o in shown}, _NEAREST, 0.6)
    found = [o for path in near for o in shown if _filled(o.path, asked) == path]
    return [f"{o.method} {o.path}" for o in sorted(found, key=lambda o: o.method != entry.method)][:_NEAREST]


def _filled(template: str, path: str) -> str:
    """A path template with what the request has in the places of its parameters."""
    parts = zip_longest(template.split("/"), path.split("/")[: template.count("/") + 1], fillvalue="")
    return "/".join(given if own.startswith("{") else own for own, given in parts)


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
