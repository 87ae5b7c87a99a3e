"""The ledgers of providers: the rows of their own files, and those that the kit has for every provider."""

import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.core.faults import Refusal
from mockserver.kit.provider import Provider
from mockserver.provenance.behaviours import Ledger

if TYPE_CHECKING:
    from mockserver.provenance.rows import Row

DEFAULTS = Path(__file__).with_name("ledger.yaml")
_MIB = 1_048_576
# The errors that the kit has rows for, each as a check raises it.
_ERRORS: Mapping[str, Refusal] = {
    "no_such_path": Refusal("not_found", row="no_such_path"),
    "method_not_allowed": Refusal("method_not_allowed"),
    "too_large": Refusal("too_large", case="body_too_large"),
    "unsupported_media_type": Refusal("unsupported_media_type"),
}
_OF_BODIES = ("too_large", "unsupported_media_type")
_ENDINGS = ("truncated", "reset", "stalled", "client_left")


def ledger(providers: Collection[Provider]) -> Ledger:
    """The ledger of these providers."""
    return Ledger(lambda: {f"{each.name}.{name}": row for each in providers for name, row in rows_of(each).items()})


def rows_of(provider: Provider) -> "Mapping[str, Row]":
    """The rows of a provider by name, kind by kind. A row of its own file takes the place of the kit's of that name.

    Raises SourceErrors for a file that is wrong.
    """
    from mockserver.provenance.rows import KINDS, kind_of, read

    rows, defaults = dict(read(ledger_file(provider))), read(DEFAULTS)
    for name in default_rows(provider):
        rows.setdefault(name, _filled(defaults[name], name, provider))
    return dict(sorted(rows.items(), key=lambda row: KINDS.index(kind_of(row[0]))))


def ledger_file(provider: Provider) -> Path:
    """Where the ledger of a provider is: `ledger.yaml` in its package, or NAME.ledger.yaml beside a module NAME.py."""
    module = sys.modules[type(provider).__module__]
    path = Path(getattr(module, "__file__", None) or f"{module.__name__}.py")
    return path.with_name("ledger.yaml") if path.stem == "provider" else path.with_suffix(".ledger.yaml")


def default_rows(provider: Provider) -> Iterator[str]:
    """The names of those rows of the kit that are about something that the provider has."""
    shown = [operation for operation in provider.operations if not operation.hidden]
    takes_bodies = any(operation.body is not None for operation in shown)
    for name, refusal in _ERRORS.items():
        row = f"error.{name}"
        # A provider whose table has another row for the error has that in its own ledger.
        if provider.error_reply(refusal).ledger_rows[0] == row and (takes_bodies or name not in _OF_BODIES):
            yield row
    if any(operation.streams for operation in shown):
        yield from (f"ending.{name}" for name in _ENDINGS)
    yield "rule.retry_after"
    if any(operation.method == "GET" for operation in shown):
        yield "rule.head"


def _filled(row: "Row", name: str, provider: Provider) -> "Row":
    """A row of the kit with the provider's figures in its sentence."""
    refusal = _ERRORS.get(name.removeprefix("error."))
    status = None if refusal is None else provider.error_reply(refusal).status
    size = provider.max_body
    room = f"{size // _MIB} MiB" if size % _MIB == 0 else f"{size:,} bytes"
    return row.model_copy(update={"what": row.what.format(status=status, max_body=room)})
