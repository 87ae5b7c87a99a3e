"""Requests whose path no provider has: the reply to them, and their journal entry."""

from collections.abc import Collection
from difflib import get_close_matches

from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.kit.operations import Reply
from mockserver.kit.provider import Provider
from mockserver.source.suggestions import clip
from mockserver.wire.address import Address
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Request

# Only this many characters of a path are compared: the time for it grows with the square of the length.
_MAX_COMPARED = 200
# Characters of a path in a message.
_MAX_SHOWN = 200


def not_simulated(provider: Provider, method: str, path: str) -> str:
    """Return the message about a path that the provider does not have here. Its real API may well have it.

    A path is suggested only if it is almost the same: for a real operation of a similar name it would be wrong.
    """
    paths = [operation.path for operation in provider.operations if not operation.hidden]
    closest = next(iter(get_close_matches(path[:_MAX_COMPARED], paths, 1, 0.9)), None)
    suggestion = f"; did you mean {closest}?" if closest else ""
    return f"mockserver does not simulate {method} {clip(path, _MAX_SHOWN)}{suggestion}"


class Unmatched:
    """Explains that no provider has the path of a request, and suggests the most similar one."""

    def __init__(self, providers: Collection[Provider]) -> None:
        self._providers = providers

    def closest(self, path: str) -> str | None:
        """Return the provider path that is most similar to `path`, or None if none is similar."""
        operations = [(p.name, o.path) for p in self._providers for o in p.operations if not o.hidden]
        paths = [path for name, own_path in operations for path in (f"/{name}{own_path}", own_path)]
        return next(iter(get_close_matches(path[:_MAX_COMPARED], paths, 1, 0.6)), None)

    def message(self, path: str, closest: str | None) -> str:
        """Return the error text of the reply."""
        prefixes = ", ".join(f"/{p.name}" for p in self._providers)
        known = f"Paths start with a provider's prefix ({prefixes}) or with /_mock."
        return f"No provider has the path {path!r}. {known}" + (f" Did you mean {closest}?" if closest else "")

    def journal_entry(
        self, address: Address, closest: str | None, request: Request, reply: Reply, now: int
    ) -> JournalEntry:
        """Return the entry for the journal of the request's sandbox; `now` is the time on the sandbox's clock."""
        missing = "no provider has this path" + (f"; closest: {closest}" if closest else "")
        body = encode(reply)
        return JournalEntry(
            "request",
            now,
            method=request.method,
            path=address.path,
            query=request.query.decode("latin-1"),
            status=reply.status,
            note=reply.note or missing,
            reply=body[:KEPT_BODY],
            headers=request.fields,
            reply_headers=head(reply, (), len(body)),
            addressed_by=address.addressed_by,
            scheme=request.scheme,
        )
