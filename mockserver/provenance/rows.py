"""Ledger rows: a simulated behaviour with its source, a scenario that shows it, and a test that proves it."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from mockserver.source.suggestions import did_you_mean
from mockserver.source.validation import load

Basis = Literal["documented", "observed", "assumed"]
Kind = Literal["operation", "error", "state", "event", "ending", "header", "limit", "rule"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# The kinds that a client's test suite can cover.
COVERED_KINDS: tuple[Kind, ...] = ("operation", "error", "state", "event", "ending")

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Name = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(KINDS)})\.[A-Za-z0-9_.-]+$")]


_WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Page(BaseModel):
    """A page that rows were made from: its title, its address, and the date on which it was read.

    `note` says what a reader should know about it, such as that the provider did not write it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    title: _Text
    url: _WebAddress
    read: date
    note: _Text | None = None


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
    """One behaviour of a provider, with the page that it was read on, or on which it is missing if it is assumed."""

    what: _Text
    page: Page | None = None


class FileRow(Origin):
    """One behaviour in a provider's `ledger.yaml`. Its key there is the name of the behaviour.

    The name is `kind.what`: `error.rate_limited`, `header.X-RateLimit-Limit`. `page` is a key of `pages`.
    """

    what: _Text
    page: str | None = None


class DeclaredRow(Origin):
    """One behaviour that a provider declares in its code. `page` is a key of the file's `pages`, or a page."""

    what: _Text
    page: str | Page | None = None


class Group(Origin):
    """Behaviours with the same origin. `rows` has the description of each by its name."""

    page: str | None = None
    rows: dict[_Name, _Text]


class LedgerFile(BaseModel):
    """The ledger of one provider: the pages that it was made from, rows by name, and groups of rows.

    A row without `page` is from the page that has the name of its class, or else from the page `documented`.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    pages: dict[str, Page] = Field(default_factory=dict)
    rows: dict[_Name, FileRow] = Field(default_factory=dict)
    groups: list[Group] = Field(default_factory=list)

    @model_validator(mode="after")
    def _each_once(self) -> "LedgerFile":
        names = Counter([*self.rows, *(name for group in self.groups for name in group.rows)])
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(f"rows that occur more than once: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _known_pages(self) -> "LedgerFile":
        for name in (*(row.page for row in self.rows.values()), *(group.page for group in self.groups)):
            if name is not None and name not in self.pages:
                raise ValueError(f"unknown page {name!r}{did_you_mean(name, self.pages)}")
        return self

    @property
    def main_page(self) -> Page | None:
        """The provider's documentation."""
        return self.pages.get("documented")

    def flat(self) -> dict[str, Row]:
        """All rows by name, in a new dict."""
        return dict(self._flat)

    @cached_property
    def _flat(self) -> dict[str, Row]:
        grouped = {name: (group, what) for group in self.groups for name, what in group.rows.items()}
        return {name: self._row(row, row.what) for name, row in self.rows.items()} | {
            name: self._row(group, what) for name, (group, what) in grouped.items()
        }

    def declared(self, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Row]:
        """Return rows that a provider declares in its code. A page can be the name of one of this file.

        Raises pydantic.ValidationError for an invalid row, and KeyError for an unknown page.
        """
        checked = {name: DeclaredRow.model_validate(row) for name, row in rows.items()}
        return {name: self._row(row, row.what) for name, row in checked.items()}

    def _row(self, origin: FileRow | DeclaredRow | Group, what: str) -> Row:
        page = origin.page if isinstance(origin.page, Page) else self._page(origin.page, origin.basis)
        return Row(what=what, page=page, **origin.model_dump(include=set(Origin.model_fields)))

    def _page(self, name: str | None, basis: Basis) -> Page | None:
        return self.pages[name] if name else self.pages.get(basis, self.main_page)


def kind_of(name: str) -> str:
    """Return the kind of a behaviour. `name` can begin with the provider."""
    parts = name.split(".", 2)
    return parts[0] if parts[0] in KINDS else parts[1]


def read(path: Path) -> Mapping[str, Row]:
    """Return the rows of a file by name; none if it does not exist. Raises SourceErrors for an invalid file."""
    return read_file(path).flat()


def read_file(path: Path) -> LedgerFile:
    """Return the ledger in a file; an empty one if it does not exist. Raises SourceErrors for an invalid file."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return LedgerFile()
    return _parsed(text, str(path))


# Reading all ledgers takes 60 ms, and a suite of tests starts many servers. What is returned is not changed.
@lru_cache(32)
def _parsed(text: bytes, name: str) -> LedgerFile:
    return load(LedgerFile, text, name)
