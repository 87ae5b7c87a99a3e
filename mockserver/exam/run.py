"""Runs an exam: sends the requests of each probe, and judges the answers."""

import asyncio
import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mockserver.clock import pause
from mockserver.exam.events import Events, stringified
from mockserver.exam.judging import Judgement, Observed
from mockserver.exam.probes import Probe
from mockserver.exam.sends import Answer, Send
from mockserver.outgoing.call import OutgoingCall, Sender

# The counter is read again until it has not changed for this many seconds, and at most this many times.
_SETTLE, _READS = 0.05, 40


class ExamError(Exception):
    """The exam cannot be held. The message says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One probe with the answers to it and its judgement."""

    probe: Probe
    answers: tuple[Answer, ...]
    judgement: Judgement
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Exam:
    """The plan of an exam: the receiver, its probes, and how events are composed.

    `compose` returns the events, signed now. `only` names the probes to hold; empty: all. `processed` is a URL that
    answers how many events the receiver has processed.
    """

    url: str
    probes: Sequence[Probe]
    compose: Callable[[], Events]
    sender: Sender
    timeout: float
    only: Collection[str] = ()
    processed: str | None = None


async def run(exam: Exam, report: Callable[[Item], None] = lambda item: None) -> list[Item]:
    """Hold the exam. `report` gets each item when it is judged. Raises ExamError if the receiver cannot be reached.

    The plain valid event is always sent: without it the refusal of a forged event proves nothing.
    """
    items: list[Item] = []
    valid: bool | None = None
    for probe in exam.probes:
        first = not items
        if exam.only and probe.name not in exam.only and not first:
            continue
        item = await _hold(exam, probe, valid)
        if first:
            _check_reached(item)
            valid = item.judgement.outcome == "pass"
            item = item if valid else await _diagnosed(exam, item)
        items.append(item)
        report(item)
    return items


def _check_reached(item: Item) -> None:
    result = item.answers[0].result
    if result.kind == "refused":
        raise ExamError(f"{result.error}. The exam sends to loopback and private addresses only")
    if result.kind == "connect_error":
        raise ExamError(f"the receiver cannot be reached: {result.error}")


async def _hold(exam: Exam, probe: Probe, valid: bool | None) -> Item:
    sends = probe.sends(exam.compose())
    if not sends:
        reason = "the events of this provider do not have this"
        return Item(probe, (), Judgement("cannot tell", reason), skipped=True)
    before = await _count(exam, settled=False)
    answers: list[Answer] = []
    for send in sends:
        answers += await _send(exam, send)
    after = await _count(exam, settled=True)
    processed = None if before is None or after is None else after - before
    return Item(probe, tuple(answers), probe.judge(Observed(answers, valid, processed)))


async def _diagnosed(exam: Exam, item: Item) -> Item:
    """Find out whether a receiver that refuses the valid event accepts it as a JSON library would encode it again."""
    events, (refused, *_) = exam.compose(), item.answers
    data = json.loads(refused.send.body)
    for encoder, body in (("json.dumps", json.dumps(data).encode()), ("JSON.stringify", stringified(data))):
        send = Send(f"same event as {encoder} encodes it", body, events.signed(body))
        (answer,) = await _send(exam, send)
        if answer.accepted:
            text = f"; it accepts the same event as {encoder} encodes it, so it does not verify the bytes that arrived"
            judgement = item.judgement._replace(reason=item.judgement.reason + text)
            return Item(item.probe, (*item.answers, answer), judgement)
    return item


async def _send(exam: Exam, send: Send) -> list[Answer]:
    call = send.call(exam.url, exam.timeout)
    results = await asyncio.gather(*(exam.sender.send(call) for _ in range(send.copies)))
    return [Answer(send, call, result) for result in results]


async def _count(exam: Exam, *, settled: bool) -> int | None:
    """Return the receiver's counter, once it no longer changes if `settled`; None if there is no counter."""
    if exam.processed is None:
        return None
    count = await _read_count(exam, exam.processed)
    for _ in range(_READS if settled else 0):
        await pause(_SETTLE)
        last, count = count, await _read_count(exam, exam.processed)
        if last == count:
            break
    return count


async def _read_count(exam: Exam, url: str) -> int:
    result = await exam.sender.send(OutgoingCall("GET", url, timeout=exam.timeout))
    text = result.body.decode("utf-8", "replace")
    number = re.search(r"\d+", text) if result.kind == "response" and result.status == 200 else None
    if number is None:
        answer = result.error or f"status {result.status}, {json.dumps(text[:60])}"
        raise ExamError(f"--processed {url}: expected a 200 with a number, got {answer}")
    return int(number[0])
