"""Judges the answers to one probe. Pure functions: answers in, a judgement out."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from mockserver.exam.sends import Answer

Outcome = Literal["pass", "fail", "cannot tell"]


class Judgement(NamedTuple):
    """The outcome of a probe and its reason. `forged` is true if a forged event was accepted."""

    outcome: Outcome
    reason: str
    forged: bool = False


class Observed(NamedTuple):
    """What is known when a probe is judged.

    `valid` says whether the plain valid event was accepted; None before it was sent. `processed` is how many events
    the receiver processed during the probe; None if it has no counter.
    """

    answers: Sequence[Answer]
    valid: bool | None = None
    processed: int | None = None


Judge = Callable[[Observed], Judgement]

_SAME_ANSWER = "the receiver does not accept the plain valid event either, so this answer proves nothing"
_INVISIBLE = "whether it is processed only once cannot be seen in the answers: give --processed URL"


def accepted(observed: Observed) -> Judgement:
    """An authentic event has to be accepted."""
    bad = [each for each in observed.answers if not each.accepted]
    if not bad:
        return Judgement("pass", _all(observed.answers))
    if observed.valid is False:
        return Judgement("cannot tell", f"{_each(bad)}, but {_SAME_ANSWER}")
    hint = "; a redirect is not followed" if any(each.redirected for each in bad) else ""
    return Judgement("fail", f"{_each(bad)}, but the event is authentic{hint}")


def refused(observed: Observed) -> Judgement:
    """A forged event must not be accepted."""
    bad = [each for each in observed.answers if each.accepted]
    if bad:
        processed = " and processed it" if observed.processed else ""
        return Judgement("fail", f"{_each(bad)}{processed}, which has to be refused", forged=True)
    crashed = [each for each in observed.answers if not each.refused]
    if observed.valid is False:
        return Judgement("cannot tell", f"{_each(observed.answers)}, but {_SAME_ANSWER}")
    if crashed:
        return Judgement("fail", f"{_each(crashed)}: not accepted, but a refusal is a 4xx status such as 401")
    return Judgement("pass", _all(observed.answers))


def either(text: str) -> Judge:
    """Return the judge of an authentic event that a receiver may accept or refuse. `text` explains a refusal."""

    def judge(observed: Observed) -> Judgement:
        crashed = [each for each in observed.answers if not (each.accepted or each.refused)]
        if crashed:
            return Judgement("fail", f"{_each(crashed)}: accept the event, or refuse it with a 4xx status")
        bad = [each for each in observed.answers if each.refused]
        return Judgement("cannot tell", f"{_each(bad)}: {text}") if bad else Judgement("pass", _all(observed.answers))

    return judge


def undecided(text: str) -> Judge:
    """Return the judge of an event about which the provider documents nothing. `text` explains it."""

    def judge(observed: Observed) -> Judgement:
        crashed = [each for each in observed.answers if not (each.accepted or each.refused)]
        if crashed:
            return Judgement("fail", f"{_each(crashed)}: a receiver should not crash")
        return Judgement("cannot tell", f"{_all(observed.answers)}: {text}")

    return judge


def once(observed: Observed) -> Judgement:
    """The same event several times has to be accepted each time, and processed once."""
    judgement = accepted(observed)
    if judgement.outcome != "pass":
        return judgement
    if observed.processed is None:
        return Judgement("cannot tell", f"{judgement.reason}; {_INVISIBLE}")
    if observed.processed == 0:
        return Judgement("cannot tell", f"{judgement.reason}, but the counter did not count the event")
    if observed.processed != 1:
        return Judgement("fail", f"{judgement.reason}, but the event was processed {observed.processed} times")
    return Judgement("pass", f"{judgement.reason}, and processed once")


def after_a_break(observed: Observed) -> Judgement:
    """A delivery that broke off must have no effect, and the complete one after it has to be accepted."""
    broken, *complete = observed.answers
    if broken.accepted:
        return Judgement("fail", f"the receiver {broken} although the body was not complete")
    return once(observed._replace(answers=complete))


def early(observed: Observed) -> Judgement:
    """An event can come before the reply that tells the application the id of the job."""
    (answer,) = observed.answers
    if answer.accepted and observed.processed is None:
        kept = "whether the event is kept until the job is known cannot be seen in the answer: give --processed URL"
        return Judgement("cannot tell", f"{answer}; {kept}")
    if answer.accepted and not observed.processed:
        return Judgement("fail", f"{answer}, but the event was not processed: it is lost, because it is not sent again")
    if answer.accepted:
        return Judgement("pass", f"{answer}, and processed")
    if answer.refused or answer.result.status == 503:
        return Judgement("pass", f"{answer}: the provider sends the event again later, when the job is known")
    return Judgement("fail", f"{answer}: accept the event, or refuse it with a 4xx status or 503")


def only_post(observed: Observed) -> Judgement:
    """A GET carries no event. A page at the same URL is harmless."""
    (answer,) = observed.answers
    if answer.accepted and observed.processed:
        return Judgement("fail", f"{answer} and processed an event that has no signature", forged=True)
    if answer.accepted:
        return Judgement("cannot tell", f"{answer}: a page at this URL is harmless; an event that is processed is not")
    if answer.crashed:
        return Judgement("fail", f"{answer}: answer 405")
    return Judgement("pass", str(answer))


def unless_forged(judge: Judge, forged: int) -> Judge:
    """Return a judge for which the last `forged` requests of the probe are forged, and `judge` is for the others."""

    def both(observed: Observed) -> Judgement:
        split = len(observed.answers) - forged
        against = refused(observed._replace(answers=observed.answers[split:]))
        if against.outcome == "fail":
            return against
        return judge(observed._replace(answers=observed.answers[:split]))

    return both


def _all(answers: Sequence[Answer]) -> str:
    texts = list(dict.fromkeys(map(str, answers)))
    return ", ".join(texts) + (f" to each of {len(answers)} requests" if len(answers) > 1 else "")


def _each(answers: Sequence[Answer]) -> str:
    texts: dict[str, int] = {}
    for answer in answers:
        key = f"the receiver {answer} to the {answer.send.label}"
        texts[key] = texts.get(key, 0) + 1
    return "; ".join(f"{text} ({count} times)" if count > 1 else text for text, count in texts.items())
