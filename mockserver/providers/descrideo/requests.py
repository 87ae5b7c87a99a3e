"""The models of Descrideo's requests, and their defaults."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from mockserver.kit.languages import IsoLanguage
from mockserver.kit.models import Body, WebUrl, first_error

Mode = Literal["vision", "vision_audio", "audio"]
OutputField = Literal["title", "description", "tags"]

FIELDS: tuple[OutputField, ...] = ("title", "description", "tags")
# The documented fields of a body, and of each object in it.
DOCUMENTED: Mapping[str, frozenset[str]] = {
    "": frozenset(("source", "webhook", "client_context", "frames", "generation_mode", "transcription")),
    "source": frozenset(("type", "url", "provider")),
    "webhook": frozenset(("url",)),
    "client_context": frozenset(("output_fields", "lang", "custom_instructions")),
    "transcription": frozenset(("enabled", "segments", "segment_sec")),
}
COUNTS = (10, 20, 30)
SEGMENT_SEC = (5, 60)
# The type of an error for valid values that the demo API does not support (FACTS section 4, demo).
UNPROCESSABLE = "unprocessable"
# The types of errors that the documentation of the body covers: required fields, and values.
SHOWN = ("missing", "literal_error", "value_error", "union_tag_not_found", "union_tag_invalid")
# Longer instructions are accepted, and so many characters of them are kept.
KEPT_INSTRUCTIONS = 2_000

_AUDIO: JsonDict = {"required": ["generation_mode"], "properties": {"generation_mode": {"const": "audio"}}}
_FRAMES: JsonDict = {"required": ["frames"], "properties": {"frames": {"enum": list(COUNTS)}}}
_SILENT: JsonDict = {
    "properties": {
        "generation_mode": {"enum": ["vision", None]},
        "transcription": {"not": {"required": ["enabled"], "properties": {"enabled": {"const": True}}}},
    }
}
_SAMPLED: JsonDict = {
    "properties": {
        "transcription": {
            "properties": {
                "segments": {"enum": [*COUNTS, None]},
                # Older versions of FastAPI accept `type` only as one word.
                "segment_sec": {
                    "anyOf": [
                        {"type": "number", "minimum": SEGMENT_SEC[0], "maximum": SEGMENT_SEC[1]},
                        {"type": "null"},
                    ]
                },
            }
        }
    }
}


def problem(error: ValidationError) -> str:
    """Return a message about the first problem of a body, as in the documentation: `source.url is required`."""
    kind = error.errors(include_url=False, include_input=False, include_context=False)[0]["type"]
    if kind == "union_tag_not_found":
        return "source.type is required"
    if kind == "union_tag_invalid":
        return "source.type must be direct_url or source_provider"
    # Pydantic adds the name of the union's member to the location.
    text = first_error(error)
    for name in ("direct_url", "source_provider"):
        text = text.replace(f"source.{name}.", "source.")
    return text


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class DirectUrl(Body):
    """A video at a URL."""

    type: Literal["direct_url"]
    url: WebUrl


class Broker(Body):
    """The endpoint that returns a presigned URL."""

    url: WebUrl
    reference: str | None = Field(default=None, max_length=2_000, description="passed to the endpoint unchanged")


class SourceProvider(Body):
    """A private video. Your endpoint gets a signed request and returns a presigned URL."""

    type: Literal["source_provider"]
    provider: Broker


Source = Annotated[DirectUrl | SourceProvider, Field(discriminator="type")]


class Webhook(Body):
    """The receiver of the result."""

    url: WebUrl


class Transcription(Body):
    """How audio is sampled. Used only if transcription is on, by request or by the mode."""

    enabled: bool | None = Field(default=None, description="always on for vision_audio and audio")
    segments: Any = Field(default=None, description="audio segments to sample: 10, 20 or 30; default: 10")
    segment_sec: Any = Field(default=None, description="seconds of each segment, 5 to 60; default: 5")


class ClientContext(Body):
    """Options for the text."""

    lang: IsoLanguage | None = Field(default=None, description="ISO 639-1; default: en")
    output_fields: Annotated[list[OutputField], Field(min_length=1)] | None = Field(
        default=None, description="default: all three"
    )
    custom_instructions: str | None = Field(default=None, description="instructions for the style of the text")


class Wanted(Body):
    """The fields of all jobs."""

    frames: Any = Field(default=None, description="10, 20 or 30; required unless the mode is audio, and not used there")
    generation_mode: Mode | None = Field(default=None, description="default: vision")
    transcription: Transcription | None = None
    client_context: ClientContext | None = None
    webhook: Webhook

    model_config = ConfigDict(
        json_schema_extra={"allOf": [{"anyOf": [_AUDIO, _FRAMES]}, {"anyOf": [_SILENT, _SAMPLED]}]}
    )

    @property
    def mode(self) -> Mode:
        return self.generation_mode or "vision"

    @property
    def language(self) -> str:
        return (self.client_context and self.client_context.lang) or "en"

    @property
    def instructions(self) -> str:
        """Return the custom instructions, as long as they are used."""
        return ((self.client_context and self.client_context.custom_instructions) or "")[:KEPT_INSTRUCTIONS]

    @property
    def transcribed(self) -> bool:
        """Whether the audio is transcribed: if the mode needs it or the request asks for it."""
        enabled = self.transcription is not None and self.transcription.enabled is True
        return enabled or self.mode != "vision"

    @property
    def sampled(self) -> float:
        """The maximum of sampled audio in seconds; 0 without transcription."""
        if not self.transcribed:
            return 0.0
        sampling = self.transcription or Transcription()
        segments = COUNTS[0] if sampling.segments is None else sampling.segments
        return float(segments * (SEGMENT_SEC[0] if sampling.segment_sec is None else sampling.segment_sec))

    @model_validator(mode="after")
    def _fits_its_mode(self) -> "Wanted":
        if self.mode != "audio":
            if self.frames is None:
                raise ValueError("frames is required: 10, 20 or 30")
            if not _number(self.frames) or self.frames not in COUNTS:
                raise ValueError("frames must be 10, 20 or 30")
        if self.transcribed and self.transcription is not None:
            _check_sampling(self.transcription)
        return self

    def kept(self) -> Mapping[str, Any]:
        """Return the request as the job keeps it."""
        context = self.client_context or ClientContext()
        fields = context.output_fields or FIELDS
        return {
            "mode": self.mode,
            "heard": self.transcribed,
            "sampled": self.sampled,
            "lang": self.language,
            "fields": [field for field in FIELDS if field in fields],
            "custom_instructions": self.instructions,
            "webhook_url": self.webhook.url,
        }


def _check_sampling(sampling: Transcription) -> None:
    low, high = SEGMENT_SEC
    if sampling.segments is not None and not (_number(sampling.segments) and sampling.segments in COUNTS):
        raise ValueError("transcription.segments must be 10, 20 or 30")
    seconds = sampling.segment_sec
    if seconds is not None and not (_number(seconds) and low <= seconds <= high):
        raise ValueError(f"transcription.segment_sec must be a number from {low} to {high}")


def is_documented(sampling: Transcription) -> bool:
    """Return whether the figures are documented or missing."""
    try:
        _check_sampling(sampling)
    except ValueError:
        return False
    return True


class LiveJob(Wanted):
    """A description job."""

    source: Source


class SandboxJob(Wanted):
    """A job of the sandbox, which has no source."""


def _only(name: str, wanted: object) -> Callable[[object], object]:
    """Return a validator that refuses other values of the same type as not supported by the demo API."""

    def check(value: object) -> object:
        if type(value) is type(wanted) and value != wanted:
            raise PydanticCustomError(UNPROCESSABLE, f"{name} must be {wanted} on the demo API")
        return value

    return check


class DemoUrl(Body):
    """A video at a URL. The demo API accepts no other source."""

    type: Annotated[Literal["direct_url"], BeforeValidator(_only("source.type", "direct_url"))]
    url: WebUrl


class DemoContext(ClientContext):
    lang: Annotated[
        Literal["en"] | None,
        BeforeValidator(_only("client_context.lang", "en")),
        WithJsonSchema({"enum": ["en", None]}),
    ] = None


class DemoJob(Wanted):
    """A job of the demo API."""

    source: DemoUrl
    frames: Annotated[Literal[10], BeforeValidator(_only("frames", 10))]
    client_context: DemoContext | None = None
