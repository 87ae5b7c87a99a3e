"""A coverage report as JSON: for the control API and for files, which can be read and merged."""

import json
from collections.abc import Mapping
from typing import Any

from mockserver.coverage.report import KINDS, Behaviour, ProviderCoverage, Report, Score
from mockserver.coverage.tally import NO_OPERATION


class InvalidReport(ValueError):
    """The data is not a coverage report."""


def text(report: Report) -> str:
    """Return the report as a JSON text, for a file."""
    return json.dumps(data(report), indent=2, ensure_ascii=False) + "\n"


def data(report: Report) -> dict[str, Any]:
    """Return the report as JSON data. The sums in it are for readers; `loaded` computes them again."""
    return {**_score(report.score), "left_out": report.left_out, "providers": [_part(part) for part in report.parts]}


def _score(score: Score) -> dict[str, int]:
    return {"met": score.met, "total": score.total, "percent": score.percent}


def _part(part: ProviderCoverage) -> dict[str, Any]:
    return {
        "provider": part.provider,
        "called": part.called,
        **_score(part.score),
        "kinds": {kind: _score(part.of(kind)) for kind in KINDS},
        "behaviours": [_behaviour(b) for b in part.behaviours],
        "calls": [
            {"operation": _operation_or_none(operation), "status": status or None, "times": times}
            for (operation, status), times in part.calls.items()
        ],
        "deviations": [
            {"operation": _operation_or_none(operation), "what": what, "times": times}
            for (operation, what), times in part.deviations.items()
        ],
    }


def _behaviour(b: Behaviour) -> dict[str, Any]:
    return {"rule": b.rule, "what": b.what, "class": b.basis, "scenario": b.scenario, "seen": b.seen}


def _operation_or_none(operation: str) -> str | None:
    return None if operation == NO_OPERATION else operation


def parsed(document: bytes) -> Report:
    """Read a report from a JSON text. Raises InvalidReport."""
    try:
        return loaded(json.loads(document))
    except (ValueError, RecursionError):  # InvalidReport is a ValueError too
        raise InvalidReport("not a coverage report that was saved as JSON") from None


def loaded(data: Any) -> Report:
    """Create the report from what `data` returned. Raises InvalidReport."""
    try:
        return Report([_part_of(each) for each in data["providers"]], _whole(data["left_out"]))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise InvalidReport(f"not a coverage report: {error!r}") from None


def _part_of(data: Mapping[str, Any]) -> ProviderCoverage:
    provider = _text(data["provider"])
    behaviours = [_behaviour_of(each, provider) for each in data["behaviours"]]
    calls = {(_operation(each), _whole(each["status"] or 0)): _whole(each["times"]) for each in data["calls"]}
    deviations = {(_operation(each), _text(each["what"])): _whole(each["times"]) for each in data["deviations"]}
    return ProviderCoverage(provider, behaviours, calls, deviations)


def _behaviour_of(data: Mapping[str, Any], provider: str) -> Behaviour:
    texts = [_text(data[name]) for name in ("rule", "what", "class", "scenario")]
    behaviour = Behaviour(texts[0], texts[1], texts[2], texts[3], _whole(data["seen"]))
    if not behaviour.rule.startswith(f"{provider}.") or behaviour.kind not in KINDS or not behaviour.name:
        raise ValueError(behaviour.rule)
    return behaviour


def _operation(data: Mapping[str, Any]) -> str:
    return _text(data["operation"] or NO_OPERATION)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise TypeError(value)
    return value
