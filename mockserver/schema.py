"""The JSON Schema of scenario files, which editors complete from."""

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from mockserver.core.scenario import Scenario
from mockserver.providers.base import Provider
from mockserver.catalogue import catalogue


def scenario_schema(providers: Sequence[Provider]) -> dict[str, Any]:
    """The schema (2020-12) of a scenario with these providers: their options, plan tiers and limits included."""
    wanted = [(Scenario, "validation"), *((p.options_model, "validation") for p in providers)]
    places, schema = models_json_schema(wanted, ref_template="#/$defs/{model}")  # type: ignore[arg-type]
    definitions = schema["$defs"]
    root = definitions.pop("Scenario")
    root["properties"]["providers"] = {
        "type": "object",
        "description": "options of a provider",
        "properties": {p.name: places[p.options_model, "validation"] for p in providers},
        "additionalProperties": False,
    }
    known = catalogue(tuple(providers))
    account = definitions["AccountSpec"]["properties"]
    account["plan"] = {"enum": [*known.tiers, None], "description": account["plan"].get("description", "")}
    account["limits"]["propertyNames"] = {"enum": list(known.limits)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mockserver scenario",
        **root,
        "$defs": definitions,
    }
