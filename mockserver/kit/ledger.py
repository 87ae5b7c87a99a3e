"""The ledgers of providers: the rows of their own files, and the rows that all providers share."""

import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.core.faults import Refusal
from mockserver.kit.operation_rows import operation_rows
from mockserver.kit.provider import Provider
from mockserver.provenance.behaviours import Ledger

if TYPE_CHECKING:
    from mockserver.provenance.rows import Page, Row

DEFAULTS = Path(__file__).with_name("ledger.yaml")
_MIB = 1_048_576
# The errors with shared rows, as the checks raise them.
_ERRORS: Mapping[str, Refusal] = {
    "no_such_path": Refusal("not_found", row="no_such_path"),
    "method_not_allowed": Refusal("method_not_allowed"),
    "too_large": Refusal("too_large", case="body_too_large"),
    "unsupported_media_type": Refusal("unsupported_media_type"),
}
_OF_BODIES = ("too_large", "unsupported_media_type")
_ENDINGS = ("truncated", "reset", "stalled", "client_left")


def ledger(providers: Collection[Provider]) -> Ledger:
    """Return the ledger of these providers."""
    return Ledger(lambda: {f"{each.name}.{name}": row for each in providers for name, row in rows_of(each).items()})


def rows_of(provider: Provider) -> "Mapping[str, Row]":
    """Return the rows of a provider by name, sorted by kind: its own, and those that all providers share.

    Its own rows are those that are declared with its operations, and those in its file, which replace them. Shared rows
    have the page of the provider's documentation, which does not mention them.

    Raises SourceErrors for an invalid file.
    """
    from mockserver.provenance.rows import KINDS, kind_of, read, read_file

    own, defaults = read_file(ledger_file(provider)), read(DEFAULTS)
    rows = own.flat()
    if own.pages:
        # Without pages it is a ledger of a test, which has all its rows in the file.
        rows = {**own.declared(operation_rows(provider)), **rows}
    for name in default_rows(provider):
        rows.setdefault(name, _filled(defaults[name], name, provider).model_copy(update={"page": own.main_page}))
    return dict(sorted(rows.items(), key=lambda row: KINDS.index(kind_of(row[0]))))


def pages_of(provider: Provider) -> "Mapping[str, Page]":
    """Return the pages that a provider's ledger was made from, by name."""
    from mockserver.provenance.rows import read_file

    return read_file(ledger_file(provider)).pages


def ledger_file(provider: Provider) -> Path:
    """Return the path of a provider's ledger: `ledger.yaml` in its package, or NAME.ledger.yaml beside NAME.py."""
    module = sys.modules[type(provider).__module__]
    path = Path(getattr(module, "__file__", None) or f"{module.__name__}.py")
    return path.with_name("ledger.yaml") if path.stem == "provider" else path.with_suffix(".ledger.yaml")


def default_rows(provider: Provider) -> Iterator[str]:
    """Return the names of the shared rows that apply to a provider."""
    shown = [operation for operation in provider.operations if not operation.hidden]
    takes_bodies = any(operation.body is not None for operation in shown)
    for name, refusal in _ERRORS.items():
        row = f"error.{name}"
        # If the provider's table names another row for the error, that row is in the provider's own ledger.
        if provider.error_reply(refusal).ledger_rows[0] == row and (takes_bodies or name not in _OF_BODIES):
            yield row
    if any(operation.streams for operation in shown):
        yield from (f"ending.{name}" for name in _ENDINGS)
    yield "rule.retry_after"
    if provider.cors:
        yield "rule.browsers"
    if any(operation.method == "GET" for operation in shown):
        yield "rule.head"


def _filled(row: "Row", name: str, provider: Provider) -> "Row":
    """Return a shared row with the provider's status and size in its description."""
    refusal = _ERRORS.get(name.removeprefix("error."))
    status = None if refusal is None else provider.error_reply(refusal).status
    size = provider.max_body
    room = f"{size // _MIB} MiB" if size % _MIB == 0 else f"{size:,} bytes"
    return row.model_copy(update={"what": row.what.format(status=status, max_body=room)})
