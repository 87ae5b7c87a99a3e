"""A verdict as SARIF 2.1.0 (OASIS), for services that show the findings of analyses.

GitHub's code scanning asks for more than the standard: each rule has a full description and help, each result a file
with a line, and what identifies it from one upload to the next.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from mockserver import __version__
from mockserver.core.verdict.expected import ADVICE as EXPECTATION_ADVICE
from mockserver.core.verdict.expected import EXPECTATION
from mockserver.core.verdict.table import RULES
from mockserver.verdict.parts import Data, Part, findings_of, observed

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES: list[dict[str, Any]] = [
    *(
        {
            "id": rule.name,
            "shortDescription": {"text": f"{rule.fires}."},
            "fullDescription": {"text": f"Fires: {rule.fires}. Does not fire: {rule.spares}."},
            "help": {"text": f"{rule.advice}."},
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in RULES
    ),
    {
        "id": EXPECTATION,
        "shortDescription": {"text": "An expectation of the scenario is not met."},
        "fullDescription": {"text": "Fires: What `expect` in the scenario asks for did not happen."},
        "help": {"text": f"{EXPECTATION_ADVICE}."},
        "defaultConfiguration": {"level": "error"},
    },
]
_INDEX = {rule["id"]: index for index, rule in enumerate(_RULES)}


def text(parts: Sequence[Part]) -> str:
    """Return the document: one run, with a result for each finding."""
    return json.dumps(log(parts), indent=2, ensure_ascii=False) + "\n"


def log(parts: Sequence[Part]) -> dict[str, Any]:
    """Return the document as data."""
    driver = {"name": "mockserver verdict", "version": __version__, "rules": _RULES}
    invocation: dict[str, Any] = {"executionSuccessful": observed(parts)}
    if not observed(parts):
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": "Nothing was observed: no request to a provider, and no webhook."}}
        ]
    times: Counter[tuple[str, ...]] = Counter()
    results = [_result(part, finding, times) for part, finding in findings_of(parts)]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "invocations": [invocation], "results": results}],
    }


def _result(part: Part, finding: Data, times: Counter[tuple[str, ...]]) -> Mapping[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding["rule"],
        "ruleIndex": _INDEX[finding["rule"]],
        "level": finding["severity"],
        "message": {"text": f"{finding['message']}. Instead: {finding['instead']}."},
        "locations": [{"physicalLocation": _file(part), "logicalLocations": [_place(part, finding)]}],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(part, finding, times)},
        "properties": {
            name: finding[name]
            for name in ("requests", "jobs", "deliveries", "provider", "account", "credits", "documented")
            if finding[name] not in (None, [])
        },
    }
    return result


def _file(part: Part) -> dict[str, Any]:
    """Return the file of the test, or the name of the sandbox: the requests do not say which line sent them."""
    return {"artifactLocation": {"uri": quote(part.name.partition("::")[0])}, "region": {"startLine": 1}}


def _fingerprint(part: Part, finding: Data, times: Counter[tuple[str, ...]]) -> str:
    """Return what identifies a finding in the next run, too. Numbers of requests and ids of jobs can change."""
    about = (finding["rule"], part.name, finding["operation"] or "")
    times[about] += 1
    return f"{blake2b(chr(0).join(about).encode(), digest_size=8).hexdigest()}:{times[about]}"


def _place(part: Part, finding: Data) -> dict[str, str]:
    """Return what the finding is about."""
    operation = finding["operation"]
    if operation is None:
        return {"name": part.name, "kind": "resource"}
    return {"name": operation, "fullyQualifiedName": f"{part.name} / {operation}", "kind": "function"}
