"""Filters for entries of the journal, in the words that the page at `/_mock/` also takes: `status:429 op:analyze`."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from mockserver.source.suggestions import did_you_mean

# A summary of an entry, as `GET /_mock/events` sends it.
Summary = dict[str, Any]
Test = Callable[[Summary], bool]
_WORD = re.compile(r"(-?)(?:([A-Za-z]+):(?!//))?(.*)", re.DOTALL)
_KINDS = ("request", "transition", "delivery", "clock", "control")
_OUTCOMES = ("failed", "deviating")
_TEXTS = ("path", "note", "operation", "job", "rule")
# Fields that are compared with a part of their text.
_PARTS = {"op": "operation", "job": "job", "rule": "rule", "provider": "provider", "account": "account"}
_FIELDS = ("status", *_PARTS, "fault", "kind", "method", "is")


class WrongFilter(ValueError):
    """A word of a filter has an unknown field or value. The message names those that exist."""


def entry_filter(words: Sequence[str]) -> Test:
    """Return a test for summaries: true if all words match. Raises WrongFilter."""
    tests = [_test(word) for word in words]
    return lambda entry: all(test(entry) for test in tests)


def kinds_of(words: Sequence[str]) -> frozenset[str]:
    """Return the kinds of entries that the words name."""
    return frozenset(word[5:].lower() for word in words if word.lower().startswith("kind:"))


def is_failure(entry: Summary) -> bool:
    """Return true for a request that failed or whose reply was not sent whole, and a delivery that was refused."""
    status = entry.get("status")
    if entry["kind"] == "request":
        return status is None or status >= 400 or "delivered" in entry
    return entry["kind"] == "delivery" and (status is None or not 200 <= status < 300)


def _test(word: str) -> Test:
    minus, field, value = _WORD.findall(word)[0]
    test = _text(value.lower()) if not field else _field(field.lower(), value.strip('"').lower())
    return (lambda entry: not test(entry)) if minus else test


def _text(value: str) -> Test:
    return lambda entry: any(value in str(entry.get(name, "")).lower() for name in _TEXTS)


def _field(field: str, value: str) -> Test:
    if field == "job":
        # A request that is refused before its job is looked up names the job in its path.
        return lambda entry: value in str(entry.get("job") or entry.get("path", "")).lower()
    if field in _PARTS:
        return lambda entry: value in str(entry.get(_PARTS[field], "")).lower()
    if field == "status":
        return _status(value)
    if field == "kind":
        return _one_of(field, value, _KINDS, lambda entry: bool(entry["kind"] == value))
    if field in ("method", "fault"):
        return lambda entry: str(entry.get(field, "")).lower() == value
    if field == "is":
        deviates = value == "deviating"
        return _one_of(field, value, _OUTCOMES, lambda e: "deviations" in e if deviates else is_failure(e))
    raise WrongFilter(f"there is no field {field!r} in filters{did_you_mean(field, _FIELDS)}")


def _one_of(field: str, value: str, values: Sequence[str], test: Test) -> Test:
    if value not in values:
        raise WrongFilter(f"{field}: there is no {value!r}{did_you_mean(value, values)}")
    return test


def _status(value: str) -> Test:
    if re.fullmatch("[1-5]xx", value):
        return lambda entry: entry.get("status", 0) // 100 == int(value[0])
    if value != "none" and not re.fullmatch("[1-5][0-9][0-9]", value):
        raise WrongFilter(f"status: must be a status such as 429, 5xx or none, not {value!r}")
    return lambda entry: str(entry.get("status", "none")) == value
