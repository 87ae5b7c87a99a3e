"""NanoPhoto's one operation: a video is analysed, and what it shows is streamed as it is written.

An analysis is a job like any other, though no request can ask for it: its credit is set aside when the request
starts, captured when the text has been sent, and given back when the analysis fails or its stream breaks off (FACTS
section 3, credits). A client that goes away early has had the work done, and pays. A plan that a rule names is
followed up to its end before the first byte; steps that wait for polls, of which there are none here, take no time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mockserver.core.faults import Fault, Refusal
from mockserver.core.plans import Plan, Step
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Deferred, Reply, Stream
from mockserver.providers.nanophoto.codes import CODES, PREFIX
from mockserver.providers.nanophoto.links import is_shown, youtube_id
from mockserver.providers.nanophoto.models import FIELDS, ReversePrompt
from mockserver.providers.nanophoto.upload import inspect
from mockserver.sandbox.state import SandboxState
from mockserver.wire.exchange import Exchange
from mockserver.wire.stream import composed, ends_at
from mockserver.wire.work import due_of, steps_of

COST = 1
TEXT_TYPE = "text/plain; charset=utf-8"
_ID_LENGTH = 16
_LEFT = "the client went away before the first byte"
# How long a video is that nobody can look into, in milliseconds.
_SHORTEST, _LONGEST = 8_000, 90_000


@dataclass(frozen=True, slots=True)
class _Video:
    """The video asked for: what makes it the same one again, what its name gives away, its length in milliseconds."""

    mark: str
    hint: str
    duration: int


def rows_of_request(exchange: Exchange) -> Iterator[str]:
    """What an analysis rests on, beside its operation."""
    asked: ReversePrompt = exchange.body
    if not FIELDS.issuperset(exchange.data):
        yield "rule.unknown_fields"
    if asked.source == "youtube" and not is_shown(asked.url or ""):
        yield "rule.youtube_forms"


async def reverse_prompt(exchange: Exchange) -> Deferred:
    """POST /api/sora-2/reverse-prompt."""
    asked: ReversePrompt = exchange.body
    video, rows = await _video(exchange, asked)
    exchange.admit(*rows)
    locale, sandbox, now = asked.locale, exchange.sandbox, exchange.now
    fingerprint = f"{video.mark} {locale}".encode()
    job_id = await exchange.ids.job("rev_", _ID_LENGTH, fingerprint=fingerprint)
    work = steps_of(exchange, job_id)
    starts = now + sum(step.duration or 0 for step in work)
    seeded, source = exchange.seeded.child("stream", job_id), exchange.seeded.child("video", video.mark)
    began = max(starts, sandbox.clock.now())
    stream = composed(exchange, began, seeded, lambda: _text(sandbox, source, video, locale), job_id)
    request = {"source": asked.source, "locale": locale, "hint": video.hint}
    await exchange.jobs.submit(job_id, request=request, plan=_plan(exchange.fault, work, stream, starts), cost=COST)
    end = work[-1]

    async def finished() -> Reply:
        await sandbox.settling.settle(sandbox.clock.now())
        if end.status != "succeeded":
            code = end.code if end.code in CODES else "VIDEO_PROCESSING_FAILED"
            raise Refusal(f"{PREFIX}{code}", end.error or "", scripted=True, job=job_id)
        return Reply(content_type=TEXT_TYPE, stream=stream, job=job_id, ledger_rows=rows)

    return Deferred(due_of(work, now), finished, None, job_id, _LEFT, ("ending.client_left",))


async def _video(exchange: Exchange, asked: ReversePrompt) -> tuple[_Video, tuple[str, ...]]:
    """The video asked for, and the rows by which it was taken although the page does not say so."""
    if asked.file is None or asked.source != "file":
        # All links to a YouTube video are links to the same one, and none of them says anything but its id.
        url = asked.url or ""
        mark = (youtube_id(url) if asked.source == "youtube" else url) or ""
        return _Video(mark, mark, _length(exchange, mark)), ()
    facts = await inspect(asked.file)
    duration = facts.duration_ms or _length(exchange, facts.mark)
    return _Video(facts.mark, asked.file_name or "", duration), facts.forgiven


def _length(exchange: Exchange, mark: str) -> int:
    return exchange.seeded.integer(_SHORTEST, _LONGEST, "video length", mark)


def _plan(fault: Fault | None, work: tuple[Step, ...], stream: Stream, starts: int) -> Plan:
    *lead, end = work
    if end.status == "succeeded":
        if fault is not None and fault.phase == "after_commit" and not fault.on_wire:
            return Plan("reverse_prompt", (*lead, Step("failed", error=fault.message)))
        until = ends_at(stream)
        if until > starts:
            lead.append(Step("running", progress=(0, 100), duration=until - starts))
        whole = stream.track.ending == "complete"
        end = end if whole else Step("failed", error="the stream broke off")
    return Plan("reverse_prompt", (*lead, end))


def _text(sandbox: SandboxState, source: Seeded, video: _Video, locale: str) -> str:
    """The same video is told in the same words whenever it is asked for, in whichever language."""
    from mockserver.content import shots

    return sandbox.memo(
        ("reverse_prompt", video, locale),
        lambda: shots.reverse_prompt(source, video.hint, locale, video.duration / 1000),
    )
