"""Write the generated parts of the documentation: `python docs/generate.py`. With `--check`, list outdated pages only.

A generated part is between `<!-- generated: NAME -->` and `<!-- end -->`. Everything else is written by hand.
Parts for one provider end in its name: `<!-- generated: operations-nanophoto -->`.
"""

import json
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from mockserver.core.durations import format_duration
from mockserver.core.faults import ERROR_KINDS, HTTP_STATUS, Refusal
from mockserver.core.fill import KNOWN
from mockserver.core.verdict.table import RULES
from mockserver.kit.catalogue import catalogue
from mockserver.kit.ledger import ledger as ledger_of
from mockserver.kit.ledger import pages_of
from mockserver.kit.provider import Provider
from mockserver.openapi.providers import LOCAL
from mockserver.openapi.scenario_schema import ON_THE_WIRE, scenario_schema
from mockserver.provenance.rows import Row
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library

HERE = Path(__file__).parent
PAGES = [HERE.parent / "README.md", *sorted(HERE.glob("**/*.md"))]
# Parts of the schema that are lists of names. They have no heading of their own.
NAMED = {"Operation": "operation", "Event": "event"}
# With more alternatives than this, a value is described by a link.
MAX_ALTERNATIVES = 10
PLACEHOLDERS = {
    "request.body.NAME": "a field of the request's body; dots lead to inner fields",
    "request.query.NAME": "a query parameter",
    "request.header.NAME": "a header",
    "request.path.NAME": "a parameter in the path",
    "job.id": "the id of the job",
    "now": "the time of the sandbox's clock",
    "seed.N": "a number that depends on the seed and on `N`",
    "fake.name": "the name of a person",
    "fake.email": "an e-mail address",
    "fake.sentence": "a sentence",
    "fake.paragraph": "a paragraph",
    "fake.url": "a URL",
}
# A generated part, or a code block, in which nothing is generated.
PART = re.compile(
    r"^(?P<fence>`{3,}).*?^(?P=fence)$|(?P<start><!-- generated: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL | re.MULTILINE,
)


def language() -> Iterator[str]:
    """Yield a table of keys for each part of a scenario, from the JSON Schema of scenarios."""
    schema = scenario_schema(all_providers())
    yield from _table("Scenario", schema)
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
    yield "| key | value | default | meaning |"
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
        if len(value["anyOf"]) > MAX_ALTERNATIVES:
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
    """Yield a table of the kinds of faults."""
    yield "| kind | what the client gets |"
    yield "|---|---|"
    for kind in ERROR_KINDS:
        yield f"| `{kind}` | the provider's own error, usually with status {HTTP_STATUS[kind]} |"
    for kind, meaning in ON_THE_WIRE.items():
        yield f"| `{kind}` | {meaning} |"
    for provider in all_providers():
        if provider.codes:
            codes = ", ".join(f"`{provider.name}: {code}`" for code in provider.codes)
            yield f"| {codes} | {provider.title}'s error with that code |"


def substitutions() -> Iterator[str]:
    """Yield a table of the placeholders."""
    yield "| placeholder | value |"
    yield "|---|---|"
    yield from (f"| `${{{name}}}` | {PLACEHOLDERS[name]} |" for name in KNOWN)


def bundled() -> Iterator[str]:
    """Yield a table of the bundled scenarios for each provider, and for webhooks, the wire and everything else."""
    groups = {p.name: p.title for p in all_providers()} | {"webhook": "Webhooks", "wire": "Failures on the wire"}
    yield from _scenarios("..", lambda name: name.partition("-")[0] not in groups)
    for prefix, title in groups.items():
        yield from ("", f"## {title}", "")
        yield from _scenarios("..", lambda name, prefix=prefix: name.startswith(f"{prefix}-"))


