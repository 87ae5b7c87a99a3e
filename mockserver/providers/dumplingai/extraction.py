"""DumplingAI's operations: extract from a video, and list the formats of videos.

An extraction is done within its request. Its credits are set aside once the length of the video is known, charged when
it is done, and given back when it fails or the client goes away before that (FACTS section 5, credits and 402).
"""

from collections.abc import Mapping
from typing import Any

from mockserver.core.credits import ONE
from mockserver.core.faults import Refusal
from mockserver.core.journal import KEPT_BODY
from mockserver.kit.operations import Reply
from mockserver.providers.dumplingai.contract import as_schema
from mockserver.providers.dumplingai.formats import SUPPORTED
from mockserver.providers.dumplingai.models import SOURCES, ExtractVideo
from mockserver.providers.dumplingai.video import Video, look_at
from mockserver.wire import work
from mockserver.wire.call import Call

_BASE, _PER_SECOND = 100, 10
_A_CREDIT = 1000 // _PER_SECOND  # milliseconds


async def extract_video(call: Call) -> Reply:
    """POST /api/v1/extract-video."""
    asked: ExtractVideo = call.body
    if asked.request_source and asked.request_source not in SOURCES:
        call.rests_on("rule.other_sources")
    if not asked.prompt and not as_schema(call):
        call.rests_on("rule.empty_prompt")
        raise Refusal("invalid_request", "prompt is required")
    video = await look_at(call, asked.input_method, asked.video)
    _drop_file(call, asked)
    if video.duration % _A_CREDIT:
        call.rests_on("rule.rounding")
    usage = cost(video.duration)
    await _extracted(call, usage)
    return Reply(
        body={
            "results": _results(call, asked, video),
            "prompt": asked.prompt,
            "videoDuration": video.duration / 1000,
            "creditUsage": usage,
        }
    )


async def list_formats(call: Call) -> Reply:
    """GET /api/v1/extract-video."""
    if as_schema(call):
        raise Refusal("method_not_allowed")
    return Reply(body={"supportedFormats": SUPPORTED})


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


async def _extracted(call: Call, usage: int) -> None:
    """Charge for the extraction, once it is done. Raises Refusal where a rule's plan makes it fail."""
    store, clock, account = call.sandbox.store, call.sandbox.clock, call.account.id
    reference = f"extract_video {await call.entry_number()}"
    await call.reserve(reference, usage * ONE)
    try:
        end = await work.done(call, work.steps_of(call, reference))
        if end.status != "succeeded":
            raise Refusal("server_error", end.error or "", {"fault": True})
    except BaseException:
        await store.release(account, clock.now(), reference)
        raise
    await store.capture(account, clock.now(), reference)


def _results(call: Call, asked: ExtractVideo, video: Video) -> str:
    from mockserver.content.extraction.answers import extract

    seeded = call.seeded.child("dumplingai", "video", video.mark)
    return extract(seeded, asked.prompt, video.hint, video.duration / 1000, asked.json_mode)


def _drop_file(call: Call, asked: ExtractVideo) -> None:
    """Forget a file that was looked at: the work may take minutes, and every request would keep it thrice."""
    if asked.input_method == "base64" and len(asked.video) > KEPT_BODY:
        asked.video = asked.video[:KEPT_BODY]
        call.raw = call.raw[:KEPT_BODY]
        call.data = {**call.data, "video": asked.video}
