"""Masks the credentials in the records of a bundle, by the same code as in the journal."""

import codecs
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mockserver.core.compile import Program
from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking, masked, masked_account

Headers = Sequence[tuple[str, str]]


def masked_entry(entry: JournalEntry, masking: Masking) -> JournalEntry:
    """Return an entry of the journal without credentials, as it is in a bundle."""
    masking = masking.of_request(entry.account, entry.headers)
    reply_headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in entry.reply_headers]
    return replace(
        entry,
        account=None if entry.account is None else masked_account(entry.account),
        path=None if entry.path is None else masking.text(entry.path),
        query=masking.text(entry.query),
        note=None if entry.note is None else masking.text(entry.note),
        misses=tuple(miss._replace(failed=masking.condition(miss.failed)) for miss in entry.misses),
        others=(),
        deviations=tuple(masking.data(entry.deviations)),
        request=masked_bytes(entry.request, masking),
        reply=masked_bytes(entry.reply, masking),
        headers=tuple(masking.headers(entry.headers)),
        reply_headers=tuple(_encoded(masking.headers(reply_headers))),
        action=None if entry.action is None else _action(entry.action, masking),
        size=0,
    )


def masked_job(job: Job, masking: Masking) -> Job:
    """Return a job without credentials."""
    masking = masking.hiding(job.account.partition(":")[2])
    return job._replace(
        account=masked_account(job.account), request=masking.data(job.request), facts=masking.data(job.facts)
    )


def masked_delivery(delivery: Delivery, masking: Masking) -> Delivery:
    """Return a delivery without credentials and without the secret that signs it."""
    masking = masking.hiding(delivery.account.partition(":")[2], delivery.secret)
    answer = delivery.answer
    return replace(
        delivery,
        account=masked_account(delivery.account),
        url=masking.text(delivery.url),
        body=masked_bytes(delivery.body, masking),
        secret="",
        extra=masking.data(delivery.extra),
        headers=tuple(masking.headers(delivery.headers)),
        attempts=tuple(_attempt(each, masking) for each in delivery.attempts),
        answer=None if answer is None else (answer[0], masked_bytes(answer[1], masking)),
        replay=None if delivery.replay is None else replace(delivery.replay, url=_url(delivery.replay.url, masking)),
    )


def masked_scenario(program: Program, masking: Masking) -> dict[str, Any]:
    """Return a scenario, with everything that it extends, as JSON data without credentials."""
    source = program.source.model_dump(mode="json", by_alias=True, exclude_unset=True)
    data: dict[str, Any] = masking.data(source)
    data.pop("extends", None)
    return data


def masked_bytes(body: bytes, masking: Masking) -> bytes:
    """Return a body, or the beginning of one, without credentials. One that is not text is returned as it is."""
    text = text_in(body)
    return body if text is None else masking.text(text).encode("utf-8", "surrogateescape")


def text_in(body: bytes) -> str | None:
    """Return the text of a body in UTF-8, whose last character may be cut; None for a body that is not text."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return None
    return None if b"\0" in body else body.decode("utf-8", "surrogateescape")


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _attempt(attempt: Attempt, masking: Masking) -> Attempt:
    return replace(
        attempt,
        headers=tuple(masking.headers(attempt.headers)),
        reply=masked_bytes(attempt.reply, masking),
        error=None if attempt.error is None else masking.text(attempt.error),
        url=masking.text(attempt.url),
        reply_headers=tuple(masking.headers(attempt.reply_headers)),
    )


def _url(url: str | None, masking: Masking) -> str | None:
    return None if url is None else masking.text(url)


def _action(action: dict[str, Any], masking: Masking) -> dict[str, Any]:
    """Return an action without credentials. The account of a fault is a key or a pattern of keys."""
    data: dict[str, Any] = masking.data(action)
    armed = data.get("armed")
    if isinstance(armed, dict) and armed.get("account") and "*" not in armed["account"]:
        return {**data, "armed": {**armed, "account": masked(armed["account"])}}
    return data