def _scenarios(top: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    providers = all_providers()
    yield "| scenario | what happens |"
    yield "|---|---|"
    for scenario in Library(catalogue(providers), providers).listed():
        if wanted(scenario.name):
            yield f"| [`{scenario.name}`]({top}/scenarios/{scenario.path.name}) | {scenario.description} |"


def provider_scenarios(provider: Provider) -> Iterator[str]:
    """Yield a table of the bundled scenarios of one provider."""
    yield from _scenarios("../..", lambda name: name.startswith(f"{provider.name}-"))


def operations(provider: Provider) -> Iterator[str]:
    """Yield a table of a provider's operations, with the status codes of their replies."""
    from mockserver.openapi.providers import describe

    api = describe(provider)
    yield "| operation | request | what it does | replies |"
    yield "|---|---|---|---|"
    for operation in api.operations:
        codes = ", ".join(str(code) for code in api.replies(operation))
        yield f"| `{operation.name}` | `{operation.method} {operation.path}` | {operation.summary} | {codes} |"


def limits(provider: Provider) -> Iterator[str]:
    """Yield a table of the limits of each plan."""
    yield f"| limit | counted per | {' | '.join(provider.tiers)} |"
    yield f"|---|---|{'---|' * len(provider.tiers)}"
    for figure in next(iter(provider.tiers.values())):
        values = " | ".join("unlimited" if t[figure] is None else f"{t[figure]:,}" for t in provider.tiers.values())
        yield f"| `{figure}` | {provider.periods.get(figure, 'request')} | {values} |"


def errors(provider: Provider) -> Iterator[str]:
    """Yield a table of the provider's reply for each kind of fault."""
    yield "| fault | status | body |"
    yield "|---|---|---|"
    for kind in (*ERROR_KINDS, *(f"{provider.name}:{code}" for code in provider.codes)):
        reply = provider.error_reply(Refusal(kind))
        body = json.dumps(reply.body, ensure_ascii=False)
        yield f"| `{kind.replace(':', ': ', 1)}` | {reply.status} | `{body}` |"


def events(provider: Provider) -> Iterator[str]:
    """Yield a table of a provider's webhooks and their headers."""
    yield "| event | sent when | headers |"
    yield "|---|---|---|"
    for name, event in provider.documented_events.items():
        yield f"| `{name}` | {event.description} | {', '.join(f'`{header}`' for header in event.headers)} |"


def sources(provider: Provider) -> Iterator[str]:
    """Yield a table of the pages that a provider's ledger was made from, with their addresses and dates."""
    yield "| source | read on | |"
    yield "|---|---|---|"
    for page in pages_of(provider).values():
        yield f"| [{page.title}]({page.url}) | {page.read} | {page.note or ''} |"


def _cited(row: Row) -> str:
    """Return the source of a row, with a link to the page and the date on which it was read."""
    if row.page is None:
        return row.source
    if row.basis == "documented":
        return f"[{row.source}]({row.page.url}), {row.page.read}"
    return f"{row.source} ([page]({row.page.url}), {row.page.read})"


def ledger(provider: Provider) -> Iterator[str]:
    """Yield a table of the provider's ledger: each behaviour with its class, source, scenario and test."""
    yield "| row | behaviour | class | source | scenario | test |"
    yield "|---|---|---|---|---|---|"
    for row, behaviour in ledger_of((provider,)).rows.items():
        file = behaviour.test.partition("::")[0]
        cells = (
            f"`{row.partition('.')[2]}`", behaviour.what, behaviour.basis, _cited(behaviour),
            f"[`{behaviour.scenario}`](../../scenarios/{behaviour.scenario}.yaml)", f"[{file}](../../tests/{file})",
        )  # fmt: skip
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def options(provider: Provider) -> Iterator[str]:
    """Yield a table of the options of one provider, which scenarios set under `providers`."""
    yield from (line for line in _table("", provider.options_model.model_json_schema()) if line.startswith("|"))


def reference(provider: Provider) -> Iterator[str]:
    """Yield all tables of a provider's page, each under its heading."""
    inputs = dict.fromkeys(
        f"`{'.'.join(o.input)}`" for o in provider.operations if isinstance(o.input, tuple) and o.input
    )
    magic = [f"All [magic words](../scenarios.md#magic-words) work in {', '.join(inputs)}."]
    for heading, lines in (
        ("Operations", operations(provider)),
        ("Webhooks", events(provider) if provider.events else ()),
        ("Errors", errors(provider)),
        ("Limits and credits", limits(provider)),
        ("Magic words", magic if inputs else ()),
        ("Every behaviour, and how it is known", (*_listed_sources(provider), *ledger(provider))),
        ("Bundled scenarios", provider_scenarios(provider)),
    ):
        if lines:
            yield from (f"## {heading}", "", *lines, "")


def _listed_sources(provider: Provider) -> Iterator[str]:
    if pages_of(provider):
        yield from (*sources(provider), "")


def base_urls() -> Iterator[str]:
    """Yield a table of the base URLs of all providers and of the control API."""
    yield "| provider | base URL | instead of |"
    yield "|---|---|---|"
    for p in all_providers():
        path = f"`{LOCAL}/{p.name}{p.base_path}` | `https://{p.hosts[0]}{p.base_path}`"
        yield f"| [{p.title}](docs/providers/{p.name}.md) | {path} |"
    yield f"| [control API](docs/control.md) | `{LOCAL}/_mock` | |"


def simulated() -> Iterator[str]:
    """Yield a table of all providers with the number of their operations and their main features, for the README."""
    yield "| provider | operations | main features |"
    yield "|---|---|---|"
    for p in all_providers():
        count = sum(not operation.hidden for operation in p.operations)
        yield f"| [{p.title}](docs/providers/{p.name}.md#operations) | {count} | {p.features} |"


def features() -> Iterator[str]:
    """Yield a table of all providers with their main features."""
    yield "| provider | main features |"
    yield "|---|---|"
    yield from (f"| [{p.title}](providers/{p.name}.md) | {p.features} |" for p in all_providers())


def hosts() -> Iterator[str]:
    """Yield a table of the hosts of all providers."""
    yield "| hosts | provider |"
    yield "|---|---|"
    yield from (f"| {', '.join(f'`{host}`' for host in p.hosts)} | {p.title} |" for p in all_providers())


def verdict_rules() -> Iterator[str]:
    """Yield a section for each rule of the verdict, with a table of contents."""
    yield "| rule | severity | in short |"
    yield "|---|---|---|"
    yield from (f"| [`{r.name}`](#{r.name}) | {r.severity} | {_first(r.fires)} |" for r in RULES)
    for rule in RULES:
        yield ""
        yield f"### {rule.name}"
        yield ""
        yield f"**Fires** ({rule.severity}): {rule.fires}."
        yield ""
        yield f"**Does not fire:** {rule.spares}."
        yield ""
        yield f"**Instead:** {rule.advice}."


def _first(text: str) -> str:
    return re.split(r"(?<=[a-z])\. |: ", text)[0]


def verdict_declarations() -> Iterator[str]:
    """Yield a table of what the providers declare for the verdict."""
    yield "| provider | declaration | value | row |"
    yield "|---|---|---|---|"
    for provider in all_providers():
        advised = {
            "shortest time between two polls": provider.poll_every,
            "how long a job can take": provider.patience,
            "longest time of polling": provider.longest_poll,
            "how long a link works": provider.asset_lifetime,
        }
        for name, each in advised.items():
            if each is not None:
                yield f"| {provider.title} | {name} | {format_duration(each.ms)} | `{each.row}` |"
        paid: dict[str | None, list[str]] = {}
        for operation in provider.operations:
            if operation.paid:
                paid.setdefault(operation.cost_row, []).append(f"`{operation.name}`")
        for row, names in paid.items():
            yield f"| {provider.title} | paid operations | {', '.join(names)} | `{row}` |"


BY_PROVIDER: dict[str, Callable[[Provider], Iterator[str]]] = {
    "operations": operations,
    "limits": limits,
    "errors": errors,
    "events": events,
    "options": options,
    "stories": provider_scenarios,
    "ledger": ledger,
    "sources": sources,
    "reference": reference,
}
PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "base-urls": base_urls,
    "features": features,
    "simulated": simulated,
    "hosts": hosts,
    "language": language,
    "faults": faults,
    "substitutions": substitutions,
    "bundled": bundled,
    "verdict-rules": verdict_rules,
    "verdict-declarations": verdict_declarations,
    **{f"{name}-{p.name}": partial(part, p) for name, part in BY_PROVIDER.items() for p in all_providers()},
}


def rendered(text: str) -> str:
    """Return the text of a page with its generated parts written again."""
    return PART.sub(_rendered, text)


def _rendered(match: re.Match[str]) -> str:
    if match["fence"]:
        return match[0]
    return match["start"] + "\n".join(PARTS[match["name"]]()).rstrip() + "\n" + match["end"]


def main() -> int:
    """Write the pages. With `--check`, print the outdated ones and return 1 if there are any."""
    stale = 0
    for path in PAGES:
        text = path.read_text("utf-8")
        fresh = rendered(text)
        if fresh != text:
            stale += 1
            print(f"{path.relative_to(HERE.parent)} is out of date" if "--check" in sys.argv else f"wrote {path.name}")
            if "--check" not in sys.argv:
                path.write_text(fresh, "utf-8")
    if "--check" not in sys.argv:
        # The picture of a run.
        runpy.run_path(str(HERE / "job_life.py"), run_name="__main__")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
