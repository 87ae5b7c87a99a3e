"""DumplingAI's operations: extract from a video, and list the formats of videos.

An extraction is done within its request. Its credits are set aside once the length of the video is known, charged when
it is done, and given back when it fails or the client goes away before that (FACTS section 5, credits and 402).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.core.credits import ONE
from mockserver.core.faults import Refusal
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Deferred, Reply
from mockserver.providers.dumplingai.contract import as_schema
from mockserver.providers.dumplingai.formats import SUPPORTED
from mockserver.providers.dumplingai.models import SOURCES, ExtractVideo
from mockserver.providers.dumplingai.video import Video, look_at
from mockserver.wire.exchange import Exchange
from mockserver.wire.work import due_of, steps_of

_BASE, _PER_SECOND = 100, 10
_A_CREDIT = 1000 // _PER_SECOND  # milliseconds


def rows_of_request(exchange: Exchange) -> Iterator[str]:
    """What an extraction rests on, beside its operation."""
    asked: ExtractVideo = exchange.body
    if asked.request_source and asked.request_source not in SOURCES:
        yield "rule.other_sources"


async def extract_video(exchange: Exchange) -> Deferred:
    """POST /api/v1/extract-video."""
    asked: ExtractVideo = exchange.body
    literal = is_literal(exchange)
    if not asked.prompt and not literal:
        raise Refusal("invalid_request", "prompt is required", ledger_rows=("rule.empty_prompt",))
    video = await look_at(exchange, asked.input_method, asked.video, literal=literal)
    rows = (*video.ledger_rows, "rule.rounding") if video.duration % _A_CREDIT else video.ledger_rows
    exchange.admit(*rows)
    store, clock, account, usage = (
        exchange.sandbox.store,
        exchange.sandbox.clock,
        exchange.account.id,
        cost(video.duration),
    )
    reference = f"extract_video {await exchange.number.take()}"
    await exchange.credits.reserve(reference, usage * ONE)
    work = steps_of(exchange, reference)
    # Not the whole request, which may have a large file in it: the work may take minutes.
    seeded, prompt, as_json = exchange.seeded.child("dumplingai", "video", video.mark), asked.prompt, asked.json_mode

    async def given_up() -> None:
        await store.release(account, clock.now(), reference)

    async def extracted() -> Reply:
        if work[-1].status != "succeeded":
            await given_up()
            raise Refusal("server_error", work[-1].error or "", scripted=True)
        await store.capture(account, clock.now(), reference)
        body = {
            "results": _results(seeded, prompt, video, as_json=as_json),
            "prompt": prompt,
            "videoDuration": video.duration / 1000,
            "creditUsage": usage,
        }
        return Reply(body=body, ledger_rows=rows, note=video.note)

    return Deferred(due_of(work, exchange.now), extracted, given_up)


async def list_formats(exchange: Exchange) -> Reply:
    """GET /api/v1/extract-video."""
    if is_literal(exchange):
        raise Refusal("method_not_allowed", allow="POST")
    return Reply(body={"supportedFormats": SUPPORTED})


def is_literal(exchange: Exchange) -> bool:
    """True where the provider's OpenAPI document alone says what is taken."""
    options = exchange.sandbox.program.options.get(exchange.provider.name, {})
    return as_schema(options, strict=exchange.policy.strict)


def cost(duration: int) -> int:
    """The credits that a video of `duration` milliseconds takes, rounded up (FACTS section 5, credits)."""
    return _BASE + -(-duration * _PER_SECOND // 1000)


def subject(data: Any) -> str | None:
    """What an extraction is about: the URL and the prompt, a line each, or the prompt alone where a file is sent."""
    if not isinstance(data, Mapping):
        return None
    return "\n".join(
        str(data[name]) for name in ("video", "prompt") if name == "prompt" or data["inputMethod"] == "url"
    )


def _results(seeded: Seeded, prompt: str, video: Video, *, as_json: bool) -> str:
    from mockserver.content.extraction.answers import extract

    return extract(seeded, prompt, video.hint, video.duration / 1000, as_json)
