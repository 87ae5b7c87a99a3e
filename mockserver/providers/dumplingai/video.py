"""The video of a request: what is known about it without a download, and whether DumplingAI would accept it."""

from dataclasses import dataclass, replace
from hashlib import blake2b

from pydantic import ConfigDict, TypeAdapter, ValidationError

from mockserver.clock import let_others_run
from mockserver.core.faults import Refusal
from mockserver.kit.models import WebUrl
from mockserver.media.encoded import decoded
from mockserver.media.reader import VideoFacts, VideoProbe
from mockserver.providers.dumplingai.formats import SUPPORTED, ending, is_supported
from mockserver.wire.exchange import Exchange

# FACTS section 5, limits and duration, in milliseconds.
LONGEST = 3_600_000
_SHORTEST_SEEDED, _LONGEST_SEEDED = 5_000, 600_000
_FORMATS = f"Supported formats: {', '.join(SUPPORTED)}"
_BASE64 = ("rule.base64",)
_DAMAGED = "the video is cut off or damaged; it is served all the same"
# Characters of a text that is not read as a video, of which a hash is made.
_LONGEST_MARK = 65_536
_WEB_URL: TypeAdapter[str] = TypeAdapter(WebUrl, config=ConfigDict(defer_build=True))


@dataclass(frozen=True, slots=True)
class Video:
    """A video. `mark` is the same for the same video, `hint` is from its name, and `duration` is in milliseconds.

    `ledger_rows` are the rows of the ledger for what is not documented about it. `note` is for the journal.
    """

    mark: str
    hint: str
    duration: int
    ledger_rows: tuple[str, ...] = ()
    note: str | None = None


async def look_at(exchange: Exchange, method: str, text: str, *, literal: bool) -> Video:
    """Return the video in `text`. Raises Refusal `invalid_request` for one that DumplingAI would not accept.

    `literal`: requests are checked against the provider's OpenAPI document only.
    """
    video = await _sent_along(exchange, text, literal=literal) if method == "base64" else _by_url(text, literal=literal)
    video = replace(video, duration=_duration(exchange, video))
    if video.duration > LONGEST:
        message = "The video lasts longer than the maximum of 1 hour (3600 seconds)"
        raise Refusal("invalid_request", message, row="too_long")
    return video


def _duration(exchange: Exchange, video: Video) -> int:
    """Return the length of a video: the scenario's, the file's, or one that depends on the video."""
    seconds: float | None = exchange.option("video_seconds")
    if seconds is not None:
        return round(seconds * 1000)
    if video.duration:
        return video.duration
    seeded = exchange.seeded.integer(_SHORTEST_SEEDED, _LONGEST_SEEDED, "dumplingai", "duration", video.mark)
    provenance = exchange.policy.provenance
    # With --no-assumed it is in whole seconds, because the rounding of the price is assumed.
    return seeded - seeded % 1000 if provenance is not None and provenance.no_assumed else seeded


def _by_url(text: str, *, literal: bool) -> Video:
    if literal:
        return Video(_short(text), text[:_LONGEST_MARK], 0)
    try:
        extension = ending(_WEB_URL.validate_python(text))
    except (ValidationError, ValueError):
        message = "video must be a public http or https URL when inputMethod is url"
        raise Refusal("invalid_request", message, ledger_rows=("rule.video_url",)) from None
    if not is_supported(extension):
        message = f"Unsupported video format: {extension}. {_FORMATS}"
        raise Refusal("invalid_request", message, row="unsupported_format")
    return Video(text, text, 0, ("rule.ending_3gp",) if extension == "3gp" else ())


async def _sent_along(exchange: Exchange, text: str, *, literal: bool) -> Video:
    try:
        mark, facts = await _probed(text)
    except ValueError:
        if literal:
            return Video(_short(text), "", 0)
        raise Refusal("invalid_request", _not_base64(text), ledger_rows=_BASE64) from None
    rows = _BASE64 if len(text) % 4 or "\n" in text or " " in text else ()
    if facts.container is None and not literal:
        problem = "Unsupported video format" if facts.size else "The video is empty"
        raise Refusal("invalid_request", f"{problem}. {_FORMATS}", row="unsupported_format", ledger_rows=rows)
    if facts.container is None or facts.complete:
        return Video(mark, "", facts.duration_ms or 0, rows)
    return Video(mark, "", facts.duration_ms or 0, (*rows, "rule.damaged_file"), _DAMAGED)


async def _probed(text: str) -> tuple[str, VideoFacts]:
    """Return a mark of the content of a Base64 text, and its facts. Other requests run between two pieces."""
    probe, digest = VideoProbe(), blake2b(digest_size=16)
    for piece in decoded(text):
        probe.feed(piece)
        digest.update(piece)
        await let_others_run()
    return digest.hexdigest(), probe.finish()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_MARK else f"{text[:_LONGEST_MARK]} {len(text)}"


def _not_base64(text: str) -> str:
    if text[:5].lower() == "data:":
        return "video must be plain base64, without the data: prefix, when inputMethod is base64"
    return "video must be base64-encoded when inputMethod is base64"
