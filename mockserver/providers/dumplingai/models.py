"""The models of DumplingAI's requests and replies."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from mockserver.kit.models import Body, ProviderOptions, Shape
from mockserver.wire.body import with_whole_numbers

InputMethod = Literal["url", "base64"]
SOURCES = (
    "API",
    "WEB",
    "MAKE_DOT_COM",
    "ZAPIER",
    "N8N",
    "PLAYGROUND",
    "DEFAULT_AUTOMATION",
    "AGENT_PREVIEW",
    "AGENT_LIVE",
    "AUTOPILOT",
    "STUDIO",
)
_SHOWN = 60
# Characters of a prompt. A limit of this server: the reply repeats the prompt.
LONGEST_PROMPT = 1_048_576
# The description of values that are not in the enum: see `deviations`.
_OTHER = "any other text is accepted and reported; refused with --strict"


def _conditional(schema: dict[str, Any]) -> None:
    """Add to the schema what `video` is for each `inputMethod`, for the documents."""
    from mockserver.providers.dumplingai import patterns

    schema["oneOf"] = [
        {
            "title": method,
            "properties": {"inputMethod": {"const": method}, "video": {"type": "string", **schema_of_video}},
            "required": ["inputMethod", "video"],
        }
        for method, schema_of_video in patterns.VIDEO.items()
    ]


class Sourced(Body):
    """The base of requests: fields have one name each, and every request can say where it comes from."""

    model_config = ConfigDict(populate_by_name=False)

    request_source: str = Field(
        default_factory=str,
        alias="requestSource",
        description="where the request comes from",
        json_schema_extra={"anyOf": [{"enum": list(SOURCES)}, {"type": "string", "description": _OTHER}]},
    )

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers(cls, data: Any) -> Any:
        """Return the data with 1.0 as 1, which is an integer in JSON Schema too."""
        return with_whole_numbers(data)

    def deviations(self) -> Iterable[str]:
        """Yield a deviation for a source that published clients send and the enum does not have (FACTS section 5)."""
        if "request_source" in self.model_fields_set and self.request_source not in SOURCES:
            yield f"requestSource: {self.request_source[:_SHOWN]!r} is not one of {', '.join(SOURCES)}"


class ExtractVideo(Sourced):
    """A video and a prompt."""

    # Unknown names are refused (FACTS section 5, request).
    model_config = ConfigDict(extra="forbid", json_schema_extra=_conditional)

    input_method: InputMethod = Field(alias="inputMethod", description="how the video is given")
    video: str = Field(description="a public URL for `url`, the content of the file for `base64`")
    prompt: str = Field(max_length=LONGEST_PROMPT, description="what to extract", json_schema_extra={"minLength": 1})
    json_mode: bool = Field(default=False, alias="jsonMode", description="true: `results` is a string of JSON")


class Extracted(Shape):
    """The results, the length of the video in seconds, and the credits charged."""

    results: str = Field(description="the answer to the prompt; with `jsonMode` valid JSON")
    prompt: str
    duration: Annotated[float, Field(ge=0, le=3600, alias="videoDuration", description="seconds")]
    credit_usage: Annotated[int, Field(ge=100, le=36_100, alias="creditUsage")]


class Formats(Shape):
    """The formats that videos may have."""

    formats: list[str] = Field(alias="supportedFormats")


class KeyName(Shape):
    """The name of the workspace that a key belongs to."""

    name: str


class KeyChecked(Shape):
    """A key that works."""

    metadata: KeyName


class Error(Shape):
    """Every error, whatever its status."""

    error: str


class ScenarioOptions(ProviderOptions):
    """Options of a scenario for DumplingAI only."""

    video_seconds: float | None = Field(
        default=None, gt=0, le=1e6, description="the length of every video; more than 3600 is refused"
    )
    as_schema: bool | None = Field(
        default=None,
        description="true: requests are checked against the provider's OpenAPI document only. It allows any string as "
        "a prompt or a video, and has no operation that lists the formats. Default: true if the server is `--strict`",
    )
    captions: bool = Field(default=True, description="false: no video has captions, so that transcripts are a 404")
    knowledge_bases: bool = Field(
        default=False, description="true: knowledge bases exist, as before December 2025. Every id is one"
    )
    agents: list[str] | None = Field(default=None, description="the ids of agents that exist. Default: every id")
    single_image: bool = Field(
        default=False, description="true: an image in `image`, as the provider's MCP server sends it, is accepted"
    )
    blocked_providers: list[str] = Field(
        default=[], description="providers of the Unified API that the policy of every key excludes"
    )
    budget: int | None = Field(
        default=None, ge=0, le=10**9, description="credits that each key may spend with the Unified API"
    )
    budget_period: Literal["day", "month", "total"] = Field(
        default="month", description="after which the budget starts again; `total` is never"
    )
