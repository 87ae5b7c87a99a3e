"""The streams of a scenario: their text, and how fast it is sent."""

from typing import ClassVar, Literal

from pydantic import Field

from mockserver.core.durations import Span
from mockserver.core.scenario.faults import FaultSpec
from mockserver.core.scenario.values import Model, SpanMs


class PaceSpec(Model):
    """How fast a streamed text is sent, and in what chunks."""

    shorthand: ClassVar[str] = "every"

    first: SpanMs = Field(
        default=Span(600), description="the delay before the first chunk", json_schema_extra={"default": "600ms"}
    )
    every: SpanMs = Field(
        default=Span(40, 10),
        description="the delay before each further chunk",
        json_schema_extra={"default": "40ms ± 10ms"},
    )
    unit: Literal["word", "line", "character", "bytes"] = Field(default="word", description="the unit of a chunk")
    size: int = Field(default=1, ge=1, le=65_536, description="the number of units in a chunk")


class StreamSpec(Model):
    """The text that a streaming operation sends, its pace, and where it breaks."""

    shorthand: ClassVar[str] = "text"

    text: str | None = Field(default=None, max_length=500_000, description="the text; default: generated")
    pace: PaceSpec = Field(
        default_factory=PaceSpec, description="how fast the text is sent", json_schema_extra={"default": {}}
    )
    fault: FaultSpec | None = Field(default=None, description="a fault during the stream")
