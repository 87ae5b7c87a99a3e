"""How time passes in a sandbox."""

from typing import ClassVar, Literal

from pydantic import Field

from mockserver.core.scenario.values import Instant, Model


class ClockSpec(Model):
    """How time passes in the sandbox."""

    shorthand: ClassVar[str] = "mode"

    mode: Literal["real", "scaled", "manual", "auto"] = Field(
        default="real",
        description="`real`: follows the machine's clock; `scaled`: `speed` times faster; `manual`: stands still until "
        "it is moved through the control API; `auto`: jumps to the next event when no request is in progress",
    )
    speed: float = Field(default=60.0, gt=0, le=1_000_000, description="how many times faster a `scaled` clock runs")
    start: Instant | None = Field(default=None, description="RFC 3339 time at which a `manual` or `auto` clock starts")
