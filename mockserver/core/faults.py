"""Faults: neutral errors that a provider spells, and mischief that happens on the wire."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from mockserver.core.durations import Span

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


@dataclass(frozen=True, slots=True)
class Fault:
    """What a scenario asks to go wrong. `kind` is neutral, a wire kind, or a provider's own code."""

    kind: str
    phase: Phase = "before_commit"
    message: str | None = None
    retry_after: int | None = None
    lasts: Span | None = None
    at: float = 0.5
    rate: int | None = None

    @property
    def on_wire(self) -> bool:
        return self.kind in WIRE_KINDS


@dataclass(slots=True)
class Refusal(Exception):
    """A request cannot be served. The provider of the request spells `kind`, with `detail` for its fields."""

    kind: str
    message: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind
