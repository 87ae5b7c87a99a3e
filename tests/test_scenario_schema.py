"""The JSON Schema of scenario files, which editors use for completion."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mockserver.core.faults import ERROR_KINDS, WIRE_KINDS
from mockserver.core.plans import STATUSES
from mockserver.openapi.scenario_schema import scenario_schema
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import bundled_dir
from mockserver.source.yaml_reader import parse

HERE = Path(__file__).parent.parent
SCHEMA = scenario_schema(all_providers())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def is_valid(**more: Any) -> bool:
    return bool(VALIDATOR.is_valid({"scenario": "x", **more}))


def steps(*given: dict[str, Any]) -> dict[str, Any]:
    return {"plans": {"p": {"steps": list(given)}}}


def rule(**more: Any) -> dict[str, Any]:
    return {"rules": [{"name": "r", "operation": "*", **more}]}


def keys(name: str, part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, shown in part.get("properties", {}).items():
        yield f"{name}.{key}", shown


def test_the_schema_file_is_up_to_date() -> None:
    text = (HERE / "mockserver" / "scenario.schema.json").read_text("utf-8")
    assert text == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n", "run `make schema`"


def test_the_schema_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_bundled_scenario_is_valid() -> None:
    files = sorted(bundled_dir().glob("*.yaml"))
    assert len(files) > 100
    assert [problem for path in files for problem in _problems(path)] == []


def _problems(path: Path) -> list[str]:
    errors = VALIDATOR.iter_errors(parse(path.read_bytes(), path.name).data)
    return [f"{path.name}: {error.json_path}: {error.message}" for error in errors]


def test_every_key_has_a_description() -> None:
    parts = {"scenario": SCHEMA, **SCHEMA["$defs"]}
    silent = [key for name, part in parts.items() for key, shown in keys(name, part) if not shown.get("description")]
    assert silent == []
    assert all(part.get("description") for part in parts.values())


def test_every_definition_is_used() -> None:
    text = json.dumps(SCHEMA)
    assert [name for name in SCHEMA["$defs"] if f'"#/$defs/{name}"' not in text] == []


def words(part: str, key: str) -> set[str]:
    return {choice.get("const") for choice in SCHEMA["$defs"][part]["properties"][key]["anyOf"]}


def test_the_schema_lists_all_names_for_completion() -> None:
    providers = all_providers()
    operations = SCHEMA["$defs"]["Operation"]["anyOf"][0]["enum"]
    assert {f"{p.name}.{o.name}" for p in providers for o in p.operations if not o.hidden} < set(operations)
    assert {*ERROR_KINDS, *WIRE_KINDS} < words("FaultSpec", "kind")
    assert {f"{p.name}: {code}" for p in providers for code in p.codes} < words("FaultSpec", "kind")
    assert words("StepSpec", "status") == set(STATUSES)
    assert set(SCHEMA["$defs"]["Event"]["enum"]) == {e for p in providers for e in p.events}
    assert set(SCHEMA["properties"]["providers"]["properties"]) == {"additive", *(p.name for p in providers)}


@pytest.mark.parametrize(
    "more",
    [
        {},
        rule(fault={"kind": "rate_limited", "retry_after": "20s"}),
        rule(fault={"kind": "nanophoto: VIDEO_DOWNLOAD_FAILED"}),
        rule(fault={"kind": "nanophoto.VIDEO_DOWNLOAD_FAILED"}),
        {"rules": [{"name": "r", "operation": ["videotoprompt.analyze_*", "prompttovideo.generate"]}]},
        rule(when={"body.prompt": {"equals": None}, "input": {"exists": True}, "header.user-agent": {"prefix": "x"}}),
        rule(nth=[1, 3], probability="12.5%"),
        rule(probability=0.5, during={"from": "30s", "until": "2025-06-01T12:00:00Z"}),
        steps({"status": "queued", "for": "1m30s"}, {"status": "running", "for": "13s ± 2s", "progress": "0..90"}),
        steps({"status": "queued", "for": 2.5}, {"status": "failed", "error": "no", "code": "X"}),
        {"accounts": [{"key": "*", "plan": "pro", "credits": None, "limits": {"requests_per_minute": None}}]},
        {"accounts": [{"key": "*", "webhook": {"url": "http://127.0.0.1/", "events": "analysis.completed"}}]},
        {"webhooks": [{"event": "analysis.*", "tampering": {"lose": 2, "delay": "5s"}}]},
        {"providers": {"videotoprompt": {"auto_approve": False}}},
    ],
)
def test_the_schema_accepts_valid_scenarios(more: dict[str, Any]) -> None:
    assert is_valid(**more)


@pytest.mark.parametrize(
    "more",
    [
        {"rule": []},
        rule(fault={"kind": "explode"}),
        rule(fault={"kind": "nanophoto: NO_SUCH_CODE"}),
        rule(fault={"kind": "latency", "for": "soon"}),
        {"rules": [{"name": "r", "operation": "videotoprompt.analyse_url"}]},
        {"rules": [{"name": "r", "operation": []}]},
        rule(when={"prompt": {"equals": "x"}}),
        rule(when={"body.prompt": {}}),
        rule(when={"body.prompt": {"contains": None}}),
        rule(nth=0),
        rule(probability="120%"),
        rule(during={}),
        steps(),
        steps({"status": "queued", "for": "2s", "polls": 1}),
        steps({"status": "succeeded", "for": "2s"}),
        steps({"status": "running", "error": "no"}),
        steps({"status": "done"}),
        steps({"status": "running", "progress": "0..101"}),
        {"accounts": [{"key": "*", "plan": "gold"}]},
        {"accounts": [{"key": "*", "limits": {"requests_per_eon": 1}}]},
        {"accounts": [{"key": "*", "webhook": {"url": "http://127.0.0.1/", "events": ["analysis.done"]}}]},
        {"webhooks": [{"event": "analysis.done", "tampering": {}}]},
        {"providers": {"videotoprompt": {"approve": False}}},
        {"providers": {"nobody": {}}},
    ],
)
def test_the_schema_refuses_invalid_scenarios(more: dict[str, Any]) -> None:
    assert not is_valid(**more)
