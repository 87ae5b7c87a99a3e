"""What a server does with the ledger rows of a reply: it can name them in a header, or refuse assumed ones."""

from collections.abc import Sequence
from typing import NamedTuple

from mockserver.provenance.behaviours import Ledger

HEADER = b"x-mock-rule"


class AssumedBehaviour(Exception):
    """The reply needs an assumed behaviour, and the server disallows these. `row` is the id of the ledger row.

    `page` is the address of the page that does not document it, if the ledger names one.
    """

    def __init__(self, row: str, what: str, why: str, page: str | None = None) -> None:
        super().__init__(row)
        self.row = row
        self.what = what
        self.why = why
        self.page = page


class Provenance(NamedTuple):
    """The options `rule_header` and `no_assumed` of a server, with the ledger. Both are off by default."""

    ledger: Ledger
    header: bool = False
    no_assumed: bool = False

    @property
    def is_active(self) -> bool:
        """True when at least one of the options is on."""
        return self.header or self.no_assumed

    def admit(self, rows: Sequence[str]) -> None:
        """Check the rows of a reply. Raises AssumedBehaviour if one is assumed and the server disallows that."""
        if not self.no_assumed:
            return
        for row_id in rows:
            row = self.ledger.rows.get(row_id)
            if row is not None and row.basis == "assumed":
                raise AssumedBehaviour(row_id, row.what, row.source, None if row.page is None else row.page.url)

    @property
    def disallowed_rows(self) -> frozenset[str]:
        """The ids of the rows that no reply or event may rest on."""
        if not self.no_assumed:
            return frozenset()
        return frozenset(row_id for row_id, row in self.ledger.rows.items() if row.basis == "assumed")

    def headers(self, rows: Sequence[str]) -> Sequence[tuple[bytes, bytes]]:
        """Return the header that lists the rows as tokens, each with its class (RFC 9651 section 3.1)."""
        if not self.header or not rows:
            return ()
        named = (f"{row};class={self.ledger.basis(row) or 'unknown'}" for row in dict.fromkeys(rows))
        return ((HEADER, ", ".join(named).encode()),)
