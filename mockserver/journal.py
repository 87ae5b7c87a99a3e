"""The journal: a bounded record of what happened, in order, linked by cause."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mockserver.core.match import Miss

Kind = Literal["request", "transition", "delivery", "clock", "control"]

KEPT_BODY = 4_096


@dataclass(slots=True)
class Entry:
    """One thing that happened. Which fields are filled depends on `kind`; `cause` is another entry's number.

    `rests_on` are the ids of those rows of the ledger that say why it happened like this.
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
