"""Rows of the ledger: one simulated behaviour each, its source, the scenario that shows it, the test that proves it."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mockserver.source.validation import load

Basis = Literal["documented", "observed", "assumed"]
Kind = Literal["operation", "error", "state", "event", "ending", "header", "limit", "rule"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Those that a client's test suite can meet, or miss.
MET: tuple[Kind, ...] = ("operation", "error", "state", "event", "ending")

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Name = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(KINDS)})\.[A-Za-z0-9_.-]+$")]


class Origin(BaseModel):
    """Where a behaviour is known from, what shows it, and what proves it.

    `source` is the part of the provider's page that says so (documented), where it was seen (observed), or why it was
    chosen (assumed). `scenario` is a bundled one that shows it; `test` is `file.py::function` within the tests.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    basis: Basis = Field(alias="class")
    source: _Text
    scenario: _Text
    test: Annotated[str, StringConstraints(pattern=r"^[\w/]+\.py::\w+$")]


class Row(Origin):
    """One behaviour, as a provider's `ledger.yaml` has it under the behaviour's name.

    The name is `kind.what`: `error.rate_limited`, `header.X-RateLimit-Limit`.
    """

    what: _Text


class Group(Origin):
    """Rows with the same origin: what each behaviour is, by its name."""

    rows: dict[_Name, _Text]


class LedgerFile(BaseModel):
    """The ledger of one provider: rows by name, and groups of rows."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    rows: dict[_Name, Row] = Field(default_factory=dict)
    groups: list[Group] = Field(default_factory=list)

    @model_validator(mode="after")
    def _each_once(self) -> "LedgerFile":
        names = Counter([*self.rows, *(name for group in self.groups for name in group.rows)])
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(f"each row has one place, and {', '.join(twice)} has more")
        return self

    def flat(self) -> dict[str, Row]:
        """All rows by name."""
        grouped = {name: (group, what) for group in self.groups for name, what in group.rows.items()}
        return self.rows | {
            name: Row(what=what, **group.model_dump(exclude={"rows"})) for name, (group, what) in grouped.items()
        }


def kind_of(name: str) -> str:
    """The kind of a behaviour, by its name with or without the provider's in front."""
    parts = name.split(".", 2)
    return parts[0] if parts[0] in KINDS else parts[1]


def read(path: Path) -> Mapping[str, Row]:
    """The rows of a file by name. Raises SourceErrors with line and column for a bad one; a missing file has none."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    return load(LedgerFile, text, str(path)).flat()
