"""The order in which the events of a bundle happened, and happen again."""

from collections.abc import Iterator
from typing import NamedTuple

from mockserver.core.journal import JournalEntry

# A request that took longer than so many milliseconds of the machine's time waited for something.
_LONG = 50


class Event(NamedTuple):
    """Something to do at an instant: a request or a change (`entry`), or the end of a client's patience (`leaves`)."""

    at: int
    order: tuple[int, int, int]
    entry: JournalEntry
    leaves: bool = False


def events(entries: list[JournalEntry]) -> Iterator[Event]:
    """Return what is to be done again, in order of time.

    At the same instant of the sandbox's clock, the machine's time decides: a request is at its end, when it had its
    effect, or, if it took long, at its start. Then what was written first comes first.
    """
    found: list[Event] = []
    for entry in entries:
        if entry.kind == "request" and entry.number:
            began, ended = entry.real or (0, 0)
            found.append(Event(entry.at, (began if ended - began > _LONG else ended, entry.number, 0), entry))
            if may_have_left(entry):
                found.append(Event(entry.written_at, (ended, entry.number, 1), entry, leaves=True))
        elif entry.kind == "control" and entry.action is not None:
            found.append(Event(entry.at, (0, entry.number, 0), entry))
    _give_times(found)
    yield from sorted(found, key=lambda event: (event.at, event.order))


def may_have_left(entry: JournalEntry) -> bool:
    """Return True if the client may have disconnected before the whole reply was sent."""
    return entry.delivered == "client_left" or (entry.status is None and entry.fault is None)


def _give_times(found: list[Event]) -> None:
    """Give changes the machine's time of the request before them, by which events at one instant are ordered."""
    found.sort(key=lambda event: (event.entry.number, event.leaves))
    latest = 0
    for place, event in enumerate(found):
        if event.entry.kind == "request":
            latest = max(latest, event.order[0])
        else:
            found[place] = event._replace(order=(latest, *event.order[1:]))
