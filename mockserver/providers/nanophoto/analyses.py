"""NanoPhoto's operation: analyse a video, and stream the text while it is written.

An analysis is a job that no operation returns. Its credit is reserved when the request starts, charged when the text
has been sent, and released if the analysis fails or its stream breaks off (FACTS section 3, credits). If the client
leaves early, the work has been done and the credit is charged. If the rule names a plan, its steps take place before
the first byte. Steps that wait for polls take no time, because there are no polls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mockserver.content.videos import address
from mockserver.core.faults import Fault, Refusal
from mockserver.core.jobs import Job
from mockserver.core.plans import Plan, Step
from mockserver.core.seeded import Seeded
from mockserver.core.streams import duration_of
from mockserver.kit.operations import Deferred, Reply, Stream
from mockserver.providers.nanophoto import prices
from mockserver.providers.nanophoto.codes import CODES, PREFIX
from mockserver.providers.nanophoto.links import is_shown
from mockserver.providers.nanophoto.models import FIELDS, ReversePrompt
from mockserver.providers.nanophoto.upload import inspect
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.state import SandboxState
from mockserver.wire.exchange import Exchange
from mockserver.wire.stream import compose_stream, ends_at
from mockserver.wire.work import due_of, steps_of

TEXT_TYPE = "text/plain; charset=utf-8"
_ID_LENGTH = 16
_LEFT = "the client went away before the first byte"
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
    locale, sandbox, now = body.locale, exchange.sandbox, exchange.now
    fingerprint = f"{video.mark} {locale}".encode()
    job_id = await exchange.ids.job("rev_", _ID_LENGTH, fingerprint=fingerprint)
    work = steps_of(exchange, job_id)
    starts = now + sum(step.duration or 0 for step in work)
    seeded, source = exchange.seeded.child("stream", job_id), exchange.seeded.child("video", video.mark)
    began = max(starts, sandbox.clock.now())
    stream = compose_stream(exchange, began, seeded, lambda: _text(sandbox, source, video, locale), job_id)
    request = {"source": body.source, "locale": locale, "hint": video.hint}
    job = await exchange.jobs.submit(
        job_id, request=request, plan=_plan(exchange.fault, work, stream, starts), cost=prices.ANALYSIS
    )
    end = work[-1]

    async def finished() -> Reply:
        await sandbox.settling.settle(sandbox.clock.now())
        if end.status != "succeeded":
            code = end.code if end.code in CODES else "VIDEO_PROCESSING_FAILED"
            raise Refusal(f"{PREFIX}{code}", end.error or "", scripted=True, job=job_id)
        sent = stream if stream.track.resumed is None else stream._replace(go_on=partial(_release, sandbox, job))
        return Reply(content_type=TEXT_TYPE, stream=sent, job=job_id, ledger_rows=rows)

    return Deferred(due_of(work, now), finished, None, job_id, _LEFT, ("ending.client_left",))


async def _release(sandbox: Sandbox, job: Job) -> None:
    """Let the job of a held stream go on."""
    now = sandbox.clock.now()
    await sandbox.settling.settle(now)
    current = await sandbox.store.get_job(job.provider, job.account, job.id)
    if current is not None and current.at(now).step.held:
        await sandbox.replace_job(current, current.released(now))


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


def _plan(fault: Fault | None, work: tuple[Step, ...], stream: Stream, starts: int) -> Plan:
    *lead, end = work
    if end.status == "succeeded":
        if fault is not None and fault.phase == "after_commit" and not fault.on_wire:
            return Plan("reverse_prompt", (*lead, Step("failed", error=fault.message)))
        until = ends_at(stream)
        if until > starts:
            lead.append(Step("running", progress=(0, 100), duration=until - starts))
        if stream.track.resumed is not None:
            lead += (Step("running", held=True), Step("running", duration=duration_of(stream.track.resumed)))
        whole = stream.track.ending == "complete"
        end = end if whole else Step("failed", error="the stream broke off")
    return Plan("reverse_prompt", (*lead, end))


def _text(sandbox: SandboxState, source: Seeded, video: _Video, locale: str) -> str:
    """Return the text for a video. It is always the same for the same video and language."""
    from mockserver.content import shots

    return sandbox.cached(
        ("reverse_prompt", video, locale),
        lambda: shots.reverse_prompt(source, video.hint, locale, video.duration / 1000),
    )
