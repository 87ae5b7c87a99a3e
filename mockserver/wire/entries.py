"""The journal entries of requests to providers: what was sent, what was replied, and why."""

from mockserver.clock import wall_ns
from mockserver.core.journal import KEPT_BODY, JournalEntry, Turn
from mockserver.kit.operations import Reply
from mockserver.wire.checks import Admission
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Unread
from mockserver.wire.sending import ReplySender

# Characters of a target that are kept, and header fields. What is refused can be larger than any other request.
_MAX_TARGET = 4_096
_MAX_FIELDS = 100
_MAX_VALUE = 1_024


def request_entry(admission: Admission, path: str, sender: ReplySender, usual_headers: int) -> JournalEntry:
    """Return the entry of a request that was answered, or whose reply was lost.

    `usual_headers` is the number of headers of most replies: those of other replies can be long.
    """
    sandbox, operation, request = admission.sandbox, admission.operation, admission.request
    if sender.body_lost:
        admission.drop_rows("state")
    if sender.ending == "client_left":
        admission.drop_rows("ending")
    rows = admission.rows
    if sender.ending in ("complete", "client_left"):
        rows = (*rows, f"{admission.provider.name}.ending.{sender.ending}")
    secret = operation is not None and operation.secret
    usage, real_start, connection = admission.usage, admission.real_start, admission.connection
    ended_at, ended_ns = sender.broken_off_at or (sandbox.clock.now(), wall_ns())
    return JournalEntry(
        "request",
        admission.now,
        admission.number.taken,
        ended_at,
        None,
        admission.provider.name,
        admission.name or None,
        admission.optional_account.id if admission.optional_account is not None else None,
        request.method,
        path,
        request.query.decode("latin-1"),
        sender.status,
        admission.job,
        admission.rule.name if admission.rule is not None else None,
        admission.misses,
        rows,
        sandbox.program.others.get(admission.name, ()),
        sender.note or admission.note,
        admission.deviations,
        b"" if secret else admission.raw[:KEPT_BODY],
        b"" if secret else sender.body[:KEPT_BODY],
        request.fields,
        {"chunks": sender.chunks} if sender.chunks else None,
        0,
        # 0, if there are other headers than those that every reply has: they can be long.
        request.head_bytes if len(sender.headers) <= usual_headers else 0,
        sender.delivered,
        usage[0] if usage else None,
        admission.retry_at,
        admission.digest,
        None if real_start is None else (real_start, ended_ns // 1_000_000),
        () if secret else sender.headers,
        sender.fault,
        admission.addressed_by,
        request.scheme,
        turn=Turn(connection.free_at, ended_ns, connection.reused) if connection.free_at else None,
    )


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
