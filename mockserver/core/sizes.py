"""The number of bytes that a store keeps of entries, jobs and deliveries.

Sizes are estimates that are not much lower than what CPython uses, and take little time. Values that are too long are
cut here, before they are stored.
"""

from itertools import chain
from sys import getsizeof
from typing import Any

from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.jobs import Job
from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.core.kept import (
    KEPT_HEADERS,
    KEPT_TEXT,
    KEPT_VALUE,
    MOST_HEADERS,
    kept_data,
    kept_headers,
    shortened,
)

# Characters of a method.
_METHOD = 96
# Bytes of an entry, a header, a rule that did not match, a job, a delivery and an attempt, without their texts.
_ENTRY, _HEADER, _MISS, _JOB, _DELIVERY, _ATTEMPT = 960, 180, 100, 1_100, 1_300, 500
_OTHER = 200
# Bytes of the time and size of a chunk of a stream.
_CHUNK = 130
# A header of a reply with a value of the usual length.
_REPLY_HEADER = 100


def size_of(value: Any) -> int:
    """Return the number of bytes of JSON data."""
    kind = type(value)
    if kind is str or kind is bytes:
        return getsizeof(value)
    if kind is dict:
        return getsizeof(value) + sum(map(size_of, value)) + sum(map(size_of, value.values()))
    if kind is list or kind is tuple:
        return getsizeof(value) + sum(map(size_of, value))
    return 32 if kind is int or kind is float or kind is bool or value is None else _OTHER


def kept_entry(entry: JournalEntry) -> int:
    """Cut long values of an entry unless it is short altogether, and return its size.

    Before, the `size` of an entry is the most that its head can have, or 0.
    """
    headers, head = entry.headers, entry.size
    # This is done for every request, and measuring all headers is the most expensive part of it.
    if 0 < head <= KEPT_TEXT and entry.note is None:
        texts = head + len(entry.request) + len(entry.reply)
    else:
        texts = _texts(entry)
        if texts > KEPT_BODY or len(headers) > MOST_HEADERS:
            _cut(entry)
            headers, texts = entry.headers, _texts(entry)
    if entry.detail is not None:
        texts += _CHUNK * len(entry.detail.get("chunks", ()))
    if entry.action is not None:
        texts += size_of(entry.action)
    return (
        _ENTRY + texts + _HEADER * len(headers) + _REPLY_HEADER * len(entry.reply_headers) + _MISS * len(entry.misses)
    )


def _texts(entry: JournalEntry) -> int:
    size = sum(map(len, chain.from_iterable(entry.headers))) + sum(map(len, chain.from_iterable(entry.reply_headers)))
    path, note, method = entry.path, entry.note, entry.method
    if path is not None:
        size += len(path)
    if note is not None:
        size += len(note)
    if method is not None:
        size += len(method)
    return size + len(entry.query) + len(entry.request) + len(entry.reply)


def _cut(entry: JournalEntry) -> None:
    if len(entry.headers) > MOST_HEADERS or sum(map(len, chain.from_iterable(entry.headers))) > KEPT_HEADERS:
        entry.headers = kept_headers(entry.headers)
    entry.reply_headers = [(name, value[:KEPT_TEXT]) for name, value in entry.reply_headers[:MOST_HEADERS]]
    entry.path = None if entry.path is None else shortened(entry.path, KEPT_TEXT)
    entry.query = shortened(entry.query, KEPT_TEXT)
    entry.request, entry.reply = entry.request[:KEPT_BODY], entry.reply[:KEPT_BODY]
    entry.note = None if entry.note is None else shortened(entry.note, KEPT_TEXT)
    entry.method = None if entry.method is None else shortened(entry.method, _METHOD)


def kept_job(job: Job) -> tuple[Job, int]:
    """Return a job with long texts of its request and facts cut, and its size."""
    size = size_of(job.request) + size_of(job.facts)
    if size > KEPT_VALUE:
        job = job._replace(request=kept_data(job.request), facts=kept_data(job.facts))
        size = size_of(job.request) + size_of(job.facts)
    return job, _JOB + size


def attempt_size(attempt: Attempt) -> int:
    """Return the number of bytes of an attempt."""
    headers = (*attempt.headers, *attempt.reply_headers)
    return _ATTEMPT + sum(map(len, chain.from_iterable(headers))) + _HEADER * len(headers) + len(attempt.reply)


def delivery_size(delivery: Delivery) -> int:
    """Return the number of bytes of a delivery with its attempts."""
    return (
        _DELIVERY
        + len(delivery.body)
        + len(delivery.url)
        + size_of(delivery.extra)
        + sum(map(attempt_size, delivery.attempts))
    )
