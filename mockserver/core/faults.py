"""Faults: neutral errors, which each provider turns into a reply of its own, and faults on the wire."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, exp, log, pi, sqrt
from typing import Literal, NamedTuple, get_args

from mockserver.core.durations import LONGEST, Span
from mockserver.core.limits import Usage

ErrorKind = Literal[
    "unauthorized",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "invalid_request",
    "too_large",
    "unsupported_media_type",
    "insufficient_credits",
    "rate_limited",
    "overloaded",
    "server_error",
]
WireKind = Literal["latency", "hang", "reset", "empty_reply", "truncate", "stall", "garble", "slow_drip"]
Phase = Literal["before_commit", "after_commit", "mid_body"]
Framing = Literal["length", "chunked"]
Inside = Literal["character"]

ERROR_KINDS: tuple[str, ...] = get_args(ErrorKind)
WIRE_KINDS: tuple[str, ...] = get_args(WireKind)
PHASES: tuple[str, ...] = get_args(Phase)

# The status of a neutral error if the provider does not define one (RFC 9110 section 15, RFC 6585 section 4).
HTTP_STATUS: dict[str, int] = {
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "invalid_request": 400,
    "too_large": 413,
    "unsupported_media_type": 415,
    "insufficient_credits": 402,
    "rate_limited": 429,
    "overloaded": 503,
    "server_error": 500,
}

# The standard normal distribution is below this in 99 of 100 draws.
_Z99 = 2.3263478740408408


class ByteOffset(NamedTuple):
    """A place in a body: the number of bytes before it. Scenarios write it as `120 bytes`."""

    byte: int

    def __str__(self) -> str:
        return f"{self.byte} byte{'' if self.byte == 1 else 's'}"


class Fault(NamedTuple):
    """A fault of a scenario. `kind` is a neutral error, a fault on the wire, or a provider's own code.

    With `p99` (milliseconds) its duration is lognormal: the median is `lasts`, and 99 of 100 are below `p99`. `at` is a
    share of the body, or a number of bytes. A `held` stall lasts until it is resumed.
    """

    kind: str
    phase: Phase = "before_commit"
    message: str | None = None
    retry_after: int | None = None
    lasts: Span | None = None
    at: float | ByteOffset = 0.5
    rate: int | None = None
    p99: int | None = None
    framing: Framing = "length"
    inside: Inside | None = None
    held: bool = False

    def cut(self, body: bytes) -> int:
        """Return the number of bytes of `body` before the fault."""
        at = min(self.at.byte, len(body)) if isinstance(self.at, ByteOffset) else round(len(body) * self.at)
        return at if self.inside is None else _inside_character(body, at)

    @property
    def on_wire(self) -> bool:
        """True for a fault on the wire."""
        return self.kind in WIRE_KINDS

    @property
    def varies(self) -> bool:
        """True when the duration differs from one occurrence to the next."""
        return self.p99 is not None or (self.lasts is not None and self.lasts.spread > 0)

    def pick_duration(self, unit: Callable[[str], float]) -> int | None:
        """Return the milliseconds that one occurrence lasts; None if not set. `unit(name)` is at least 0, below 1."""
        if self.lasts is None or not self.varies:
            return None if self.lasts is None else self.lasts.base
        if self.p99 is None:
            return self.lasts.pick(unit("spread"))
        # The Box-Muller transform turns two uniform draws into a normal one.
        normal = sqrt(-2 * log(1 - unit("radius"))) * cos(2 * pi * unit("angle"))
        drawn = self.lasts.base * exp(log(self.p99 / self.lasts.base) / _Z99 * normal)
        return min(LONGEST, round(drawn))


def _inside_character(body: bytes, at: int) -> int:
    """Return the first place inside a UTF-8 character from `at` on, or else the last before it, or else `at`."""
    places = range(at, len(body)), range(min(at, len(body)) - 1, 0, -1)
    return next((i for place in places for i in place if body[i] & 0xC0 == 0x80), at)


@dataclass(slots=True, eq=False)
class Refusal(Exception):
    """A request is refused: the kind of error, and the details that a provider can put into its reply.

    `kind` is neutral, or a provider's own code (`nanophoto:INVALID_FORMAT`). `case` is more specific, such as
    `malformed`: a provider can have a separate error for it. `row` is the name of the error's row in the provider's
    ledger, without `error.`, if it does not follow from the kind; `ledger_rows` are more rows. `scripted` is true if a
    scenario asked for the error; `message` is then the scenario's. `limit` is the limit that is used up, and `usage`
    the counts to report. `required` and `available` are hundredths of a credit. `allow` and `retry_after`
    (milliseconds) become headers. `job` is the job that the request is about, if any. `deviations` were found before
    the refusal. `note` replaces `message` in the journal: the client reads only the provider's own words, and the
    journal can name things of the sandbox.
    """

    kind: str
    message: str = ""
    case: str | None = None
    row: str | None = None
    ledger_rows: tuple[str, ...] = ()
    scripted: bool = False
    limit: str | None = None
    usage: Sequence[Usage] = ()
    required: int | None = None
    available: int = 0
    allow: str = ""
    retry_after: int | None = None
    job: str | None = None
    deviations: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        detail = self.note or self.message
        return f"{self.kind}: {detail}" if detail else self.kind
