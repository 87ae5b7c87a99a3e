"""The edge: handles every request of every provider, with the same checks in the same order.

Every reply has the provider's format and its limit headers, also if the request fails, and every request gets one
journal entry. The order of a provider's checks is also a row of its ledger.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from mockserver.clock import wall_ms
from mockserver.core.faults import Fault, Refusal
from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.core.limits import Usage
from mockserver.core.masking import Masking
from mockserver.kit.errors import RefusalContext
from mockserver.kit.operations import Deferred, Header, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.policy import AssumedBehaviour
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import OPEN_REPLY
from mockserver.wire import checks
from mockserver.wire.checks import Admission
from mockserver.wire.cors import CrossOrigin
from mockserver.wire.exchange import Policy
from mockserver.wire.overlay import apply_overlay
from mockserver.wire.reply import date
from mockserver.wire.request import Broken, Disconnected, Ended, NotAccepted, Unread
from mockserver.wire.routes import Match, Routes
from mockserver.wire.sending import ReplySender
from mockserver.wire.services import credential, current_usage
from mockserver.wire.stream import ENDINGS
from mockserver.wire.unmatched import not_simulated

log = logging.getLogger("mockserver")

CheckFunction = Callable[[Admission, Operation], Awaitable[None] | None]


class Check(NamedTuple):
    """One check, and the condition for an operation to have it."""

    check: CheckFunction
    applies: Callable[[Provider, Operation], bool]


# The checks of a request, in order, before its operation runs. Before them the server has found the address, the
# sandbox and the credential, and the edge has found the operation. After them come: a fault before the operation, the
# operation with its credits, a fault that loses or damages the reply, the reply, the journal entry.
CHECKS: tuple[Check, ...] = (
    Check(checks.check_account, lambda provider, operation: not operation.public),
    Check(checks.count_limits, lambda provider, operation: not operation.public and bool(_counts(provider, operation))),
    Check(checks.check_scope, lambda provider, operation: not operation.public and operation.scope is not None),
    Check(checks.note_credential_form, lambda provider, operation: not operation.public),
    Check(checks.check_query, lambda provider, operation: True),
    Check(checks.read, lambda provider, operation: _has_body(operation)),
    Check(checks.validate, lambda provider, operation: _has_body(operation)),
    Check(checks.choose_rule, lambda provider, operation: True),
)


def _counts(provider: Provider, operation: Operation) -> Sequence[str]:
    return provider.counts if operation.counts is None else operation.counts


def _has_body(operation: Operation) -> bool:
    # The handler of an upload reads it: it knows how much the account may send.
    return operation.body is not None and operation.body_kind != "multipart"


class _Prepared(NamedTuple):
    """What all requests of an operation share: `provider.operation`, its checks, and the ledger rows of its replies."""

    name: str
    checks: tuple[CheckFunction, ...]
    rows: tuple[str, ...]


class Edge:
    """The edge of one provider."""

    def __init__(self, provider: Provider, policy: Policy) -> None:
        self.provider = provider
        self.policy = policy
        self.routes: Routes[Operation] = Routes(provider.operations)
        self._prepared = {operation.name: self._prepare(operation) for operation in provider.operations}
        # Content-Type, Content-Length, Date and the limits.
        self._usual_headers = 3 + len(provider.limit_headers)
        self.cross_origin = CrossOrigin(provider, everywhere=policy.cors)

    def _prepare(self, operation: Operation) -> _Prepared:
        return _Prepared(
            f"{self.provider.name}.{operation.name}",
            tuple(each.check for each in CHECKS if each.applies(self.provider, operation)),
            (f"operation.{operation.name}", *operation.ledger_rows),
        )

    async def serve(self, admission: Admission, path: str, match: Match[Operation] | None) -> None:
        """Answer one request and write its journal entry. `match` has the operations at its path, if there are any."""
        clock, with_body, ended = admission.sandbox.clock, admission.request.method != "HEAD", False
        sender = ReplySender(admission.connection, clock, admission, admission.fault_seed)
        clock.enter()
        try:
            reply, fault = await self._decide(admission, path, match, sender)
            if fault is not None and fault.phase == "after_commit":
                reply, fault = await self._lose(admission, reply, fault, sender), None
            admission.note = reply.note or admission.note
            sent = self._changed(admission, reply) if admission.sandbox.additive else reply
            await sender.reply(sent, await self._extra_headers(admission), fault, with_body=with_body)
        except (Broken, Disconnected) as error:
            ended = isinstance(error, Ended)
            _record_failure(sender, error, admission.note)
        finally:
            admission.release_body()
            clock.leave(admission)
            await self._write_entry(admission, path, sender, ended=ended)
        if ended:
            with suppress(Broken):
                await admission.connection.break_off(reset=False)

    # Deciding.

    async def _decide(
        self, admission: Admission, path: str, match: Match[Operation] | None, sender: ReplySender
    ) -> tuple[Reply, Fault | None]:
        """Return the reply to a request, and the fault that loses or damages it, if there is one."""
        try:
            await admission.sandbox.settling.settle(admission.now)
            if admission.request.method == "OPTIONS" and (reply := self._options(admission, match)) is not None:
                return reply, None
            operation, prepared = self._route(admission, path, match)
            for check in prepared.checks:
                pending = check(admission, operation)
                if pending is not None:
                    await pending
            fault = admission.fault
            sender.fault = None if fault is None else fault.kind
            if fault is not None and fault.phase == "before_commit":
                if not fault.on_wire:
                    raise self._scripted(admission, fault)
                await sender.before_reply(fault, unread=operation.body_kind == "multipart")
                admission.fault = fault = None
            return await self._operate(admission, operation, sender), fault
        except Refusal as refusal:
            return self._refused(admission, refusal), None
        except AssumedBehaviour as assumed:
            return _undocumented(admission, assumed), None
        except (Broken, Disconnected):
            raise
        except Exception:
            request = admission.request
            masking = Masking().of_request(None, request.fields)
            log.exception("%s %s failed", request.method, masking.text(request.path))
            admission.note = "internal error: see the server's log"
            return self._refused(admission, Refusal("server_error", "Internal server error")), None

    def _route(self, admission: Admission, path: str, match: Match[Operation] | None) -> tuple[Operation, _Prepared]:
        if match is None:
            admission.note = not_simulated(self.provider, admission.request.method, path)
            raise _no_such_path(admission.note)
        method = admission.request.method
        operation = match.operation(method)
        if operation is None:
            raise self._no_such_method(match)
        prepared = self._prepared[operation.name]
        admission.operation, admission.name, admission.path = operation, prepared.name, match.parameters
        admission.note_rows(prepared.rows if method != "HEAD" else (*prepared.rows, "rule.head"))
        return operation, prepared

    def _options(self, admission: Admission, match: Match[Operation] | None) -> Reply | None:
        reply = self.cross_origin.options(admission.request, match, chosen=admission.sandbox.program.cors)
        if reply is not None:
            admission.note_rows(reply.ledger_rows)
        return reply

    async def _operate(self, admission: Admission, operation: Operation, sender: ReplySender) -> Reply:
        """Run the operation. If its reply depends on work that takes time, wait for the work."""
        exchange = admission.exchange()
        if operation.request_ledger_rows is not None:
            admission.note_rows(tuple(operation.request_ledger_rows(exchange)))
        if operation.deviations is not None:
            admission.note_deviations(operation.deviations(exchange))
        reply = await operation.handler(exchange)
        if isinstance(reply, Deferred):
            admission.drop_large_body()
            exchange = admission.exchange()
            if reply.job is not None and admission.sandbox.store.durable:
                # If the server ends before the reply is complete, the job fails at the next start (see `keeping`).
                admission.open_job = reply.job
                await admission.sandbox.store.put_value(OPEN_REPLY, reply.job, exchange.account.id)
            reply = await self._wait_for_work(admission, reply, sender)
        admission.job = reply.job
        if reply.ledger_rows:
            admission.note_rows(reply.ledger_rows)
        if reply.stream is not None:
            admission.drop_large_body()
            if reply.stream.track.ending != "complete":
                # The head of the reply names the row, so it has to be known before the stream ends.
                admission.note_rows((f"ending.{ENDINGS[reply.stream.track.ending]}",))
        admission.deviations = (*admission.deviations, *reply.deviations)[: checks.MAX_DEVIATIONS]
        return await apply_overlay(exchange, reply) if admission.rule is not None else reply

    async def _wait_for_work(self, admission: Admission, deferred: Deferred, sender: ReplySender) -> Reply:
        admission.job = deferred.job
        try:
            await sender.wait(deferred.due)
        except Ended:
            raise  # a reset has deleted the work
        except BaseException as error:
            if isinstance(error, Disconnected):
                admission.note = deferred.abandoned_note or admission.note
                admission.note_rows(deferred.abandoned_ledger_rows)
            if deferred.abandoned is not None:
                await deferred.abandoned()
            raise
        return await deferred.then()

    def _changed(self, admission: Admission, reply: Reply) -> Reply:
        """Return the reply, with additive changes if the sandbox has them and the reply is JSON of the provider."""
        if self.provider.name not in admission.sandbox.additive:
            return reply
        from mockserver.kit.additive import NOTE, extended  # most servers never need it

        if reply.content_type != "application/json" or reply.stream is not None or isinstance(reply.body, bytes):
            return reply
        documented = admission.operation.replies.get(reply.status) if admission.operation is not None else None
        model = documented.model if documented is not None else None
        seeded = admission.sandbox.seeded.child("additive", admission.name, reply.status, reply.job or "")
        admission.note = admission.note or NOTE
        return reply._replace(body=extended(reply.body, model, seeded))

    # Refusing.

    def _scripted(self, admission: Admission, fault: Fault) -> Refusal:
        """Return the refusal for a fault of the scenario."""
        refusal = Refusal(fault.kind, fault.message or "", scripted=True, retry_after=fault.retry_after)
        if fault.kind == "rate_limited":
            usage = admission.usage or self.provider.unused_limits(admission.now)
            refusal.usage = _exhausted(usage, admission.now, fault.retry_after)
        return refusal

    def _refused(self, admission: Admission, refusal: Refusal) -> Reply:
        """Return the reply to a refused request, in the provider's format."""
        operation, account = admission.operation, admission.optional_account
        admission.usage = refusal.usage or admission.usage
        admission.deviations = (*admission.deviations, *refusal.deviations)[: checks.MAX_DEVIATIONS]
        admission.job = refusal.job or admission.job
        admission.retry_at = self._retry_at(admission, refusal)
        reply = operation.error_reply(refusal) if operation is not None and operation.error_reply is not None else None
        if reply is None:
            options = admission.sandbox.program.options.get(self.provider.name, {})
            context = RefusalContext(
                operation, account, admission.usage, admission.body, options, self.policy.strict, admission.now
            )
            reply = self.provider.error_reply(refusal, context)
        try:
            admission.note_rows(reply.ledger_rows)
        except AssumedBehaviour as assumed:
            return _undocumented(admission, assumed)
        note = admission.note or reply.note or (str(refusal) if refusal.message or refusal.note else None)
        return reply._replace(headers=_with_refusal_headers(reply, refusal), note=note)

    def _retry_at(self, admission: Admission, refusal: Refusal) -> int | None:
        """Return the instant before which the reply asks the client not to come back; None if it does not ask."""
        if refusal.retry_after is not None:
            return admission.now + -(-refusal.retry_after // 1000) * 1000
        if refusal.kind == "rate_limited" and self.provider.reports_reset and admission.usage:
            return admission.usage[0].resets_at
        return None

    async def _lose(self, admission: Admission, reply: Reply, fault: Fault, sender: ReplySender) -> Reply:
        """Return the reply that is sent in place of one that a fault loses after the operation was done."""
        if not fault.on_wire:
            admission.drop_rows("state")
            return self._refused(admission, self._scripted(admission, fault))
        await sender.lose(reply, fault)
        return reply

    async def refuse_unread(self, unread: Unread, match: Match[Operation] | None, sandbox: Sandbox) -> Reply:
        """Return the reply to a request that is not valid HTTP or arrived incomplete. 405 is for an unknown method.

        `match` is as for `serve`.
        """
        status, message, headers = unread.status, unread.message, unread.headers
        refusal = Refusal("invalid_request", message)
        if status == 405:
            refusal = _no_such_path(message) if match is None else self._no_such_method(match)
        elif status == 503:
            refusal = Refusal("overloaded", message)
        reply = self.provider.error_reply(refusal)
        now = sandbox.clock.now()
        usage = await current_usage(self.provider, sandbox, credential(self.provider, headers), now)
        extra = (
            date(now),
            *_with_refusal_headers(reply, refusal),
            *self.provider.usage_headers(usage),
            *self.cross_origin.headers(headers, chosen=sandbox.program.cors),
        )
        return reply._replace(status=reply.status if status in (405, 503) else status, headers=extra)

    def headers_without_sandbox(self, headers: Mapping[str, str], now: int) -> Sequence[Header]:
        """Return the headers of the reply to a request for a sandbox that does not exist."""
        return (*self.provider.usage_headers(self.provider.unused_limits(now)), *self.cross_origin.headers(headers))

    def _no_such_method(self, match: Match[Operation]) -> Refusal:
        allowed = self.cross_origin.allowed(match)
        return Refusal("method_not_allowed", "Method not allowed", row="method_not_allowed", allow=allowed)

    # The journal entry.

    async def _extra_headers(self, admission: Admission) -> Sequence[Header]:
        usage = admission.usage
        if not usage and self.provider.limit_headers:
            # The request was refused before it was counted, or its operation counts against no limit.
            account, now = admission.optional_account, admission.now
            usage = await current_usage(self.provider, admission.sandbox, admission.key, now, account)
        extra = (date(admission.sandbox.clock.now()), *self.provider.usage_headers(usage))
        if self.policy.provenance is not None:
            extra = (*extra, *self.policy.provenance.headers(admission.rows))
        cross_origin = self.cross_origin.headers(admission.request.headers, chosen=admission.sandbox.program.cors)
        return (*extra, *cross_origin) if cross_origin else extra

    async def _write_entry(self, admission: Admission, path: str, sender: ReplySender, *, ended: bool) -> None:
        """Write the journal entry, unless a reset or deletion has `ended` the request: its journal is deleted."""
        sandbox, operation, request = admission.sandbox, admission.operation, admission.request
        if sender.body_lost:
            admission.drop_rows("state")
        if sender.ending == "client_left":
            admission.drop_rows("ending")
        rows = admission.rows
        if sender.ending in ("complete", "client_left"):
            rows = (*rows, f"{self.provider.name}.ending.{sender.ending}")
        secret = operation is not None and operation.secret
        usage, real_start = admission.usage, admission.real_start
        entry = JournalEntry(
            "request",
            admission.now,
            admission.number.taken,
            sandbox.clock.now(),
            None,
            self.provider.name,
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
            request.head_bytes if len(sender.headers) <= self._usual_headers else 0,
            sender.delivered,
            usage[0] if usage else None,
            admission.retry_at,
            admission.digest,
            None if real_start is None else (real_start, wall_ms()),
            () if secret else sender.headers,
            sender.fault,
            admission.addressed_by,
            request.scheme,
        )
        sandbox.tally.request(entry)
        if not ended:
            if admission.open_job is not None and sender.delivered != "none":
                await sandbox.store.take_value(OPEN_REPLY, admission.open_job, admission.now)
            await sandbox.store.append(entry)


def _record_failure(sender: ReplySender, error: Broken | Disconnected, note: str | None) -> None:
    """Record why the request got no whole reply. `note` is what the edge has noted before."""
    if isinstance(error, NotAccepted):
        # The server sends the reply: see `refuse_unread`.
        sender.status, sender.note = error.status, f"the request was not accepted: {error}"
        return
    sender.body_lost = True
    if isinstance(error, Ended):
        return
    if isinstance(error, Broken):
        sender.note = sender.note or note or "a fault closed the connection"
        return
    if sender.delivered != "part":
        sender.delivered = "client_left"
    sender.note = sender.note or note or "the client disconnected before its request was complete"


def _no_such_path(message: str) -> Refusal:
    return Refusal("not_found", message, row="no_such_path")


def _exhausted(usage: Sequence[Usage], now: int, retry_after: int | None) -> Sequence[Usage]:
    """Return `usage` with the first limit used up, for a rate-limit fault. Nothing is counted."""
    if not usage:
        return usage
    first = usage[0]
    allowed = first.limit.allowed if first.limit.allowed is not None else first.used
    resets = first.resets_at if retry_after is None else now + retry_after
    return [Usage(replace(first.limit, allowed=allowed), allowed, resets, admitted=False), *usage[1:]]


def _with_refusal_headers(reply: Reply, refusal: Refusal) -> Sequence[Header]:
    extra: list[Header] = []
    if refusal.allow and not any(name == b"allow" for name, _ in reply.headers):
        extra.append((b"allow", refusal.allow.encode()))
    if refusal.retry_after is not None:
        extra.append((b"retry-after", b"%d" % -(-refusal.retry_after // 1000)))
    return (*reply.headers, *extra) if extra else reply.headers


def _undocumented(admission: Admission, assumed: AssumedBehaviour) -> Reply:
    """Return a 501 that names the assumption, as problem details (RFC 9457)."""
    admission.rows = ()
    detail = (
        f"This reply rests on an assumption: {assumed.what} ({assumed.why}). The server was started with --no-assumed. "
        "Without that option it sends the reply, and names the assumption in the journal."
    )
    body = {"title": "The provider does not document this", "status": 501, "detail": detail, "rule": assumed.row}
    if assumed.page is not None:
        body["page"] = assumed.page
    note = f"refused: the reply rests on an assumption: {assumed.row}"
    return Reply(501, body, content_type="application/problem+json", note=note)
