"""The journal entry of a request that is not valid HTTP or arrived incomplete, so that its author finds the reason."""

from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.kit.operations import Reply
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Unread

# Characters of a target that are kept, and header fields. What is refused can be larger than any other request.
_MAX_TARGET = 4_096
_MAX_FIELDS = 100
_MAX_VALUE = 1_024


def unread_entry(unread: Unread, provider: str | None, path: str, reply: Reply, now: int) -> JournalEntry:
    """Return the entry for a request and the reply to it; `now` is the time on the sandbox's clock."""
    body = encode(reply)
    return JournalEntry(
        "request",
        now,
        provider=provider,
        method=unread.method or None,
        path=path[:_MAX_TARGET] if unread.target else None,
        query=unread.target.partition("?")[2][:_MAX_TARGET],
        status=reply.status,
        note=f"the request was not accepted: {unread.message}",
        reply=body[:KEPT_BODY],
        headers=[(name, value[:_MAX_VALUE]) for name, value in unread.fields[:_MAX_FIELDS]],
        reply_headers=head(reply, (), len(body)),
    )
