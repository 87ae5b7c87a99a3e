"""What a server does with the rows that a reply rests on: name them in a header, or refuse the assumed ones."""

from collections.abc import Sequence
from typing import NamedTuple

from mockserver.provenance.behaviours import Ledger

HEADER = b"x-mock-rule"


class Assumed(Exception):
    """The reply would rest on something that is assumed, and the server was told to assume nothing."""

    def __init__(self, row: str, what: str, why: str) -> None:
        super().__init__(row)
        self.row = row
        self.what = what
        self.why = why


class Provenance(NamedTuple):
    """How a server shows on whose word it speaks. Both are off by default, and then none of this is asked."""

    ledger: Ledger
    header: bool = False
    no_assumed: bool = False

    @property
    def asked(self) -> bool:
        """True when there is anything to do."""
        return self.header or self.no_assumed

    def admit(self, rows: Sequence[str]) -> None:
        """Let pass what rests on these rows. Raises Assumed when one of them is assumed and that is not wanted."""
        if not self.no_assumed:
            return
        for row in rows:
            found = self.ledger.rows.get(row)
            if found is not None and found.basis == "assumed":
                raise Assumed(row, found.what, found.source)

    @property
    def unsaid(self) -> frozenset[str]:
        """The rows that nothing may rest on."""
        if not self.no_assumed:
            return frozenset()
        return frozenset(row for row, found in self.ledger.rows.items() if found.basis == "assumed")

    def headers(self, rows: Sequence[str]) -> Sequence[tuple[bytes, bytes]]:
        """The header that names the rows: a list of tokens with their class (RFC 9651 section 3.1)."""
        if not self.header or not rows:
            return ()
        named = (f"{row};class={self.ledger.basis(row) or 'unknown'}" for row in dict.fromkeys(rows))
        return ((HEADER, ", ".join(named).encode()),)
