"""DumplingAI's operations: extract from a video, and list the formats of videos.

An extraction is done within its request. Its credits are reserved when the length of the video is known, charged when
it is done, and released if it fails or the client leaves before that (FACTS section 5, credits and 402).
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mockserver.core.credits import CREDIT
from mockserver.core.faults import Refusal
from mockserver.core.match import SUBJECT_MAX
from mockserver.kit.operations import Deferred, Reply
from mockserver.providers.dumplingai.contract import as_schema
from mockserver.providers.dumplingai.formats import SUPPORTED
from mockserver.providers.dumplingai.models import SOURCES, ExtractVideo
from mockserver.providers.dumplingai.video import Video, look_at
from mockserver.wire.exchange import Exchange
from mockserver.wire.work import due_of, steps_of

if TYPE_CHECKING:
    from mockserver.content.extraction.answers import Result

_BASE, _PER_SECOND = 100, 10
_IN_ENGLISH = "the results are in English: mockserver has no phrases in the language of the prompt"
_A_CREDIT = 1000 // _PER_SECOND  # milliseconds


def rows_of_request(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for an extraction, in addition to that of its operation."""
    body: ExtractVideo = exchange.body
    if body.request_source and body.request_source not in SOURCES:
        yield "rule.other_sources"


async def extract_video(exchange: Exchange) -> Deferred:
    """POST /api/v1/extract-video."""
    body: ExtractVideo = exchange.body
    literal = is_literal(exchange)
    if not body.prompt and not literal:
        raise Refusal("invalid_request", "prompt is required", ledger_rows=("rule.empty_prompt",))
    video = await look_at(exchange, body.input_method, body.video, literal=literal)
    result = _result(exchange, body, video)
    rows = (*video.ledger_rows, *_rows_of_result(result))
    if video.duration % _A_CREDIT:
        rows = (*rows, "rule.rounding")
    exchange.admit(*rows)
    store, clock, account, usage = (
        exchange.sandbox.store,
        exchange.sandbox.clock,
        exchange.account.id,
        cost(video.duration),
    )
    reference = f"extract_video {await exchange.number.take()}"
    await exchange.credits.reserve(reference, usage * CREDIT)
    work = steps_of(exchange, reference)
    # The whole request is not kept during the work, which can take minutes: it may contain a large file.
    prompt, note = body.prompt, video.note or (_IN_ENGLISH if result.foreign else None)

    async def abandoned() -> None:
        await store.release(account, clock.now(), reference)

    async def extracted() -> Reply:
        if work[-1].status != "succeeded":
            await abandoned()
            raise Refusal("server_error", work[-1].error or "", scripted=True)
        await store.capture(account, clock.now(), reference)
        extraction = {
            "results": result.text,
            "prompt": prompt,
            "videoDuration": video.duration / 1000,
            "creditUsage": usage,
        }
        return Reply(body=extraction, ledger_rows=rows, note=note)

    return Deferred(due_of(work, exchange.now), extracted, abandoned)


async def list_formats(exchange: Exchange) -> Reply:
    """GET /api/v1/extract-video."""
    if is_literal(exchange):
        raise Refusal("method_not_allowed", allow="POST")
    return Reply(body={"supportedFormats": SUPPORTED})


def is_literal(exchange: Exchange) -> bool:
    """Return whether requests are checked against the provider's OpenAPI document only."""
    options = exchange.sandbox.program.options.get(exchange.provider.name, {})
    return as_schema(options, strict=exchange.policy.strict)


def cost(duration: int) -> int:
    """Return the cost of a video in credits, rounded up. `duration` is in milliseconds (FACTS section 5, credits)."""
    return _BASE + -(-duration * _PER_SECOND // 1000)


def subject(data: Any) -> str | None:
    """Return the `input` for rules: the URL and the prompt on two lines, or the prompt if a file is sent."""
    if not isinstance(data, Mapping):
        return None
    names = ("video", "prompt") if data["inputMethod"] == "url" else ("prompt",)
    return "\n".join(str(data[name])[:SUBJECT_MAX] for name in names)


def _result(exchange: Exchange, body: ExtractVideo, video: Video) -> "Result":
    from mockserver.content.extraction.answers import answer

    seeded = exchange.seeded.child("dumplingai", "video", video.mark)
    return answer(seeded, body.prompt, video.hint, video.duration / 1000, body.json_mode)


def _rows_of_result(result: "Result") -> Iterator[str]:
    if result.formed:
        yield "rule.form"
    if result.foreign:
        yield "rule.other_language"
    elif result.language != "en":
        yield "rule.prompt_language"
