"""The edge: handles every request of every provider, with the same checks in the same order.

Every reply has the provider's format and its limit headers, also if the request fails, and every request gets one
journal entry. The order of a provider's checks is also a row of its ledger.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from mockserver.core.faults import Fault, Refusal
from mockserver.core.masking import Masking
from mockserver.kit.operations import Deferred, Header, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.policy import AssumedBehaviour
from mockserver.store.protocol import OPEN_REPLY
from mockserver.wire import checks
from mockserver.wire.checks import Admission
from mockserver.wire.cors import CrossOrigin
from mockserver.wire.entries import request_entry
from mockserver.wire.exchange import Policy
from mockserver.wire.overlay import apply_overlay
from mockserver.wire.refusals import Refusals, no_such_path, undocumented
from mockserver.wire.reply import date
from mockserver.wire.request import Broken, Disconnected, Ended, NotAccepted, Unwritten
from mockserver.wire.routes import Match, Routes
from mockserver.wire.sending import ReplySender
from mockserver.wire.services import current_usage
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
        self.refusals = Refusals(provider, policy, self.cross_origin)

    def _prepare(self, operation: Operation) -> _Prepared:
        return _Prepared(
            f"{self.provider.name}.{operation.name}",
            tuple(each.check for each in CHECKS if each.applies(self.provider, operation)),
            (f"operation.{operation.name}", *operation.ledger_rows),
        )

    async def serve(self, admission: Admission, path: str, match: Match[Operation] | None) -> None:
        """Answer one request and write its journal entry. `match` has the operations at its path, if there are any."""
        clock, with_body = admission.sandbox.clock, admission.request.method != "HEAD"
        ended = unwritten = False
        sender = ReplySender(admission.connection, clock, admission, admission.fault_seed)
        clock.enter()
        try:
            reply, fault = await self._decide(admission, path, match, sender)
            if fault is not None and fault.phase == "after_commit":
                reply, fault = await self._lose(admission, path, reply, fault, sender), None
            admission.note = reply.note or admission.note
            sandbox = admission.sandbox
            sent = self._changed(admission, reply) if sandbox.additive or sandbox.sparse else reply
            await sender.reply(sent, await self._extra_headers(admission), fault, with_body=with_body)
        except (Broken, Disconnected) as error:
            ended = isinstance(error, Ended)
            unwritten = isinstance(error, Unwritten)
            _record_failure(sender, error, admission.note)
        finally:
            admission.release_body()
            clock.leave(admission)
            if not unwritten:
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
                    raise self.refusals.scripted(admission, fault)
                await sender.before_reply(fault, unread=operation.body_kind == "multipart")
                admission.fault = fault = None
            return await self._operate(admission, operation, sender), fault
        except Refusal as refusal:
            return self.refusals.reply(admission, refusal, path), None
        except AssumedBehaviour as assumed:
            return undocumented(admission, assumed), None
        except (Broken, Disconnected):
            raise
        except Exception:
            request = admission.request
            masking = Masking().of_request(None, request.fields)
            log.exception("%s %s failed", request.method, masking.text(request.path))
            admission.note = "internal error: see the server's log"
            return self.refusals.reply(admission, Refusal("server_error", "Internal server error"), path), None

    def _route(self, admission: Admission, path: str, match: Match[Operation] | None) -> tuple[Operation, _Prepared]:
        if match is None:
            admission.note = not_simulated(self.provider, admission.request.method, path)
            raise no_such_path(admission.note)
        method = admission.request.method
        operation = match.operation(method)
        if operation is None:
            raise self.refusals.no_such_method(match)
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
        """Return the reply with the changes that the sandbox has, if the reply is JSON of the provider."""
        name, sandbox = self.provider.name, admission.sandbox
        if name not in sandbox.additive and name not in sandbox.sparse:
            return reply
        from mockserver.kit.additive import NOTE, NOTE_SPARSE, extended, sparse  # most servers never need it

        if reply.content_type != "application/json" or reply.stream is not None or isinstance(reply.body, bytes):
            return reply
        documented = admission.operation.replies.get(reply.status) if admission.operation is not None else None
        model = documented.model if documented is not None else None
        body, notes = reply.body, []
        if name in sandbox.sparse:
            body, notes = sparse(body, model), [NOTE_SPARSE]
        if name in sandbox.additive:
            seeded = sandbox.seeded.child("additive", admission.name, reply.status, reply.job or "")
            body, notes = extended(body, model, seeded), [*notes, NOTE]
        admission.note = admission.note or "; ".join(notes)
        return reply._replace(body=body)

    async def _lose(self, admission: Admission, path: str, reply: Reply, fault: Fault, sender: ReplySender) -> Reply:
        """Return the reply that is sent in place of one that a fault loses after the operation was done."""
        if not fault.on_wire:
            admission.drop_rows("state")
            return self.refusals.reply(admission, self.refusals.scripted(admission, fault), path)
        await sender.lose(reply, fault)
        return reply

    def headers_without_sandbox(self, headers: Mapping[str, str], now: int) -> Sequence[Header]:
        """Return the headers of the reply to a request for a sandbox that does not exist."""
        return (*self.provider.usage_headers(self.provider.unused_limits(now)), *self.cross_origin.headers(headers))

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
        sandbox = admission.sandbox
        entry = request_entry(admission, path, sender, self._usual_headers)
        sandbox.tally.request(entry)
        if not ended:
            if admission.open_job is not None and sender.delivered != "none":
                await sandbox.store.take_value(OPEN_REPLY, admission.open_job, admission.now)
            await sandbox.store.append(entry)


def _record_failure(sender: ReplySender, error: Broken | Disconnected, note: str | None) -> None:
    """Record why the request got no whole reply. `note` is what the edge has noted before."""
    if isinstance(error, NotAccepted):
        # The server sends the reply: see `Refusals.reply_to_unread`.
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
