"""NanoPhoto's analyses: turn a video back into prompts, and stream the text while it is written."""

from collections.abc import Iterator
from dataclasses import dataclass

from mockserver.content.videos import address
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Deferred
from mockserver.providers.nanophoto import prices
from mockserver.providers.nanophoto.links import is_shown
from mockserver.providers.nanophoto.models import FIELDS, ReversePrompt
from mockserver.providers.nanophoto.texts import write
from mockserver.providers.nanophoto.upload import inspect
from mockserver.sandbox.state import SandboxState
from mockserver.wire.exchange import Exchange

# The range for the length of a video that is not in the request, in milliseconds.
_SHORTEST, _LONGEST = 8_000, 90_000


@dataclass(frozen=True, slots=True)
class _Video:
    """A video: its address or an id of its content, a hint from its address, and its length in milliseconds."""

    mark: str
    hint: str
    duration: int


def rows_of_request(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for an analysis, in addition to that of its operation."""
    body: ReversePrompt = exchange.body
    if not FIELDS.issuperset(exchange.data):
        yield "rule.unknown_fields"
    if body.source == "youtube" and not is_shown(body.url or ""):
        yield "rule.youtube_forms"


async def reverse_prompt(exchange: Exchange) -> Deferred:
    """POST /api/sora-2/reverse-prompt."""
    body: ReversePrompt = exchange.body
    video, rows = await _video(exchange, body)
    exchange.admit(*rows)
    locale, sandbox = body.locale, exchange.sandbox
    source = exchange.seeded.child("video", video.mark)
    return await write(
        exchange, "rev_", f"{video.mark} {locale}".encode(), lambda: _text(sandbox, source, video, locale),
        {"source": body.source, "locale": locale, "hint": video.hint}, prices.ANALYSIS, "VIDEO_PROCESSING_FAILED", rows,
    )  # fmt: skip


async def _video(exchange: Exchange, body: ReversePrompt) -> tuple[_Video, tuple[str, ...]]:
    """Return the video of a request, and the rows of the ledger for what is not documented about it."""
    if body.file is None or body.source != "file":
        mark = address(body.url or "")
        return _Video(mark, mark, _length(exchange, mark)), ()
    facts = await inspect(body.file)
    duration = facts.duration_ms or _length(exchange, facts.mark)
    # The name is not part of the video, so the same file under another name gets the same text.
    return _Video(facts.mark, "", duration), facts.ledger_rows


def _length(exchange: Exchange, mark: str) -> int:
    return exchange.seeded.integer(_SHORTEST, _LONGEST, "video length", mark)


def _text(sandbox: SandboxState, source: Seeded, video: _Video, locale: str) -> str:
    """Return the text for a video. It is always the same for the same video and language."""
    from mockserver.content import shots

    return sandbox.cached(
        ("reverse_prompt", video, locale),
        lambda: shots.reverse_prompt(source, video.hint, locale, video.duration / 1000),
    )
