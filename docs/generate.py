"""Writes the generated parts of the documents: `python docs/generate.py`, or `--check` to say what is out of date.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; everything else is written by hand.
The parts of a provider's own page are called by its name: `<!-- generated: operations-nanophoto -->`.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from mockserver.core.faults import ERROR_KINDS, HTTP_STATUS, WIRE_KINDS, Refusal
from mockserver.core.fill import KNOWN
from mockserver.kit.catalogue import catalogue
from mockserver.kit.ledger import ledger as ledger_of
from mockserver.kit.provider import Provider
from mockserver.openapi.scenario_schema import scenario_schema
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library, Listed

HERE = Path(__file__).parent
# Parts of the schema that are lists of names.
NAMED = {"Operation": "operation", "Event": "event"}
MOST_WORDS = 10
# A generated part, or a block of code, in which nothing is generated.
PART = re.compile(
    r"^(?P<fence>`{3,}).*?^(?P=fence)$|(?P<start><!-- generated: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL | re.MULTILINE,
)


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
    words = value.get("enum", [value["const"]] if "const" in value else [])
    if words:
        return ", ".join(f"`{_value(v)}`" for v in words if v is not None)
    if value.get("examples"):
        return "such as " + ", ".join(f"`{_value(e)}`" for e in value["examples"][:3])
    if "anyOf" in value:
        if len(value["anyOf"]) > MOST_WORDS:
            return "a [fault](#faults)"
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
    yield from _stories("..", lambda story: True)


def _stories(top: str, wanted: Callable[[Listed], bool]) -> Iterator[str]:
    providers = all_providers()
    yield "| scenario | what it shows |"
    yield "|---|---|"
    for story in Library(catalogue(providers), providers).listed():
        if wanted(story):
            yield f"| [`{story.name}`]({top}/scenarios/{story.path.name}) | {story.description} |"


def provider_stories(provider: Provider) -> Iterator[str]:
    """The bundled scenarios of one provider."""
    yield from _stories("../..", lambda story: story.name.startswith(f"{provider.name}-"))


def operations(provider: Provider) -> Iterator[str]:
    """What can be asked of a provider, and with which statuses it answers."""
    from mockserver.openapi.providers import described

    api = described(provider)
    yield "| operation | request | what it does | replies |"
    yield "|---|---|---|---|"
    for operation in api.operations:
        codes = ", ".join(str(code) for code in api.replies(operation))
        yield f"| `{operation.name}` | `{operation.method} {operation.path}` | {operation.summary} | {codes} |"


def limits(provider: Provider) -> Iterator[str]:
    """The figures of each plan: those that are counted, and those that are held against one request."""
    yield f"| limit | counted by | {' | '.join(provider.tiers)} |"
    yield f"|---|---|{'---|' * len(provider.tiers)}"
    for figure in next(iter(provider.tiers.values())):
        told = " | ".join("unlimited" if t[figure] is None else f"{t[figure]:,}" for t in provider.tiers.values())
        yield f"| `{figure}` | {provider.periods.get(figure, 'request')} | {told} |"


def errors(provider: Provider) -> Iterator[str]:
    """How the faults of the scenario language look on the provider's wire."""
    yield "| fault | status | body |"
    yield "|---|---|---|"
    for kind in (*ERROR_KINDS, *(f"{provider.name}:{code}" for code in provider.codes)):
        reply = provider.error_reply(Refusal(kind))
        body = json.dumps(reply.body, ensure_ascii=False)
        yield f"| `{kind.replace(':', ': ', 1)}` | {reply.status} | `{body}` |"


def events(provider: Provider) -> Iterator[str]:
    """The webhooks of a provider, and the headers that each is sent with."""
    yield "| event | when | headers |"
    yield "|---|---|---|"
    for name, event in provider.documented_events.items():
        yield f"| `{name}` | {event.description} | {', '.join(f'`{header}`' for header in event.headers)} |"


def ledger(provider: Provider) -> Iterator[str]:
    """Every behaviour of a provider: on whose word, what shows it, and what proves it."""
    yield "| row | behaviour | class | source | shown by | proved by |"
    yield "|---|---|---|---|---|---|"
    for row, told in ledger_of((provider,)).rows.items():
        file = told.test.partition("::")[0]
        cells = (
            f"`{row.partition('.')[2]}`", told.what, told.basis, told.source,
            f"[`{told.scenario}`](../../scenarios/{told.scenario}.yaml)", f"[{file}](../../tests/{file})",
        )  # fmt: skip
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def options(provider: Provider) -> Iterator[str]:
    """What a scenario can say of one provider alone, under `providers`."""
    yield from (line for line in _table("", provider.options_model.model_json_schema()) if line.startswith("|"))


BY_PROVIDER: dict[str, Callable[[Provider], Iterator[str]]] = {
    "operations": operations,
    "limits": limits,
    "errors": errors,
    "events": events,
    "options": options,
    "stories": provider_stories,
    "ledger": ledger,
}
PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "language": language,
    "faults": faults,
    "substitutions": substitutions,
    "stories": stories,
    **{f"{name}-{p.name}": partial(part, p) for name, part in BY_PROVIDER.items() for p in all_providers()},
}


def rendered(text: str) -> str:
    """A document with its generated parts made anew."""
    return PART.sub(_rendered, text)


def _rendered(found: re.Match[str]) -> str:
    if found["fence"]:
        return found[0]
    return found["start"] + "\n".join(PARTS[found["name"]]()).rstrip() + "\n" + found["end"]


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
