"""NanoPhoto's one operation: a video is analysed, and what it shows is streamed as it is written.

An analysis is a job like any other, though no request can ask for it: its credit is set aside when the request
starts, captured when the text has been sent, and given back when the analysis fails or its stream breaks off (FACTS
section 3, credits). A client that goes away early has had the work done, and pays. A plan that a rule names is
followed up to its end before the first byte; steps that wait for polls, of which there are none here, take no time.
"""

from dataclasses import dataclass

from mockserver.core.faults import Refusal
from mockserver.core.journal import KEPT_BODY
from mockserver.core.plans import Plan, Step
from mockserver.kit.operations import Reply
from mockserver.providers.nanophoto.codes import PREFIX, STATUS
from mockserver.providers.nanophoto.links import is_shown, youtube_id
from mockserver.providers.nanophoto.models import FIELDS, ReversePrompt
from mockserver.providers.nanophoto.upload import inspect
from mockserver.wire.body import Disconnected
from mockserver.wire.call import Call
from mockserver.wire.stream import Stream
from mockserver.wire.work import done, steps_of

COST = 1
TEXT_TYPE = "text/plain; charset=utf-8"
_ID_LENGTH = 16
# How long a video is that nobody can look into, in milliseconds.
_SHORTEST, _LONGEST = 8_000, 90_000


@dataclass(frozen=True, slots=True)
class _Video:
    """The video asked for: what makes it the same one again, what its name gives away, its length in milliseconds."""

    mark: str
    hint: str
    duration: int


async def reverse_prompt(call: Call) -> Reply:
    """POST /api/sora-2/reverse-prompt."""
    asked: ReversePrompt = call.body
    if not FIELDS.issuperset(call.data):
        call.rests_on("rule.unknown_fields")
    video = await _video(call, asked)
    job_id = await call.new_id("rev_", _ID_LENGTH, fingerprint=f"{video.mark} {asked.locale}".encode())
    # Known before the text is made, so that a scenario's text can name it.
    call.entry.job = job_id
    work = steps_of(call, job_id)
    starts = call.now + sum(step.duration or 0 for step in work)
    began = max(starts, call.sandbox.clock.now())
    stream = Stream(call, began, call.seeded.child("stream", job_id), lambda: _text(call, asked, video))
    request = {"source": asked.source, "locale": asked.locale, "hint": video.hint}
    await call.submit(job_id, request=request, plan=_plan(call, work, stream, starts), cost=COST)
    await _finish(call, work, stream)
    return Reply(content_type=TEXT_TYPE, chunks=stream.played())


async def _video(call: Call, asked: ReversePrompt) -> _Video:
    if asked.file is None or asked.source != "file":
        # All links to a YouTube video are links to the same one, and none of them says anything but its id.
        url = asked.url or ""
        mark = (youtube_id(url) if asked.source == "youtube" else url) or ""
        if asked.source == "youtube" and not is_shown(url):
            call.rests_on("rule.youtube_forms")
        return _Video(mark, mark, _length(call, mark))
    facts = await inspect(asked.file)
    call.rests_on(*facts.forgiven)
    hint = asked.file_name or ""
    _drop_file(call, asked)
    return _Video(facts.mark, hint, facts.duration_ms or _length(call, facts.mark))


def _length(call: Call, mark: str) -> int:
    return call.seeded.integer(_SHORTEST, _LONGEST, "video length", mark)


def _drop_file(call: Call, asked: ReversePrompt) -> None:
    """Forget the file: a stream may last for minutes, and hundreds of them would each keep 80 MB."""
    kept = (asked.file or "")[:KEPT_BODY]
    call.raw = call.raw[:KEPT_BODY]
    call.data = {**call.data, "videoFile": kept}
    call.body = asked.model_copy(update={"file": kept})
    asked.file = kept


def _plan(call: Call, work: tuple[Step, ...], stream: Stream, starts: int) -> Plan:
    *lead, end = work
    if end.status == "succeeded":
        fault = call.fault
        if fault is not None and fault.phase == "after_commit" and not fault.on_wire:
            return Plan("reverse_prompt", (*lead, Step("failed", error=fault.message)))
        if stream.ends_at > starts:
            lead.append(Step("running", progress=(0, 100), duration=stream.ends_at - starts))
        end = end if stream.complete else Step("failed", error="the stream broke off")
    return Plan("reverse_prompt", (*lead, end))


async def _finish(call: Call, work: tuple[Step, ...], stream: Stream) -> None:
    """Wait for the end of the work, if it has one. Raises Refusal when it has failed."""
    try:
        end = await done(call, work)
    except Disconnected:
        call.entry.note = "the client went away before the first byte"
        stream.left()
        raise
    await call.sandbox.settle(call.sandbox.clock.now())
    if end.status != "succeeded":
        code = end.code if end.code in STATUS else "VIDEO_PROCESSING_FAILED"
        raise Refusal(f"{PREFIX}{code}", end.error or "", {"fault": True})


def _text(call: Call, asked: ReversePrompt, video: _Video) -> str:
    """The same video is told in the same words whenever it is asked for, in whichever language."""
    from mockserver.content import shots

    source = call.seeded.child("video", video.mark)
    return call.sandbox.memo(
        ("reverse_prompt", video, asked.locale),
        lambda: shots.reverse_prompt(source, video.hint, asked.locale, video.duration / 1000),
    )
