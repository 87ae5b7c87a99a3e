"""The list of scenarios that `mockserver scenarios` prints."""

import json
import shutil
import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.scenario.library import Library, ScenarioSummary

# Columns that a description has at least, on however narrow a terminal.
_NARROWEST = 24


def matching(library: "Library", words: Sequence[str]) -> list["ScenarioSummary"]:
    """Return the scenarios whose name or description has all words, and the broken files among them."""
    folded = [word.casefold() for word in words]
    scenarios = [*library.listed(broken=True)]
    return [s for s in scenarios if all(word in f"{s.name} {s.description}".casefold() for word in folded)]


def as_json(scenarios: Sequence["ScenarioSummary"]) -> str:
    """Return the list as JSON. A broken file has its errors."""
    rows = [
        {
            "name": each.name,
            "description": each.description,
            "file": str(each.path),
            **({"errors": list(each.errors)} if each.errors else {}),
        }
        for each in scenarios
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def as_text(scenarios: Sequence["ScenarioSummary"]) -> str:
    """Return the list as text. On a terminal, descriptions are wrapped; elsewhere each scenario has one line."""
    name_width = max((len(each.name) for each in scenarios), default=0)
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    lines: list[str] = []
    for each in scenarios:
        text = f"broken: {each.errors[0]}" if each.errors else each.description
        lines += _entry(each.name, text, name_width, columns)
    return "\n".join(lines)


def _entry(name: str, text: str, name_width: int, columns: int | None) -> list[str]:
    if columns is None:
        return [f"{name:<{name_width}}  {text}".rstrip()]
    beside = columns - name_width - 2
    if beside < _NARROWEST:
        return [name, *(f"  {line}" for line in wrap(text, max(_NARROWEST, columns - 2)))]
    first, *rest = wrap(text, beside) or [""]
    return [f"{name:<{name_width}}  {first}".rstrip(), *(" " * (name_width + 2) + line for line in rest)]
