"""Writes the generated parts of the documents: `python docs/generate.py`, or `--check` to say what is out of date.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; everything else is written by hand.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mockserver.core.faults import ERROR_KINDS, HTTP_STATUS, WIRE_KINDS
from mockserver.core.fill import KNOWN
from mockserver.registry import all_providers
from mockserver.scenarios import Library
from mockserver.schema import scenario_schema

HERE = Path(__file__).parent
# Parts of the schema that are lists of names.
NAMED = {"Operation": "operation", "Event": "event"}
MOST_WORDS = 10
PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def language() -> Iterator[str]:
    """The keys of every part of a scenario, from the schema that editors complete from."""
    schema = scenario_schema(all_providers())
    yield from _table("A scenario", schema)
    for name, part in sorted(schema["$defs"].items()):
        if part.get("type") == "object" and part.get("properties"):
            yield from _table(name.removesuffix("Spec"), part)


def _table(name: str, part: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    about = part.get("description", "")
    if about:
        yield " ".join(about.split())
        yield ""
    yield "| key | value | default | |"
    yield "|---|---|---|---|"
    required = part.get("required", [])
    for key, value in part["properties"].items():
        default = "required" if key in required else _value(value.get("default"))
        about = " ".join(str(value.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{key}` | {_kind(value)} | {default} | {about} |"
    yield ""


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2].removesuffix("Spec")
        return NAMED.get(name) or f"[{name}](#{name.lower()})"
    if "enum" in value:
        return ", ".join(f"`{_value(v)}`" for v in value["enum"] if v is not None)
    if "const" in value:
        return f"`{value['const']}`"
    if value.get("examples"):
        return "such as " + ", ".join(f"`{_value(e)}`" for e in value["examples"][:3])
    if sum("const" in v for v in value.get("anyOf", ())) > MOST_WORDS:
        return "a [fault](#faults)"
    if "anyOf" in value:
        kinds = dict.fromkeys(_kind(v) for v in value["anyOf"] if v.get("type") != "null")
        return " or ".join(kinds)
    kind = value.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(value.get('items', {}))}"
    if kind == "object" and isinstance(value.get("additionalProperties"), dict):
        return f"mapping to {_kind(value['additionalProperties'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _value(value: Any) -> str:
    if value is None or value in ({}, []):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def faults() -> Iterator[str]:
    """The neutral faults and the providers' own codes."""
    yield "| kind | what |"
    yield "|---|---|"
    for kind in ERROR_KINDS:
        yield f"| `{kind}` | the provider's own error, usually status {HTTP_STATUS[kind]} |"
    for kind in WIRE_KINDS:
        yield f"| `{kind}` | on the wire |"
    for provider in all_providers():
        for code in provider.codes:
            yield f"| `{provider.name}: {code}` | {provider.title}'s error of that code |"


def substitutions() -> Iterator[str]:
    """The closed list of values."""
    yield from (f"- `${{{name}}}`" for name in KNOWN)


def stories() -> Iterator[str]:
    """The bundled scenarios with what each shows."""
    from mockserver.catalogue import catalogue

    providers = all_providers()
    yield "| scenario | what it shows |"
    yield "|---|---|"
    for story in Library(catalogue(providers), providers).listed():
        yield f"| [`{story.name}`](../scenarios/{story.path.name}) | {story.description} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "language": language,
    "faults": faults,
    "substitutions": substitutions,
    "stories": stories,
}


def rendered(text: str) -> str:
    """A document with its generated parts made anew."""
    return PART.sub(lambda m: m[1] + "\n".join(PARTS[m[2]]()).rstrip() + "\n" + m[3], text)


def main() -> int:
    """Write the documents, or with --check name those that are out of date and exit with 1."""
    stale = 0
    for path in sorted(HERE.glob("**/*.md")):
        text = path.read_text("utf-8")
        fresh = rendered(text)
        if fresh != text:
            stale += 1
            print(f"{path.relative_to(HERE)} is out of date" if "--check" in sys.argv else f"wrote {path.name}")
            if "--check" not in sys.argv:
                path.write_text(fresh, "utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
