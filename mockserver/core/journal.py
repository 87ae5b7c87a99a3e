"""The journal: a bounded record of what happened, in order, linked by cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mockserver.core.match import Miss

Kind = Literal["request", "transition", "delivery", "clock", "control"]

KEPT_BODY = 4_096


@dataclass(slots=True)
class Entry:
    """One thing that happened at the instant `at`, made once and changed by nobody.

    Which fields are filled depends on `kind`; `cause` is another entry's number. The store gives an entry its `number`
    when it keeps it, unless that was taken before; a transition has none. `written_at` is the instant at which the
    entry was written: for a request that took time it is later than `at`.

    `rests_on` are the ids of those rows of the ledger that say why it happened like this. A request has there what its
    client could see of them: no state of a job whose reply was lost.
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

    def __post_init__(self) -> None:
        if self.written_at < self.at:
            self.written_at = self.at
