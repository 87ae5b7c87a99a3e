"""Deliveries: outgoing calls with their attempts, as values."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["webhook", "call_out"]
Outcome = Literal["pending", "delivered", "given_up"]

JSON_BODY = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: when it began, what was sent beside the body, and what came back."""

    number: int
    at: int
    headers: tuple[tuple[str, str], ...]
    outcome: str
    status: int | None = None
    reply: bytes = b""
    error: str | None = None
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one receiver, or one question to it. `body` is composed once; every attempt sends exactly these bytes.

    A webhook tells; a call-out asks, and its provider goes on with the answer. `headers` are those of every attempt,
    beside the signature's; `keep` is how many bytes of a reply are kept. `schedule` holds the waits before each retry in milliseconds; `due_at` is the instant of the next attempt, or
    None when there will be none.
    """

    id: str
    provider: str
    account: str
    event: str
    url: str
    body: bytes
    secret: str
    due_at: int | None
    schedule: tuple[int, ...] = ()
    job: str | None = None
    cause: int = 0
    created_at: int = 0
    outcome: Outcome = "pending"
    attempts: tuple[Attempt, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    kind: Kind = "webhook"
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = JSON_BODY
    keep: int = 65_536

    def attempted(self, attempt: Attempt, success: bool, now: int) -> "Delivery":
        """The delivery after `attempt`: delivered, waiting for its next attempt, or given up."""
        attempts = (*self.attempts, attempt)
        if success:
            return replace(self, attempts=attempts, outcome="delivered", due_at=None)
        used = len(attempts) - 1
        if used < len(self.schedule):
            return replace(self, attempts=attempts, due_at=now + self.schedule[used])
        return replace(self, attempts=attempts, outcome="given_up", due_at=None)
