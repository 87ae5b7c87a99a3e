"""DumplingAI's operations: extract from a video, and list the formats of videos.

An extraction is done within its request. Its credits are reserved when the length of the video is known, charged when
it is done, and released if it fails or the client leaves before that (FACTS section 5, credits and 402).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Reply
from mockserver.providers.dumplingai.contract import as_schema
from mockserver.providers.dumplingai.formats import SUPPORTED
from mockserver.providers.dumplingai.models import ExtractVideo
from mockserver.providers.dumplingai.video import Video, look_at
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.content.extraction.answers import Result

_BASE, _PER_SECOND = 100, 10
_IN_ENGLISH = "the results are in English: mockserver has no phrases in the language of the prompt"
_A_CREDIT = 1000 // _PER_SECOND  # milliseconds


async def extract_video(exchange: Exchange, body: ExtractVideo) -> Task:
    """POST /api/v1/extract-video."""
    literal = is_literal(exchange)
    if not body.prompt and not literal:
        raise Refusal("invalid_request", "prompt is required", ledger_rows=("rule.empty_prompt",))
    video = await look_at(exchange, body.input_method, body.video, literal=literal)
    result = _result(exchange, body, video)
    rows = (*video.ledger_rows, *_rows_of_result(result))
    if video.duration % _A_CREDIT:
        rows = (*rows, "rule.rounding")
    usage = cost(video.duration)
    extraction = {
        "results": result.text,
        "prompt": body.prompt,
        "videoDuration": video.duration / 1000,
        "creditUsage": usage,
    }
    return Task(usage, extraction, rows, note=video.note or (_IN_ENGLISH if result.foreign else None))


async def list_formats(exchange: Exchange) -> Reply:
    """GET /api/v1/extract-video."""
    if is_literal(exchange):
        raise Refusal("method_not_allowed", allow="POST")
    return Reply(body={"supportedFormats": SUPPORTED})


async def check_key(exchange: Exchange) -> Reply:
    """GET /api/v1/make/api-key-connection."""
    return Reply(body={"metadata": {"name": f"Workspace {exchange.seeded.token(4, 'workspace', exchange.account.id)}"}})


def is_literal(exchange: Exchange) -> bool:
    """Return whether requests are checked against the provider's OpenAPI document only."""
    options = exchange.sandbox.program.options.get(exchange.provider.name, {})
    return as_schema(options, strict=exchange.policy.strict)


def cost(duration: int) -> int:
    """Return the cost of a video in credits, rounded up. `duration` is in milliseconds (FACTS section 5, credits)."""
    return _BASE + -(-duration * _PER_SECOND // 1000)


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
