"""`providers`: lists what is simulated, by provider and operation, with class and source."""

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.cli.errors import report_error

if TYPE_CHECKING:
    from mockserver.kit.operations import Operation
    from mockserver.kit.provider import Provider
    from mockserver.provenance.rows import Row


class Simulated(NamedTuple):
    """One operation that is simulated, and the row of the ledger that says where it is known from."""

    provider: "Provider"
    operation: "Operation"
    row: "Row"

    @property
    def request(self) -> str:
        return f"{self.operation.method} {self.operation.path}"

    def has(self, word: str) -> bool:
        """Return whether the operation has a word in its names, path, summary, class or source."""
        provider, operation, row = self
        texts = (provider.name, provider.title, operation.name, self.request, operation.summary, row.basis, row.source)
        return any(word in text.casefold() for text in texts)


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "providers",
        help="list what is simulated",
        description="List the operations that are simulated, by provider, each with its class (documented, observed or "
        "assumed) and its source. Requests to other paths of a provider get a 404 that says so.",
        epilog="examples:\n  mockserver providers\n  mockserver providers nanophoto veo\n"
        "  mockserver providers assumed --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="list those with this in the provider, operation, path, class or source",
    )
    command.add_argument("--json", action="store_true", help="print JSON: one object for each operation")
    command.set_defaults(run=_providers)


def _providers(options: argparse.Namespace) -> int:
    operations = list(matching(options.words))
    if not operations and not options.json:
        return report_error(f"no operation has {' and '.join(map(repr, options.words))}{_suggestion(options.words)}")
    print(as_json(operations) if options.json else "\n".join(as_text(operations)))
    return 0


def _suggestion(words: Sequence[str]) -> str:
    from mockserver.providers.registry import summaries
    from mockserver.source.suggestions import did_you_mean

    known = [name for each in summaries() for name in (each.name, *each.operations)]
    return did_you_mean(words[0], known) if words else ""


def matching(words: Iterable[str]) -> Iterator[Simulated]:
    """Yield the operations that have all words, in the order of the documents."""
    from mockserver.kit.ledger import rows_of
    from mockserver.providers.registry import all_providers

    folded = [word.casefold() for word in words]
    for provider in all_providers():
        rows = rows_of(provider)
        for operation in provider.operations:
            simulated = Simulated(provider, operation, rows[f"operation.{operation.name}"])
            if not operation.hidden and all(map(simulated.has, folded)):
                yield simulated


def as_json(operations: Iterable[Simulated]) -> str:
    """Return the list as JSON."""
    return json.dumps(list(map(_object, operations)), indent=2, ensure_ascii=False)


def _object(simulated: Simulated) -> dict[str, Any]:
    provider, operation, row = simulated
    page = row.page
    cited = None if page is None else {"title": page.title, "url": page.url, "read": page.read.isoformat()}
    return {
        "provider": provider.name,
        "operation": operation.name,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "class": row.basis,
        "source": row.source,
        "page": cited,
    }


def as_text(operations: Sequence[Simulated]) -> Iterator[str]:
    """Yield the lines of the list: each provider, its operations in columns, and the pages that they are known from."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for number, (_, group) in enumerate(groupby(operations, lambda each: each.provider.name)):
        if number:
            yield ""
        yield from _section(list(group), columns)


def _section(operations: Sequence[Simulated], columns: int | None) -> Iterator[str]:
    provider, count = operations[0].provider, len(operations)
    names = max(len(each.operation.name) for each in operations)
    requests = max(len(each.request) for each in operations)
    yield f"{provider.title}: {', '.join(provider.hosts)} ({count} operation{'s' if count > 1 else ''})"
    pages = list(dict.fromkeys(each.row.page for each in operations if each.row.page is not None))
    for each in operations:
        mark = f" [{pages.index(each.row.page) + 1}]" if each.row.page in pages else ""
        line = f"  {each.operation.name:<{names}}  {each.request:<{requests}}  {each.row.basis:<10}  {each.row.source}"
        yield _fitted(line, mark, columns)
    yield from (f"  [{at}] {page.url}, read {page.read}: {page.title}" for at, page in enumerate(pages, 1))


def _fitted(line: str, mark: str, columns: int | None) -> str:
    """Return a line with its mark, cut to the width of the terminal if there is one."""
    room = None if columns is None else max(40, columns) - len(mark)
    return f"{line if room is None or len(line) <= room else line[: room - 3] + '...'}{mark}"
