"""A report as JSON: what the control API replies, what is kept in a file, and what is read back and merged."""

import json
from collections.abc import Mapping
from typing import Any

from mockserver.coverage.report import KINDS, Behaviour, Part, Report, Score
from mockserver.coverage.tally import NOWHERE


class NoReport(ValueError):
    """The data is no report of coverage."""


def text(report: Report) -> str:
    """The report as a document of JSON, for a file."""
    return json.dumps(data(report), indent=2, ensure_ascii=False) + "\n"


def data(report: Report) -> dict[str, Any]:
    """The report as JSON data. Sums are there for readers: `loaded` makes them anew."""
    return {**_score(report.score), "left_out": report.left_out, "providers": [_part(part) for part in report.parts]}


def _score(score: Score) -> dict[str, int]:
    return {"met": score.met, "total": score.total, "percent": score.percent}


def _part(part: Part) -> dict[str, Any]:
    return {
        "provider": part.provider,
        "called": part.called,
        **_score(part.score),
        "kinds": {kind: _score(part.of(kind)) for kind in KINDS},
        "behaviours": [_behaviour(b) for b in part.behaviours],
        "calls": [
            {"operation": _told(operation), "status": status or None, "times": times}
            for (operation, status), times in part.calls.items()
        ],
        "deviations": [
            {"operation": _told(operation), "what": what, "times": times}
            for (operation, what), times in part.deviations.items()
        ],
    }


def _behaviour(b: Behaviour) -> dict[str, Any]:
    return {"rule": b.rule, "what": b.what, "class": b.basis, "scenario": b.scenario, "seen": b.seen}


def _told(operation: str) -> str | None:
    return None if operation == NOWHERE else operation


def parsed(document: bytes) -> Report:
    """The report in a file. Raises NoReport."""
    try:
        return loaded(json.loads(document))
    except (ValueError, RecursionError):  # NoReport is a ValueError too
        raise NoReport("is no report of coverage that was saved as JSON") from None


def loaded(found: Any) -> Report:
    """The report that was `data`. Raises NoReport."""
    try:
        return Report([_part_of(each) for each in found["providers"]], _whole(found["left_out"]))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise NoReport(f"this is no report of coverage: {error!r}") from None


def _part_of(found: Mapping[str, Any]) -> Part:
    provider = _text(found["provider"])
    behaviours = [_behaviour_of(each, provider) for each in found["behaviours"]]
    calls = {(_operation(each), _whole(each["status"] or 0)): _whole(each["times"]) for each in found["calls"]}
    told = {(_operation(each), _text(each["what"])): _whole(each["times"]) for each in found["deviations"]}
    return Part(provider, behaviours, calls, told)


def _behaviour_of(found: Mapping[str, Any], provider: str) -> Behaviour:
    words = [_text(found[name]) for name in ("rule", "what", "class", "scenario")]
    made = Behaviour(words[0], words[1], words[2], words[3], _whole(found["seen"]))
    if not made.rule.startswith(f"{provider}.") or made.kind not in KINDS or not made.name:
        raise ValueError(made.rule)
    return made


def _operation(found: Mapping[str, Any]) -> str:
    return _text(found["operation"] or NOWHERE)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise TypeError(value)
    return value
