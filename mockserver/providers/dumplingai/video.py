"""The video of a request: what can be known of it without fetching anything, and whether DumplingAI would take it."""

from dataclasses import dataclass
from hashlib import blake2b

from pydantic import TypeAdapter, ValidationError

from mockserver.clock import turn
from mockserver.core.faults import Refusal
from mockserver.kit.models import WebUrl
from mockserver.media.encoded import decoded
from mockserver.media.reader import VideoFacts, VideoProbe
from mockserver.providers.dumplingai.contract import as_schema
from mockserver.providers.dumplingai.formats import SUPPORTED, ending, is_supported
from mockserver.wire.call import Call

# FACTS section 5, limits and duration, in milliseconds.
LONGEST = 3_600_000
_SHORTEST_SEEDED, _LONGEST_SEEDED = 5_000, 600_000
_FORMATS = f"Supported formats: {', '.join(SUPPORTED)}"
_WEB_URL: TypeAdapter[str] = TypeAdapter(WebUrl)


@dataclass(frozen=True, slots=True)
class Video:
    """A video: `mark` is the same for the same video, `hint` is what its name gives away, `duration` milliseconds."""

    mark: str
    hint: str
    duration: int


async def look_at(call: Call, method: str, text: str) -> Video:
    """The video given as `text`. Raises Refusal `invalid_request` for one that DumplingAI would not take."""
    literal = as_schema(call)
    stated = None
    if method == "base64":
        mark, stated = await _sent_along(call, text, literal=literal)
    else:
        mark = text
        if not literal:
            _check_url(call, text)
    duration = _duration(call, mark, stated)
    if duration > LONGEST:
        raise Refusal("invalid_request", "The video lasts longer than the maximum of 1 hour (3600 seconds)")
    return Video(mark, "" if method == "base64" else text, duration)


def _duration(call: Call, mark: str, stated: int | None) -> int:
    """The scenario's word, else the file's own, else one seeded by the video."""
    told: float | None = call.option("video_seconds")
    if told is not None:
        return round(told * 1000)
    if stated:
        return stated
    seeded = call.seeded.integer(_SHORTEST_SEEDED, _LONGEST_SEEDED, "dumplingai", "duration", mark)
    # Where nothing may be assumed it is whole seconds, whose price needs no rounding.
    return seeded - seeded % 1000 if call.provenance is not None and call.provenance.no_assumed else seeded


def _check_url(call: Call, text: str) -> None:
    try:
        named = ending(_WEB_URL.validate_python(text))
    except (ValidationError, ValueError):
        call.rests_on("rule.video_url")
        raise Refusal("invalid_request", "video must be a public http or https URL when inputMethod is url") from None
    if named == "3gp":
        call.rests_on("rule.ending_3gp")
    if not is_supported(named):
        raise Refusal("invalid_request", f"Unsupported video format: {named}. {_FORMATS}")


async def _sent_along(call: Call, text: str, *, literal: bool) -> tuple[str, int | None]:
    try:
        mark, facts = await _probed(text)
    except ValueError:
        if literal:
            return text, None
        call.rests_on("rule.base64")
        raise Refusal("invalid_request", _not_base64(text)) from None
    if len(text) % 4 or "\n" in text or " " in text:
        call.rests_on("rule.base64")
    if facts.container is None and not literal:
        what = "Unsupported video format" if facts.size else "The video is empty"
        raise Refusal("invalid_request", f"{what}. {_FORMATS}")
    if facts.container is not None and not facts.complete:
        call.rests_on("rule.damaged_file")
        call.entry.note = "the video is cut off or damaged; it is served all the same"
    return mark, facts.duration_ms


async def _probed(text: str) -> tuple[str, VideoFacts]:
    """A mark of the content of a Base64 text, and the facts about it. Others have their turn between two pieces."""
    probe, digest = VideoProbe(), blake2b(digest_size=16)
    for piece in decoded(text):
        probe.feed(piece)
        digest.update(piece)
        await turn()
    return digest.hexdigest(), probe.finish()


def _not_base64(text: str) -> str:
    if text[:5].lower() == "data:":
        return "video must be plain base64, without the data: prefix, when inputMethod is base64"
    return "video must be base64-encoded when inputMethod is base64"
