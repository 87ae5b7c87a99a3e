"""The prompt generator: a prompt for a video about a topic, streamed in the requested language."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from mockserver.kit.operation_rows import OWN_LIMIT, Assumed
from mockserver.kit.operations import Deferred, Documented, Operation, Origin
from mockserver.providers.nanophoto import prices
from mockserver.providers.nanophoto.bodies import (
    IMAGE_OF_ONE_PAGE,
    NOT_BLANK,
    TOPIC_MISSING,
    ImageRule,
    Mode,
    PublicUrl,
    Request,
    by_mode,
)
from mockserver.providers.nanophoto.flow import rows_of_request
from mockserver.providers.nanophoto.models import Locale
from mockserver.providers.nanophoto.replies import documented
from mockserver.providers.nanophoto.texts import TEXT_TYPE, write
from mockserver.wire.exchange import Exchange

# No code for images is documented here.
_RULE = ImageRule(missing=IMAGE_OF_ONE_PAGE, most=3, not_urls="INVALID_INPUT")
Technique = Literal[
    "montage", "long-take", "time-lapse", "slow-motion", "tracking-shot", "aerial-view", "pov", "split-screen",
    "match-cut", "fade-transition",
]  # fmt: skip


class Topic(Request):
    """A topic to write a prompt about."""

    needed: ClassVar[Mapping[str, str]] = {"topic": TOPIC_MISSING}
    images: ClassVar[ImageRule] = _RULE
    model_config = ConfigDict(json_schema_extra=by_mode(_RULE, "textToVideo"))

    topic: Annotated[
        str, Field(max_length=500, json_schema_extra=NOT_BLANK, description="what the video is about; not blank")
    ]
    mode: Mode = "textToVideo"
    technique: Technique = "montage"
    duration: Annotated[float, Field(ge=1, le=3_600, description="seconds")] = 10
    model: Annotated[
        str, Field(max_length=200), OWN_LIMIT, Assumed("other ids are not listed: any text is accepted")
    ] = "google/gemini-3-flash-preview"
    locale: Locale = "en"
    image_urls: Annotated[list[PublicUrl], Field(max_length=3)] | None = Field(default=None, alias="imageUrls")


async def generate_prompt(exchange: Exchange) -> Deferred:
    """POST /api/sora-2/generate-prompt."""
    body: Topic = exchange.body
    seeded, images = exchange.seeded.child("topic", body.topic), len(body.image_urls or ())
    topic, technique, locale, seconds = body.topic, body.technique, body.locale, float(body.duration)
    pictured = images if body.mode == "imageToVideo" else 0

    def text() -> str:
        from mockserver.content import film_prompts

        return film_prompts.film_prompt(seeded, topic, technique, seconds, locale, pictured)

    request = {"topic": topic, "technique": technique, "locale": locale, "duration": seconds}
    fingerprint = f"{topic} {technique} {locale} {seconds} {pictured}".encode("utf-8", "surrogatepass")
    return await write(exchange, "prm_", fingerprint, text, request, prices.PROMPT, "INTERNAL_ERROR")


OPERATION = Operation(
    "generate_prompt", "POST", "/api/sora-2/generate-prompt", generate_prompt, "Write a prompt for a video of a topic",
    documented(Documented("The prompt, streamed as it is written", content_type=TEXT_TYPE), "INSUFFICIENT_CREDITS"),
    Topic, input=("topic",), request_ledger_rows=rows_of_request, streams=True, paid=True, tag="texts",
    cost_row="rule.generate_prompt.price", immediate=True, ledger_rows=("rule.prompt_language",),
    examples={"example": {"topic": "A city at sunset with flying cars", "technique": "aerial-view", "duration": 10}},
    origin=Origin("prompt_generator", "Body Parameters", "test_nanophoto_prompts.py::test_a_prompt_has_what_it_needs"),
)  # fmt: skip
