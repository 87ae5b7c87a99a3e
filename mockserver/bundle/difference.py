"""The differences between two bundles: of the scenarios, the requests with their replies, the jobs and the credits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from mockserver.bundle.contents import Bundle
from mockserver.core.credits import CREDIT
from mockserver.core.journal import JournalEntry

# Above this many requests they are compared one by one, because aligning them takes long.
_MOST_ALIGNED = 2_000
# The fields of a request that are compared, as they are called in the output.
_FIELDS = {"status": "status", "delivered": "sent", "rule": "rule", "fault": "fault"}


def differences(a: Bundle, b: Bundle) -> Iterator[str]:
    """Yield the differences, each as a line for people. The times of the machine are not compared."""
    yield from _settings(a, b)
    yield from _requests(_requests_of(a), _requests_of(b))
    yield from _jobs(a, b)
    yield from _credits(a, b)


def _settings(a: Bundle, b: Bundle) -> Iterator[str]:
    for name in ("sandbox", "scenario", "seed"):
        yield from _changed(name, getattr(a.manifest, name), getattr(b.manifest, name))
    for name, value in a.manifest.options:
        yield from _changed(f"option {name.replace('_', '-')}", value, getattr(b.manifest.options, name))
    yield from _changed("clock", a.manifest.clock.mode, b.manifest.clock.mode)
    keys = dict.fromkeys((*a.scenario, *b.scenario))
    changed = [key for key in keys if key != "scenario" and a.scenario.get(key) != b.scenario.get(key)]
    if changed:
        yield f"the scenarios differ in: {', '.join(changed)}"


def _changed(what: str, there: Any, here: Any) -> Iterator[str]:
    if there != here:
        yield f"{what}: {_shown(there)} in the first, {_shown(here)} in the second"


def _shown(value: Any) -> str:
    return "none" if value is None or value == "" else str(value).lower() if isinstance(value, bool) else str(value)


def _requests_of(bundle: Bundle) -> list[JournalEntry]:
    return sorted((each for each in bundle.entries if each.kind == "request"), key=lambda each: each.number)


def _requests(a: Sequence[JournalEntry], b: Sequence[JournalEntry]) -> Iterator[str]:
    for ours, theirs in _aligned(a, b):
        if ours is None or theirs is None:
            there, which = (ours, "first") if ours is not None else (theirs, "second")
            assert there is not None
            yield f"only in the {which}: #{there.number} {_what(there)}, {_result(there)}"
            continue
        found = list(_request(ours, theirs))
        if found:
            number = f"#{ours.number}" if ours.number == theirs.number else f"#{ours.number} and #{theirs.number}"
            yield f"{number} {_what(ours)}: {'; '.join(found)}"


def _aligned(
    a: Sequence[JournalEntry], b: Sequence[JournalEntry]
) -> Iterator[tuple[JournalEntry | None, JournalEntry | None]]:
    """Yield the requests of both sides that belong together, and those that only one side has."""
    if max(len(a), len(b)) > _MOST_ALIGNED:
        blocks: Iterable[tuple[str, int, int, int, int]] = [("replace", 0, len(a), 0, len(b))]
    else:
        blocks = SequenceMatcher(None, [*map(_what, a)], [*map(_what, b)], autojunk=False).get_opcodes()
    for kind, a0, a1, b0, b1 in blocks:
        ours, theirs = a[a0:a1], b[b0:b1]
        if kind == "equal" or (kind == "replace" and max(len(a), len(b)) > _MOST_ALIGNED):
            shared = min(len(ours), len(theirs))
            yield from zip(ours[:shared], theirs[:shared], strict=True)
            ours, theirs = ours[shared:], theirs[shared:]
        yield from ((each, None) for each in ours)
        yield from ((None, each) for each in theirs)


def _what(entry: JournalEntry) -> str:
    return entry.operation or f"{entry.method} {entry.path}"


def _result(entry: JournalEntry) -> str:
    return f"status {entry.status}" if entry.delivered == "whole" else f"reply: {entry.delivered}"


def _request(ours: JournalEntry, theirs: JournalEntry) -> Iterator[str]:
    for name, word in _FIELDS.items():
        there, here = getattr(ours, name), getattr(theirs, name)
        if there != here:
            yield f"{word} {_shown(there)}, then {_shown(here)}"
    if (ours.path, ours.query) != (theirs.path, theirs.query):
        yield f"path {ours.path}, then {theirs.path}"
    if ours.request != theirs.request:
        yield "another body was sent"
    elif ours.status == theirs.status and ours.reply != theirs.reply:
        yield "the body of the reply differs"


def _jobs(a: Bundle, b: Bundle) -> Iterator[str]:
    ends = [{job.id: job.at(each.manifest.clock.now).status for job in each.jobs} for each in (a, b)]
    for job in dict.fromkeys((*ends[0], *ends[1])):
        if ends[0].get(job) != ends[1].get(job):
            there, here = (end.get(job, "not there") for end in ends)
            yield f"job {job}: {there} in the first, {here} in the second"


def _credits(a: Bundle, b: Bundle) -> Iterator[str]:
    spent = [_spent(each) for each in (a, b)]
    for account in dict.fromkeys((*spent[0], *spent[1])):
        there, here = (each.get(account, 0) for each in spent)
        if there != here:
            yield f"credits that {account} spent: {there / CREDIT:g} in the first, {here / CREDIT:g} in the second"


def _spent(bundle: Bundle) -> Mapping[str, int]:
    """Return what each account has spent or reserved, in hundredths of a credit."""
    kinds = ("reserve", "capture", "release")
    return {
        account: -sum(entry.amount for entry in credits.entries if entry.kind in kinds)
        for account, credits in bundle.credits.items()
    }
