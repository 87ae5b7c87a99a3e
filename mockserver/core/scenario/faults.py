"""The faults of a scenario: error replies, and failures on the wire."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from mockserver.core.scenario.values import BodyPlace, DurationMs, Model, SpanMs


class FaultSpec(Model):
    """A failure of the request: an error reply, or a fault on the wire."""

    shorthand: ClassVar[str] = "kind"

    kind: str = Field(
        max_length=100, description="the kind of fault; a provider's own error is written `provider: CODE`"
    )
    phase: Literal["before_commit", "after_commit", "mid_body"] | None = Field(
        default=None,
        description="`before_commit`: before anything is done; `after_commit`: when the job exists and is charged, "
        "instead of the reply; `mid_body`: in the middle of the reply",
    )
    message: str | None = Field(
        default=None, max_length=2000, description="the message of an error reply; default: the provider's"
    )
    retry_after: DurationMs | None = Field(default=None, description="the time in the `Retry-After` header")
    lasts: SpanMs | None = Field(default=None, alias="for", description="how long `latency`, `stall` or `hang` lasts")
    p99: DurationMs | None = Field(
        default=None, description="makes the time lognormal, with `for` as the median and 99 % below this"
    )
    at: BodyPlace | None = Field(
        default=None,
        description="where in the body the fault happens: a share, or a number of bytes; default: 50%",
    )
    inside: Literal["character"] | None = Field(
        default=None,
        description="moves the place into the nearest character of several bytes, so that the text before it ends in a "
        "part of a character",
    )
    held: bool = Field(default=False, description="true: a `stall` lasts until the control API resumes it")
    rate: int | None = Field(default=None, ge=1, description="bytes per second of `slow_drip`")
    framing: Literal["length", "chunked"] | None = Field(
        default=None,
        description="how the body is sent: `length` with `Content-Length`, `chunked` in chunks; default: length",
    )

    @model_validator(mode="after")
    def _lognormal(self) -> "FaultSpec":
        if self.p99 is None:
            return self
        if self.lasts is None or self.lasts.spread or not 0 < self.lasts.base < self.p99:
            raise ValueError("p99 needs a `for` without a spread, above 0 and below p99: {for: 300ms, p99: 2s}")
        return self
