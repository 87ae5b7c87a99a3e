"""Deliveries: outgoing calls with their attempts, as immutable values."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from mockserver.core.kept import KEPT_TEXT, kept_headers, shortened
from mockserver.core.scenario import TamperingSpec

Kind = Literal["webhook", "call_out"]
Outcome = Literal["pending", "delivered", "given_up"]

JSON_BODY = (("Content-Type", "application/json"),)
# A delivery can be replayed any number of times, so the oldest attempts are dropped.
KEPT_ATTEMPTS = 100
# Bytes of all replies of receivers that a delivery keeps.
KEPT_REPLIES = 262_144


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when it began, the headers and URL that were used, and the response.

    `tampering` lists what the scenario changed in it, as text. An attempt that was never sent has the outcome `lost`,
    and one whose response is not used `ignored`.
    """

    number: int
    at: int
    headers: tuple[tuple[str, str], ...]
    outcome: str
    status: int | None = None
    reply: bytes = b""
    error: str | None = None
    elapsed_ms: int = 0
    url: str = ""
    reply_headers: tuple[tuple[str, str], ...] = ()
    truncated: bool = False
    address: str | None = None
    tampering: tuple[str, ...] = ()

    @property
    def success(self) -> bool:
        """True when the receiver sent a complete response with a 2xx status."""
        return self.outcome == "response" and self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """True when the receiver answered that it is gone for good (RFC 9110 section 15.5.11)."""
        return self.outcome == "response" and self.status == 410

    def shortened(self) -> "Attempt":
        """Return the attempt as it is kept: with long headers, an own long URL and a long error cut."""
        return replace(
            self,
            headers=tuple(kept_headers(self.headers)),
            reply_headers=tuple(kept_headers(self.reply_headers)),
            url=shortened(self.url, 2 * KEPT_TEXT),
            error=None if self.error is None else shortened(self.error, KEPT_TEXT),
        )


@dataclass(frozen=True, slots=True)
class Replay:
    """An extra attempt: its URL (None: the usual one), and the due time and outcome to restore if it fails."""

    url: str | None
    due_at: int | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one receiver. `body` is composed once; every attempt sends exactly these bytes.

    `schedule` holds the waits before each retry in milliseconds. `due_at` is the instant of the next attempt, or None
    when there will be none. A webhook reports an event; a call-out is a request whose response the provider uses.
    `headers` are those of every attempt, without the signature. `keep_bytes` is how many bytes of a response are kept.
    Of a call-out, the scenario can have the responses to the first attempts `ignored`, and give an `answer` (a status
    and a body) in place of the receiver. `attempt_count` counts all attempts, and `scheduled_attempts` those of the
    schedule. `replay` is set if one is due.
    `generation` is that of the sandbox in which the delivery was created (`SandboxState.generation`).
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
    keep_bytes: int = 65_536

    tampering: TamperingSpec | None = None
    ignored: int = 0
    answer: tuple[int, bytes] | None = None
    attempt_count: int = 0
    scheduled_attempts: int = 0
    replay: Replay | None = None
    generation: int = 0

    def attempted(self, attempt: Attempt, success: bool, now: int, *, retry_after: int = 0) -> "Delivery":
        """Return the delivery after `attempt`: delivered, waiting for its next attempt, or given up.

        `retry_after` is the least number of milliseconds before a retry, as the receiver asked for. If the egress
        guard refused the call, or the receiver answered 410 (Gone), the delivery is given up at once.
        """
        after = replace(self.with_attempt(attempt), replay=None)
        if self.replay is not None:
            return after._replayed(self.replay, success)
        after = replace(after, scheduled_attempts=self.scheduled_attempts + 1)
        if success:
            return replace(after, outcome="delivered", due_at=None)
        final = attempt.outcome == "refused" or attempt.gone
        if self.scheduled_attempts < len(self.schedule) and not final:
            return replace(after, due_at=now + max(self.schedule[self.scheduled_attempts], retry_after))
        return replace(after, outcome="given_up", due_at=None)

    def with_attempt(self, attempt: Attempt) -> "Delivery":
        """Return the delivery with one more attempt recorded, and nothing else changed."""
        attempts = (*self.attempts, attempt.shortened())[-KEPT_ATTEMPTS:]
        while len(attempts) > 1 and sum(len(each.reply) for each in attempts) > KEPT_REPLIES:
            attempts = attempts[1:]
        return replace(self, attempts=attempts, attempt_count=self.attempt_count + 1)

    def _replayed(self, replay: Replay, success: bool) -> "Delivery":
        # A replay to another URL does not deliver a pending event to its own receiver.
        elsewhere = replay.url is not None and replay.outcome == "pending"
        if success and not elsewhere:
            return replace(self, outcome="delivered", due_at=None)
        return replace(self, outcome=replay.outcome, due_at=replay.due_at)

    def with_replay(self, at: int, url: str | None = None) -> "Delivery":
        """Return the delivery with a replay due at `at`. If the replay fails, its schedule continues."""
        before = self.replay or Replay(None, self.due_at, self.outcome)
        return replace(self, due_at=at, outcome="pending", replay=replace(before, url=url))

    @property
    def next_url(self) -> str:
        """The URL of the next attempt."""
        return self.replay.url if self.replay is not None and self.replay.url is not None else self.url


class DeliveryFilter(NamedTuple):
    """Which deliveries are meant. None stands for all."""

    provider: str | None = None
    event: str | None = None
    outcome: Outcome | None = None
    job: str | None = None
    url: str | None = None

    def matches(self, delivery: Delivery) -> bool:
        """Return True if the delivery is meant."""
        return (
            self.provider in (None, delivery.provider)
            and self.event in (None, delivery.event)
            and self.outcome in (None, delivery.outcome)
            and self.job in (None, delivery.job)
            and self.url in (None, delivery.url)
        )


ALL_DELIVERIES = DeliveryFilter()
