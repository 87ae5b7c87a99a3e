"""The report of an exam: as text, as data, and as JUnit XML."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.xml_text import attribute, content
from mockserver.exam.probes import Topic
from mockserver.exam.repeat import curl, requests_of, sent_bytes
from mockserver.exam.run import Item
from mockserver.exam.sends import Answer
from mockserver.kit.provider import Provider
from mockserver.provenance.behaviours import Ledger

_MARKS = {"pass": "pass", "fail": "FAIL", "cannot tell": "?   "}
_ROWS: Mapping[Topic, tuple[str, ...]] = {
    "signature": ("rule.signed", "rule.signature"),
    "timestamp": (),
    "retries": ("rule.retries", "rule.webhook_retries"),
    "replay": ("rule.replay", "rule.replayed_bytes"),
    "event": (),
}


class Rule(NamedTuple):
    """A row of the ledger that a probe rests on."""

    id: str
    basis: str
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.id}: {self.what} ({self.basis}: {self.source})"


class Results(NamedTuple):
    """The results of an exam. `rules` finds the rows of a provider's ledger."""

    url: str
    provider: Provider
    seed: int
    items: Sequence[Item]
    ledger: Ledger

    def rules(self, item: Item) -> list[Rule]:
        """Return the rows of the ledger on which a probe rests."""
        names = [name for topic in item.probe.topics for name in self._names(topic)]
        found = []
        for name in dict.fromkeys(names):
            row = self.ledger.rows.get(f"{self.provider.name}.{name}")
            if row is not None:
                found.append(Rule(f"{self.provider.name}.{name}", row.basis, row.what, row.source))
        return found

    def _names(self, topic: Topic) -> tuple[str, ...]:
        signature = self.provider.signature
        if topic == "event":
            return (f"event.{next(iter(self.provider.events))}",)
        if topic == "signature" and signature is not None:
            return (f"header.{signature.header}", *_ROWS[topic])
        if topic == "timestamp" and signature is not None:
            return (f"header.{signature.timestamp_header}",)
        return _ROWS[topic]

    def count(self, outcome: str) -> int:
        """Return how many items have this outcome."""
        return sum(item.judgement.outcome == outcome for item in self.items)

    @property
    def forged(self) -> bool:
        """True if a forged event was accepted."""
        return any(item.judgement.forged for item in self.items)


def heading(url: str, provider: Provider, seed: int) -> str:
    """Return the first line of the text."""
    return f"Exam of {url} with {provider.title}'s webhooks (seed {seed})\n"


def lines(results: Results, item: Item) -> Iterator[str]:
    """Yield the lines about one item, as text."""
    probe, judgement = item.probe, item.judgement
    yield f"{_MARKS[judgement.outcome]}  {probe.name:<17}  {probe.title}"
    yield f"        {_printable(judgement.reason)}"
    if judgement.outcome == "fail":
        rules = results.rules(item)
        for rule in rules:
            yield f"        {'documented' if rule.basis == 'documented' else rule.basis}: {rule.what} ({rule.source})"
        if not rules:
            yield "        not documented: common practice"
        yield f"        do: {probe.advice}"


def summary(results: Results) -> str:
    """Return the last line of the text."""
    counts = (
        f"{results.count('pass')} passed, {results.count('fail')} failed, {results.count('cannot tell')} cannot tell"
    )
    forged = [item.probe.name for item in results.items if item.judgement.forged]
    return f"{counts}; forged events were accepted: {', '.join(forged)}" if forged else counts


def data(results: Results) -> dict[str, Any]:
    """Return the report as JSON data, with the bytes of every request (as Latin-1 text) and a command for curl."""
    return {
        "url": results.url,
        "provider": results.provider.name,
        "seed": results.seed,
        "passed": results.count("pass"),
        "failed": results.count("fail"),
        "cannot_tell": results.count("cannot tell"),
        "forged_accepted": results.forged,
        "items": [_item(results, item) for item in results.items],
    }


def _item(results: Results, item: Item) -> dict[str, Any]:
    return {
        "name": item.probe.name,
        "title": item.probe.title,
        "outcome": item.judgement.outcome,
        "forged_accepted": item.judgement.forged,
        "reason": item.judgement.reason,
        "advice": item.probe.advice,
        "rules": [rule._asdict() for rule in results.rules(item)],
        "requests": [
            {
                "label": answer.send.label,
                "sent": sent_bytes(answer).decode("latin-1"),
                "pauses": list(answer.send.pauses),
                "copies": answer.send.copies,
                "curl": curl(answer, "BODY_FILE" if len(answer.call.body) > 8_192 else None),
                "answers": [_answer(each) for each in item.answers if each.send == answer.send],
            }
            for answer in requests_of(item)
        ],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    result = answer.result
    body = result.body.decode("utf-8", "replace")
    return {"status": result.status, "error": result.error, "elapsed_ms": round(result.elapsed_ms, 1), "body": body}


def junit(results: Results) -> str:
    """Return JUnit XML: a test case for each item. An item that cannot be told is skipped."""
    counts = f'tests="{len(results.items)}" failures="{results.count("fail")}" errors="0"'
    skipped = f'skipped="{results.count("cannot tell")}"'
    head = f"  <testsuite name={attribute(f'exam of {results.provider.name}')} {counts} {skipped}>"
    cases = [line for item in results.items for line in _case(results, item)]
    start = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="mockserver exam" {counts}>', head]
    return "\n".join([*start, *cases, "  </testsuite>", "</testsuites>"]) + "\n"


def _case(results: Results, item: Item) -> Iterator[str]:
    seconds = sum(answer.result.elapsed_ms for answer in item.answers) / 1000
    names = f'classname="exam.{results.provider.name}" name={attribute(item.probe.name)}'
    start = f'    <testcase {names} time="{seconds:.3f}"'
    reason = attribute(item.judgement.reason)
    if item.judgement.outcome == "pass":
        yield f"{start}/>"
        return
    yield f"{start}>"
    if item.judgement.outcome == "cannot tell":
        yield f"      <skipped message={reason}/>"
    else:
        rules = "\n".join(map(str, results.rules(item))) or "not documented: common practice"
        yield f"      <failure message={reason}>{content(f'{item.probe.title}. Do: {item.probe.advice}.')}"
        yield f"{content(rules)}</failure>"
    yield "    </testcase>"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
