"""Entries of the journal: the bounded record of what happened in a sandbox, in order, linked by cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from mockserver.core.limits import Usage
from mockserver.core.match import Miss, key_matches

Kind = Literal["request", "transition", "delivery", "clock", "control"]
# How much of a reply was sent: all of it, only a part, all of it with wrong bytes, nothing although the operation was
# done, or nothing because the operation was not done. `client_left`: the client disconnected before the end.
Delivered = Literal["whole", "part", "damaged", "lost", "none", "client_left"]

KEPT_BODY = 4_096


class Turn(NamedTuple):
    """The turn of a request on its connection: which replies its client can have seen before it was sent.

    The connection was opened, or the reply before on it had ended, at `free_at`, and the reply ended at `ended_at`, on
    the machine's clock in nanoseconds. `reused` is true if it is not the first request on the connection.
    """

    free_at: int
    ended_at: int
    reused: bool


@dataclass(slots=True)
class JournalEntry:
    """Something that happened at the instant `at`. An entry is written once and not changed.

    Which fields are set depends on `kind`. `cause` is the number of another entry. The store assigns `number` when it
    keeps the entry, unless it was reserved before; a transition has none. `written_at` is the instant at which the
    entry was written: for a request that took time it is later than `at`.

    `misses` and `others` are the rules that did not match: those for the operation, and those for other operations.

    `rests_on` are the ids of the ledger rows that describe this behaviour. For a request these are the rows that its
    client can observe: not the state of a job whose reply was lost.

    `delivered` says how much of the reply was sent, `usage` is the limit that was reported with it, and `retry_at` the
    instant before which the client was asked not to come back. `digest` identifies a body that is longer than what is
    kept. `real` is the machine's time at the start and the end, in milliseconds, if the sandbox's clock is another one.
    `turn` says when the connection was free for the request, and when the reply had ended. `fault` is the kind of the
    fault that the scenario or the control API asked for. `addressed_by` says where a request named its provider, and
    `scheme` is `http` or `https`. `action` is a change through the control API as data, so that a bundle can do it
    again. It can contain credentials.

    `is_own` is false for an entry that another process has written.

    A store assigns `serial`, which is different for each entry, and `size`, the number of bytes that it counts for it.
    Before that, `size` is the most bytes that the head of the request can have, or 0 if that is not known or if the
    headers of the reply can be long.
    """

    kind: Kind
    at: int
    number: int = 0
    written_at: int = 0
    cause: int | None = None
    provider: str | None = None
    operation: str | None = None
    account: str | None = None
    method: str | None = None
    path: str | None = None
    query: str = ""
    status: int | None = None
    job: str | None = None
    rule: str | None = None
    misses: Sequence[Miss] = ()
    rests_on: tuple[str, ...] = ()
    others: Sequence[Miss] = ()
    note: str | None = None
    deviations: tuple[str, ...] = ()
    request: bytes = b""
    reply: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    detail: dict[str, Any] | None = None
    serial: int = field(default=0, compare=False)
    size: int = field(default=0, compare=False, repr=False)
    delivered: Delivered = "whole"
    usage: Usage | None = None
    retry_at: int | None = None
    digest: str = ""
    real: tuple[int, int] | None = field(default=None, compare=False)
    reply_headers: Sequence[tuple[bytes, bytes]] = ()
    fault: str | None = None
    addressed_by: Literal["prefix", "host", "bare"] = "prefix"
    scheme: str = "http"
    action: dict[str, Any] | None = None
    turn: Turn | None = field(default=None, compare=False)
    is_own: bool = field(default=True, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.written_at < self.at:
            self.written_at = self.at


class EntryFilter(NamedTuple):
    """Which entries of the journal are meant. None stands for all; in `operation` `*` stands for any characters."""

    operation: str | None = None
    status: int | None = None
    job: str | None = None
    provider: str | None = None
    kind: Kind | None = None

    def matches(self, entry: JournalEntry) -> bool:
        """Return True if the entry is meant."""
        return (
            self.status in (None, entry.status)
            and self.job in (None, entry.job)
            and self.provider in (None, entry.provider)
            and self.kind in (None, entry.kind)
            and (self.operation is None or key_matches(self.operation, entry.operation or ""))
        )


ALL_ENTRIES = EntryFilter()
