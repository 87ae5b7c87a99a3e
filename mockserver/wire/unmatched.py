"""Requests for no provider: what is replied to them, and what the journal says of them."""

from collections.abc import Collection
from difflib import get_close_matches

from mockserver.core.journal import JournalEntry
from mockserver.kit.provider import Provider
from mockserver.wire.address import Address
from mockserver.wire.request import Request

# Characters of a path that are compared: looking for what is near takes a time that grows with their square.
_COMPARED = 200


class Unmatched:
    """Where a request leads that has neither a provider's prefix or host nor a path that one of them has."""

    def __init__(self, providers: Collection[Provider]) -> None:
        self._providers = providers

    def near(self, path: str) -> str | None:
        """The path of a provider that is most like another; None when none is."""
        own = [(p.name, o.path) for p in self._providers for o in p.operations if not o.hidden]
        paths = [spelt for name, own_path in own for spelt in (f"/{name}{own_path}", own_path)]
        return next(iter(get_close_matches(path[:_COMPARED], paths, 1, 0.6)), None)

    def explained(self, path: str, near: str | None) -> str:
        """The reply to the client."""
        prefixes = ", ".join(f"/{p.name}" for p in self._providers)
        known = f"Paths start with a provider's prefix ({prefixes}) or with /_mock."
        return f"No provider has the path {path!r}. {known}" + (f" Near is {near}." if near else "")

    def entry(self, address: Address, near: str | None, request: Request, now: int) -> JournalEntry:
        """The line in the journal of the sandbox that the request names, at `now` on its clock."""
        return JournalEntry(
            "request",
            now,
            method=request.method,
            path=address.path,
            query=request.query.decode("latin-1"),
            status=404,
            note="no provider has this path" + (f"; near: {near}" if near else ""),
            headers=request.fields,
        )
