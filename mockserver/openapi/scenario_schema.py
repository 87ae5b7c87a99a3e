"""The JSON Schema of scenario files, with which editors complete and check them.

Its shape comes from the models in `core.scenario`. This module adds the names that the providers have: operations,
faults, plans, limits, events and options.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from mockserver.core.compile import Catalogue
from mockserver.core.faults import ERROR_KINDS, HTTP_STATUS
from mockserver.core.scenario import Scenario
from mockserver.kit.catalogue import catalogue
from mockserver.kit.provider import Provider
from mockserver.openapi.plain import plain, referred

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Where the newest schema can be read, for editors that have no checkout.
SCHEMA_URL = "https://raw.githubusercontent.com/your-org/mockserver/main/mockserver/scenario.schema.json"
_PARTS = "#/$defs/"
_STAR = {"type": "string", "pattern": r"\*", "maxLength": 200, "description": "`*` matches any characters"}
_WHEN = r"^(?:(?:body|query|header|path|account)(?:\.[^.\s]+)+|input)$"
ON_THE_WIRE = {
    "latency": "the reply is late",
    "hang": "there is no reply",
    "reset": "the connection is reset",
    "empty_reply": "the connection is closed without a reply",
    "truncate": "the body is cut off",
    "stall": "the body stops, for a time or for ever",
    "garble": "the body has sixteen wrong bytes",
    "slow_drip": "the body is sent slowly, at `rate` bytes a second",
}
_ADDITIVE = {
    "type": "boolean",
    "description": "true: replies and webhooks of all providers have unknown fields and other additive changes",
}
_STATUSES = {
    "queued": "the job has not started",
    "running": "the job is in progress",
    "succeeded": "the job has a result",
    "failed": "the job has failed",
    "cancelled": "the provider has cancelled the job",
}


def scenario_schema(providers: Sequence[Provider]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a scenario with these providers."""
    models = [(Scenario, "validation"), *((p.options_model, "validation") for p in providers)]
    places, schema = models_json_schema(models, ref_template=f"{_PARTS}{{model}}")  # type: ignore[arg-type]
    parts = schema["$defs"]
    root = parts.pop("Scenario")
    known = catalogue(tuple(providers))
    root["properties"]["providers"] = _options(parts, {p: places[p.options_model, "validation"] for p in providers})
    _name_accounts(parts, known)
    _name_rules(parts, known)
    _name_faults(parts["FaultSpec"]["properties"], providers)
    parts["StepSpec"]["properties"]["status"] = _choice(parts["StepSpec"]["properties"]["status"], _STATUSES)
    plain(root, "Scenario")
    plain({"$defs": parts})
    # Pydantic also describes models of values that scenarios write in another form. They are left out.
    used = referred(root, parts, _PARTS)
    parts = {name: part for name, part in parts.items() if name in used}
    return {"$schema": _DIALECT, "$id": SCHEMA_URL, "title": "mockserver scenario", **root, "$defs": parts}


def _options(parts: dict[str, Any], places: Mapping[Provider, Any]) -> dict[str, Any]:
    """Return the schema of `providers`, with one part for each provider's options."""
    properties = {}
    for provider, place in places.items():
        name = f"{provider.title}Options"
        parts[name] = {**parts[place["$ref"].removeprefix(_PARTS)], "title": name}
        properties[provider.name] = {"$ref": f"{_PARTS}{name}", "description": f"options of {provider.title}"}
    return {
        "type": "object",
        "description": "options of single providers, and of all",
        "properties": {**properties, "additive": _ADDITIVE},
        "additionalProperties": False,
    }


def _name_accounts(parts: dict[str, Any], known: Catalogue) -> None:
    account = parts["AccountSpec"]["properties"]
    account["plan"] = {**_description_and_default(account["plan"]), "enum": [*known.tiers, None]}
    account["limits"]["propertyNames"] = {"enum": list(known.limits)}
    events = parts["WebhookSpec"]["properties"]["events"]
    parts["Event"] = {"description": "an event of a provider", "enum": list(known.events)}
    events["anyOf"] = _one_or_more("Event")


def _one_or_more(part: str, minimum: int = 0) -> list[dict[str, Any]]:
    one = {"$ref": f"{_PARTS}{part}"}
    return [one, {"type": "array", "items": one, "minItems": minimum}]


def _name_rules(parts: dict[str, Any], known: Catalogue) -> None:
    rule = parts["RuleSpec"]["properties"]
    all_of_provider = [f"{provider}.*" for provider in known.providers]
    parts["Operation"] = {
        "description": "`provider.operation`; `*` matches any characters",
        "anyOf": [{"enum": ["*", *all_of_provider, *known.operations, *known.files]}, _STAR],
    }
    rule["operation"]["anyOf"] = _one_or_more("Operation", minimum=1)
    rule["when"]["propertyNames"] = {"pattern": _WHEN, "examples": ["input", "body.prompt", "header.user-agent"]}
    for name, events in (("WebhookRuleSpec", known.events), ("CallOutRuleSpec", known.call_outs)):
        properties = parts[name]["properties"]
        described = _description_and_default(properties["event"])
        properties["event"] = {**described, "anyOf": [{"enum": ["*", *events]}, _STAR]}


def _name_faults(fault: dict[str, Any], providers: Sequence[Provider]) -> None:
    """Add the kinds of faults. A provider's code may also be written with a dot, or without the space."""
    kinds = {kind: f"the provider's own error, usually status {HTTP_STATUS[kind]}" for kind in ERROR_KINDS}
    kinds |= ON_THE_WIRE
    kinds |= {f"{p.name}: {code}": f"{p.title}'s own error {code}" for p in providers for code in p.codes}
    fault["kind"] = _choice(fault["kind"], kinds)
    codes = [f"{p.name}\\s*[:.]\\s*(?:{'|'.join(p.codes)})" for p in providers if p.codes]
    if codes:
        fault["kind"]["anyOf"].append({"type": "string", "pattern": rf"^(?:{'|'.join(codes)})$"})


def _choice(schema: Mapping[str, Any], meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of a choice of words, each with the meaning that editors show beside it."""
    choices = [{"const": word, "description": text} for word, text in meanings.items()]
    return {**_description_and_default(schema), "anyOf": choices}


def _description_and_default(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key in ("description", "default")}
