"""The edge: every request of every provider passes here, in the same order of checks.

Whatever happens, the reply is in the provider's own words and carries its limit headers, and the journal gets one
entry. A provider that orders the checks otherwise says so in its module.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from mockserver.core.faults import Fault, Refusal
from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.core.limits import Usage
from mockserver.kit.operations import Deferred, Header, Operation, Reply
from mockserver.kit.provider import Provider, Refused
from mockserver.provenance.policy import AssumedBehaviour
from mockserver.wire import checks
from mockserver.wire.checks import Admission
from mockserver.wire.exchange import Policy
from mockserver.wire.overlay import overlaid
from mockserver.wire.request import Broken, Disconnected, Ended
from mockserver.wire.routes import Match, Routes
from mockserver.wire.sending import Sender
from mockserver.wire.stream import ENDINGS

log = logging.getLogger("mockserver")

CheckFunction = Callable[[Admission, Operation], Awaitable[None] | None]


class Check(NamedTuple):
    """One check, and which operations have it."""

    check: CheckFunction
    applies: Callable[[Provider, Operation], bool]


# What a request passes, in this order, before its operation is done. By then the server has found its address, its
# sandbox and its credential, and the edge its operation. What comes after: a fault that strikes before the operation,
# the operation with its credits, a fault that loses or spoils the reply, the reply, the journal.
CHECKS: tuple[Check, ...] = (
    Check(checks.check_account, lambda provider, operation: not operation.public),
    Check(checks.count_limits, lambda provider, operation: not operation.public and bool(_counts(provider, operation))),
    Check(checks.check_scope, lambda provider, operation: not operation.public and operation.scope is not None),
    Check(checks.check_credential, lambda provider, operation: not operation.public),
    Check(checks.check_query, lambda provider, operation: True),
    Check(checks.read, lambda provider, operation: _has_body(operation)),
    Check(checks.validate, lambda provider, operation: _has_body(operation)),
    Check(checks.choose_rule, lambda provider, operation: True),
)


def _counts(provider: Provider, operation: Operation) -> Sequence[str]:
    return provider.counts if operation.counts is None else operation.counts


def _has_body(operation: Operation) -> bool:
    # An upload is read by its handler, which knows how much of it the account may send.
    return operation.body is not None and operation.body_kind != "multipart"


class _Prepared(NamedTuple):
    """What is the same for all requests of an operation: its whole name, its checks, the rows that it rests on."""

    name: str
    checks: tuple[CheckFunction, ...]
    rows: tuple[str, ...]


class Edge:
    """The shared edge in front of one provider."""

    def __init__(self, provider: Provider, policy: Policy) -> None:
        self.provider = provider
        self.policy = policy
        self.routes: Routes[Operation] = Routes(provider.operations)
        self._prepared = {operation.name: self._prepare(operation) for operation in provider.operations}

    def _prepare(self, operation: Operation) -> _Prepared:
        return _Prepared(
            f"{self.provider.name}.{operation.name}",
            tuple(each.check for each in CHECKS if each.applies(self.provider, operation)),
            (f"operation.{operation.name}", *operation.rests_on),
        )

    async def serve(self, admission: Admission, path: str, found: Match[Operation] | None) -> None:
        """Answer one request, and write it down. `found` are the operations at its path; None where there are none."""
        clock, with_body, ended = admission.sandbox.clock, admission.request.method != "HEAD", False
        sender = Sender(admission.connection, clock, admission, admission.strike)
        clock.enter()
        try:
            reply, fault = await self._decide(admission, found, sender)
            if fault is not None and fault.phase == "after_commit":
                reply, fault = await self._lose(admission, reply, fault, sender), None
            admission.note = reply.note or admission.note
            await sender.reply(reply, self._extra_headers(admission), fault, with_body=with_body)
        except Ended:
            sender.stateless = ended = True
        except Broken:
            sender.stateless = True
            sender.note = sender.note or admission.note or "the connection was broken on purpose"
        except Disconnected:
            sender.stateless = True
            sender.note = sender.note or admission.note or "the client went away before its request had arrived"
        finally:
            clock.leave(admission)
            await self._write_down(admission, path, sender, ended=ended)
        if ended:
            with suppress(Broken):
                await admission.connection.break_off(reset=False)

    # Deciding.

    async def _decide(
        self, admission: Admission, found: Match[Operation] | None, sender: Sender
    ) -> tuple[Reply, Fault | None]:
        """The reply to a request, and the fault that is to lose or spoil it."""
        try:
            await admission.sandbox.settling.settle(admission.now)
            operation, prepared = self._route(admission, found)
            for check in prepared.checks:
                waiting = check(admission, operation)
                if waiting is not None:
                    await waiting
            fault = admission.fault
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
            log.exception("%s %s failed", admission.request.method, admission.request.path)
            admission.note = "internal error: see the server's log"
            return self._refused(admission, Refusal("server_error", "Internal server error")), None

    def _route(self, admission: Admission, found: Match[Operation] | None) -> tuple[Operation, _Prepared]:
        if found is None:
            raise Refusal("not_found", "No such path", row="no_such_path")
        method = admission.request.method
        operation = found.operation(method)
        if operation is None:
            raise Refusal("method_not_allowed", "Method not allowed", row="method_not_allowed", allow=found.allowed)
        prepared = self._prepared[operation.name]
        admission.operation, admission.name, admission.path = operation, prepared.name, found.parameters
        admission.rests_on(prepared.rows if method != "HEAD" else (*prepared.rows, "rule.head"))
        return operation, prepared

    async def _operate(self, admission: Admission, operation: Operation, sender: Sender) -> Reply:
        """Do the operation, and wait for the work that it wants to be waited for."""
        exchange = admission.exchange()
        if operation.request_rests_on is not None:
            admission.rests_on(tuple(operation.request_rests_on(exchange)))
        if operation.deviations is not None:
            admission.deviate(operation.deviations(exchange))
        reply = await operation.handler(exchange)
        if isinstance(reply, Deferred):
            admission.lighten()
            exchange = admission.exchange()
            reply = await self._awaited(admission, reply, sender)
        admission.job = reply.job
        if reply.rests_on:
            admission.rests_on(reply.rests_on)
        if reply.stream is not None:
            admission.lighten()
            if reply.stream.track.ending != "complete":
                # Said before it happens, in the head of the reply.
                admission.rests_on((f"ending.{ENDINGS[reply.stream.track.ending]}",))
        admission.deviations = (*admission.deviations, *reply.deviations)[: checks.MOST_DEVIATIONS]
        return await overlaid(exchange, reply) if admission.rule is not None else reply

    async def _awaited(self, admission: Admission, deferred: Deferred, sender: Sender) -> Reply:
        admission.job = deferred.job
        try:
            await sender.wait(deferred.due)
        except Ended:
            raise  # a reset has deleted the work
        except BaseException as error:
            if isinstance(error, Disconnected):
                admission.note = deferred.abandoned_note or admission.note
                admission.rests_on(deferred.abandoned_rests_on)
            if deferred.abandoned is not None:
                await deferred.abandoned()
            raise
        return await deferred.then()

    # Refusing.

    def _scripted(self, admission: Admission, fault: Fault) -> Refusal:
        """The refusal that a fault of the scenario asks for."""
        refusal = Refusal(fault.kind, fault.message or "", scripted=True, retry_after=fault.retry_after)
        if fault.kind == "rate_limited":
            usage = admission.usage or self.provider.stranger_usage(admission.now)
            refusal.usage = _exhausted(usage, admission.now, fault.retry_after)
        return refusal

    def _refused(self, admission: Admission, refusal: Refusal) -> Reply:
        """The reply to a request that is refused, in the provider's words."""
        operation, account = admission.operation, admission.holder
        admission.usage = refusal.usage or admission.usage
        admission.deviations = (*admission.deviations, *refusal.deviations)[: checks.MOST_DEVIATIONS]
        admission.job = refusal.job or admission.job
        reply = operation.spell(refusal) if operation is not None and operation.spell is not None else None
        if reply is None:
            options = admission.sandbox.program.options.get(self.provider.name, {})
            refused = Refused(operation, account, admission.usage, admission.body, options, self.policy.strict)
            reply = self.provider.spell(refusal, refused)
        try:
            admission.rests_on(reply.rests_on)
        except AssumedBehaviour as assumed:
            return _undocumented(admission, assumed)
        note = admission.note or (str(refusal) if refusal.message or refusal.note else None)
        return reply._replace(headers=_with_refusal_headers(reply, refusal), note=note)

    async def _lose(self, admission: Admission, reply: Reply, fault: Fault, sender: Sender) -> Reply:
        """What comes in place of a reply that is lost after the operation was done."""
        if not fault.on_wire:
            admission.unseen("state")
            return self._refused(admission, self._scripted(admission, fault))
        await sender.lose(reply, fault)
        return reply

    # Writing down.

    def _extra_headers(self, admission: Admission) -> Sequence[Header]:
        extra = self.provider.limit_headers(admission.usage or self.provider.stranger_usage(admission.now))
        if self.policy.provenance is not None:
            extra = (*extra, *self.policy.provenance.headers(admission.rows))
        return extra

    async def _write_down(self, admission: Admission, path: str, sender: Sender, *, ended: bool) -> None:
        """Write the request into the journal, unless a reset or deletion has `ended` it: that journal is gone."""
        sandbox, operation, request = admission.sandbox, admission.operation, admission.request
        if sender.stateless:
            admission.unseen("state")
        if sender.ending == "client_left":
            admission.unseen("ending")
        rows = admission.rows
        if sender.ending in ("complete", "client_left"):
            rows = (*rows, f"{self.provider.name}.ending.{sender.ending}")
        secret = operation is not None and operation.secret
        entry = JournalEntry(
            "request",
            admission.now,
            admission.number.taken,
            sandbox.clock.now(),
            None,
            self.provider.name,
            admission.name or None,
            admission.holder.id if admission.holder is not None else None,
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
        )
        sandbox.tally.request(entry)
        if not ended:
            await sandbox.store.append(entry)


def _exhausted(usage: Sequence[Usage], now: int, retry_after: int | None) -> Sequence[Usage]:
    """The first limit as used up, as a rate-limit fault wants it; nothing is counted."""
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
    """501 with an explanation, as problem details (RFC 9457)."""
    admission.rows = ()
    detail = (
        f"This rests on an assumption: {assumed.what} ({assumed.why}). The server was started with --no-assumed; "
        "without it the sandbox answers, and says so in its journal."
    )
    body = {"title": "The provider does not document this", "status": 501, "detail": detail, "rule": assumed.row}
    note = f"refused, for it rests on an assumption: {assumed.row}"
    return Reply(501, body, content_type="application/problem+json", note=note)
