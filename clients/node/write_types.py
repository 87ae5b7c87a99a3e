"""Write `types/control.d.ts`: the schemas of the control API and the names of providers, as types of TypeScript.

Run `make clients` after a change of `openapi/control.yaml`. A test fails if the
file differs from it.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "openapi" / "control.yaml"
TARGET = HERE / "types" / "control.d.ts"

_HEADER = """\
// Generated from openapi/control.yaml by clients/node/write_types.py. Do not edit it: run `make clients`.
"""
_PRIMITIVES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_REF = "#/components/schemas/"
# As in `mockserver__control__coverage__Behaviour`, where two modules have a model of the same name.
_MODULE = re.compile(r"^mockserver__.*?__([a-z]+)__(\w+)$")


def main() -> None:
    """Write the file."""
    TARGET.write_text(types(), "utf-8")


def types() -> str:
    """Return the text of the file."""
    document = yaml.safe_load(DOCUMENT.read_text("utf-8"))
    schemas = document["components"]["schemas"]
    return "\n".join([_HEADER, *names(), *(declaration(name, schema) for name, schema in schemas.items())])


def names() -> list[str]:
    """Return the declarations of the names of providers, operations and faults."""
    from mockserver.providers.names import FaultKind, OperationName
    from mockserver.providers.registry import summaries

    providers = [provider.name for provider in summaries()]
    return [
        alias("ProviderName", "A simulated API.", providers),
        alias("OperationName", "An operation, as in the rules of a scenario. `*` means any.", get_args(OperationName)),
        alias("FaultKind", "A kind of fault. A provider's own error is `provider: CODE`.", get_args(FaultKind)),
    ]


def alias(name: str, comment: str, values: Any) -> str:
    """Return a type whose values are strings."""
    return f"/** {comment} */\nexport type {name} =\n" + "\n".join(f"  | {json.dumps(each)}" for each in values) + ";\n"


def declaration(name: str, schema: Mapping[str, Any]) -> str:
    """Return the exported type of a schema with its description."""
    return f"{comment_of(schema)}export type {type_name(name)} = {type_of(schema)};\n"


def type_name(name: str) -> str:
    """Return the name of a schema's type."""
    match = _MODULE.match(name)
    return f"{match[1].capitalize()}{match[2]}" if match else name


def type_of(schema: Mapping[str, Any], indent: str = "") -> str:
    """Return the type of the values that a schema allows."""
    if "$ref" in schema:
        return type_name(schema["$ref"].removeprefix(_REF))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    # `oneOf` beside properties says which of them go together, which the description says too.
    for choice in ("anyOf", "oneOf"):
        if choice in schema and "properties" not in schema:
            return union(type_of(each, indent) for each in schema[choice])
    kind = schema.get("type")
    if isinstance(kind, list):
        return union(type_of({**schema, "type": each}, indent) for each in kind)
    if kind == "array":
        return array(schema, indent)
    if kind == "object" or "properties" in schema:
        return object_of(schema, indent)
    return _PRIMITIVES.get(str(kind), "unknown")


def union(parts: Any) -> str:
    """Return a union without repetitions."""
    return " | ".join(dict.fromkeys(parts))


def array(schema: Mapping[str, Any], indent: str) -> str:
    """Return the type of an array, or of a tuple."""
    if "prefixItems" in schema:
        return "[" + ", ".join(type_of(each, indent) for each in schema["prefixItems"]) + "]"
    return f"Array<{type_of(schema.get('items', {}), indent)}>"


def object_of(schema: Mapping[str, Any], indent: str) -> str:
    """Return the type of an object."""
    properties, required = schema.get("properties", {}), schema.get("required", ())
    more = schema.get("additionalProperties", not properties)
    inner = indent + "  "
    lines = [
        comment_of(each, inner) + f"{inner}{key(name)}{'' if name in required else '?'}: {type_of(each, inner)};"
        for name, each in properties.items()
    ]
    if more and not properties:
        value = type_of(more, indent) if isinstance(more, Mapping) else "unknown"
        return f"Record<string, {value}>"
    return "{\n" + "\n".join(lines) + f"\n{indent}}}" if lines else "Record<string, never>"


def key(name: str) -> str:
    """Return a name of a property, in quotation marks if it needs them."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name)


def comment_of(schema: Mapping[str, Any], indent: str = "") -> str:
    """Return the description of a schema as a comment, or nothing."""
    text = " ".join(schema.get("description", "").split()).replace("*/", "*\\/")
    return f"{indent}/** {text} */\n" if text else ""


if __name__ == "__main__":
    main()
