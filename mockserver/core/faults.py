"""Faults: neutral errors that a provider spells, and faults on the wire."""

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

ERROR_KINDS: tuple[str, ...] = get_args(ErrorKind)
WIRE_KINDS: tuple[str, ...] = get_args(WireKind)
PHASES: tuple[str, ...] = get_args(Phase)

# The status of a neutral error where a provider has no ruling of its own (RFC 9110 section 15, RFC 6585 section 4).
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


class Fault(NamedTuple):
    """What a scenario asks to go wrong. `kind` is neutral, a wire kind, or a provider's own code.

    With `p99` (milliseconds) what it lasts is lognormal: `lasts` in the middle, and 99 of 100 under `p99`.
    """

    kind: str
    phase: Phase = "before_commit"
    message: str | None = None
    retry_after: int | None = None
    lasts: Span | None = None
    at: float = 0.5
    rate: int | None = None
    p99: int | None = None
    framing: Framing = "length"

    @property
    def on_wire(self) -> bool:
        return self.kind in WIRE_KINDS

    @property
    def varies(self) -> bool:
        """True when each strike lasts a time of its own."""
        return self.p99 is not None or (self.lasts is not None and self.lasts.spread > 0)

    def lasting(self, unit: Callable[[str], float]) -> int | None:
        """The milliseconds that one strike lasts; None when nothing is said. `unit(name)` is from 0 to below 1."""
        if self.lasts is None or not self.varies:
            return None if self.lasts is None else self.lasts.base
        if self.p99 is None:
            return self.lasts.pick(unit("spread"))
        # Box and Muller's transform makes a normal draw of two even ones.
        normal = sqrt(-2 * log(1 - unit("radius"))) * cos(2 * pi * unit("angle"))
        drawn = self.lasts.base * exp(log(self.p99 / self.lasts.base) / _Z99 * normal)
        return min(LONGEST, round(drawn))


@dataclass(slots=True, eq=False)
class Refusal(Exception):
    """A request cannot be served: which error it is, and what a provider may say of it.

    `kind` is neutral, or a provider's own code (`nanophoto:INVALID_FORMAT`). `case` says more precisely what is wrong,
    such as `malformed`, where a provider may have an error of its own for that. `row` is the name of the error's row in
    the provider's ledger, behind `error.`, where the kind alone does not say; `ledger_rows` are more rows.
    `scripted` is true where a scenario asked for it, in words of its own. `limit` is the limit that is used up, with
    the `usage` to report; `required` and `available` are hundredths of a credit. `allow` and `retry_after`
    (milliseconds) become headers. `job` is the one that the request is about, if any; `deviations` were noticed before
    the refusal. `note` is what the journal says instead of `message`, where the client is to read the provider's own
    words and nothing of the sandbox.
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
