"""Ledger rows: a simulated behaviour with its source, a scenario that shows it, and a test that proves it."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mockserver.source.validation import load

Basis = Literal["documented", "observed", "assumed"]
Kind = Literal["operation", "error", "state", "event", "ending", "header", "limit", "rule"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# The kinds that a client's test suite can cover.
COVERED_KINDS: tuple[Kind, ...] = ("operation", "error", "state", "event", "ending")

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Name = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(KINDS)})\.[A-Za-z0-9_.-]+$")]


class Origin(BaseModel):
    """The class and source of a behaviour, a scenario that shows it, and a test that proves it.

    `source` is the section of the provider's documentation (documented), where the behaviour was seen (observed), or
    why it was chosen (assumed). `scenario` is a bundled scenario. `test` is `file.py::function` in the tests.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    basis: Basis = Field(alias="class")
    source: _Text
    scenario: _Text
    test: Annotated[str, StringConstraints(pattern=r"^[\w/]+\.py::\w+$")]


class Row(Origin):
    """One behaviour in a provider's `ledger.yaml`. Its key there is the name of the behaviour.

    The name is `kind.what`: `error.rate_limited`, `header.X-RateLimit-Limit`.
    """

    what: _Text


class Group(Origin):
    """Behaviours with the same origin. `rows` has the description of each by its name."""

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
            raise ValueError(f"rows that occur more than once: {', '.join(twice)}")
        return self

    def flat(self) -> dict[str, Row]:
        """All rows by name."""
        grouped = {name: (group, what) for group in self.groups for name, what in group.rows.items()}
        return self.rows | {
            name: Row(what=what, **group.model_dump(exclude={"rows"})) for name, (group, what) in grouped.items()
        }


def kind_of(name: str) -> str:
    """Return the kind of a behaviour. `name` can begin with the provider."""
    parts = name.split(".", 2)
    return parts[0] if parts[0] in KINDS else parts[1]


def read(path: Path) -> Mapping[str, Row]:
    """Return the rows of a file by name; none if it does not exist. Raises SourceErrors for an invalid file."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    return load(LedgerFile, text, str(path)).flat()
