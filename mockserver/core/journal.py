"""The journal: a bounded record of what happened, in order, linked by cause."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mockserver.core.match import Miss

Kind = Literal["request", "transition", "delivery", "clock", "control"]

KEPT_BODY = 4_096


@dataclass(slots=True)
class Entry:
    """One thing that happened. Which fields are filled depends on `kind`; `cause` is another entry's number.

    `rests_on` are the ids of those rows of the ledger that say why it happened like this. A request has there what its
    client could see of them: no state of a job whose reply was lost.
    """

    kind: Kind
    at: int
    number: int = 0
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
    misses: tuple[Miss, ...] | list[Miss] = ()
    rests_on: tuple[str, ...] = ()
    others: tuple[Miss, ...] = ()
    note: str | None = None
    deviations: tuple[str, ...] = ()
    request: bytes = b""
    reply: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    detail: dict[str, Any] | None = None

    def unseen(self, *kinds: str) -> None:
        """Take out the rows of these kinds: what they say did not reach the client."""
        self.rests_on = tuple(row for row in self.rests_on if row.split(".", 2)[1] not in kinds)
