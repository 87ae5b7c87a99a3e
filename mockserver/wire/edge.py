"""The edge: every request of every provider passes here, in the same order of checks.

Sandbox, account, limits, body, rule, faults, operation, reply, journal. A provider that orders them otherwise says
so in its module. Whatever happens, the reply is in the provider's own words and carries its limit headers.
"""

import logging
from typing import Any

from pydantic import ValidationError

from mockserver.clock import turn
from mockserver.core.faults import Fault, Refusal
from mockserver.kit.models import Body
from mockserver.kit.operations import Header, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.policy import Assumed, Provenance
from mockserver.wire import wire_faults
from mockserver.wire.body import LARGE, Disconnected, media_type, parse_form, parse_json, parse_query, read_body
from mockserver.wire.call import Call
from mockserver.wire.deviations import Parameters, check_credential, check_fields
from mockserver.wire.faults import fault_of, refused
from mockserver.wire.overlay import overlaid
from mockserver.wire.reply import Send, encode, send_chunks, send_whole
from mockserver.wire.routes import Match, Routes

log = logging.getLogger("mockserver")


class Edge:
    """The shared edge in front of one provider."""

    def __init__(self, provider: Provider, *, strict: bool = False, provenance: Provenance | None = None) -> None:
        self.provider = provider
        self._strict = strict
        self._provenance = provenance
        self._rows = {o.name: (f"operation.{o.name}", *o.rests_on) for o in provider.operations}
        self._parameters = Parameters(provider.operations)
        self.routes: Routes[Operation] = Routes(provider.operations)

    async def serve(self, call: Call, path: str, scope: Any, receive: Any, send: Send) -> None:
        """Answer one request, and write it down."""
        call.scope, call.receive, call.strict, call.provenance = scope, receive, self._strict, self._provenance
        entry, clock = call.entry, call.sandbox.clock
        entry.method, entry.path, entry.headers = scope["method"], path, scope["headers"]
        entry.query = scope["query_string"].decode("latin-1")
        clock.enter()
        try:
            await call.sandbox.settle(call.now)
            reply, fault = await self._answer(call, path)
            await self._send(call, reply, fault, send)
        except wire_faults.Broken:
            entry.note = entry.note or "the connection was broken on purpose"
            entry.unseen("state")
        except ConnectionResetError:
            entry.note = "the connection was broken on purpose"
            entry.unseen("state")
            raise
        except Disconnected:
            entry.note = entry.note or "the client went away before its request had arrived"
            entry.unseen("state")
        finally:
            clock.leave(call)
            await self._write_down(call)

    async def _answer(self, call: Call, path: str) -> tuple[Reply, Fault | None]:
        try:
            operation = self._route(call, self.routes.find(path))
            call.operation = operation
            call.query = parse_query(call.scope["query_string"])
            await self._admit(call, operation)
            if call.query:
                self._parameters.check(call, operation)
            await self._read(call, operation)
            fault = call.fault = await fault_of(call)
            reply = await operation.handler(call)
            if states := self.provider.states_in(reply.body):
                call.rests_on(*[f"state.{state}" for state in states])
            return overlaid(call, reply), fault
        except Refusal as refusal:
            return self._spelled(call, refusal), None
        except Assumed as assumed:
            return _undocumented(call, assumed), None
        except (wire_faults.Broken, Disconnected, ConnectionResetError):
            raise
        except Exception:
            log.exception("%s %s failed", call.entry.method, path)
            call.entry.note = "internal error: see the server's log"
            return self._spelled(call, Refusal("server_error", "Internal server error")), None

    def _route(self, call: Call, found: Match[Operation] | None) -> Operation:
        if found is None:
            raise Refusal("not_found", "No such path")
        operation = found.operation(call.entry.method or "")
        if operation is None:
            raise Refusal("method_not_allowed", "Method not allowed", {"allow": found.allowed})
        call.path = found.parameters
        call.entry.operation = f"{self.provider.name}.{operation.name}"
        call.rests_on(*self._rows[operation.name])
        if call.entry.method == "HEAD":
            call.rests_on("rule.head")
        return operation

    async def _admit(self, call: Call, operation: Operation) -> None:
        if operation.public:
            return
        key = self.provider.key(call.headers)
        holder = await self.provider.holder(key, call.sandbox, call.now)
        account = await call.sandbox.account(self.provider.name, holder.key, call.now) if holder else None
        if holder is None or account is None:
            raise Refusal("unauthorized", "Invalid API key", {"given": True})
        call.account = account
        counts = self.provider.counts if operation.counts is None else operation.counts
        if counts:
            call.usage = await call.spend(*counts)
        scopes = holder.scopes if holder.scopes is not None else account.scopes
        if operation.scope and scopes is not None and operation.scope not in scopes:
            raise Refusal("forbidden", f"This credential lacks the scope {operation.scope}", {"scope": operation.scope})
        check_credential(call, key)

    async def _read(self, call: Call, operation: Operation) -> None:
        if operation.body is None or operation.body_kind == "multipart":
            return
        limit = operation.max_body or self.provider.max_body
        call.raw = await read_body(call.receive, limit, call.headers.get("content-length"))
        wanted = "application/json" if operation.body_kind == "json" else "application/x-www-form-urlencoded"
        if media_type(call.headers.get("content-type")) != wanted:
            raise Refusal("unsupported_media_type", f"Content-Type must be {wanted}", {"wanted": wanted})
        if len(call.raw) > LARGE:
            # Gathering a large body and parsing it take tens of milliseconds each. A thread would not help: both
            # hold the interpreter's lock.
            await turn()
        parse = parse_json if operation.body_kind == "json" else parse_form
        try:
            call.data = parse(call.raw)
        except ValueError:
            what = "JSON" if operation.body_kind == "json" else "form data"
            raise Refusal("invalid_request", f"The request body is not valid {what}", {"syntax": True}) from None
        try:
            call.body = operation.body.__pydantic_validator__.validate_python(call.data)
        except ValidationError as error:
            raise self.provider.invalid(error, call.data) from None
        check_fields(call, operation.body, call.data, call.body)
        if isinstance(call.body, Body):
            for text in call.body.deviations():
                call.deviate(text)

    def _spelled(self, call: Call, refusal: Refusal) -> Reply:
        own = call.operation.spell(refusal) if call.operation and call.operation.spell else None
        reply = own or self.provider.spell(refusal, call)
        extra: list[Header] = []
        if "allow" in refusal.detail:
            extra.append((b"allow", refusal.detail["allow"].encode()))
        if "retry_after" in refusal.detail:
            extra.append((b"retry-after", str(-(-refusal.detail["retry_after"] // 1000)).encode()))
        if extra:
            reply.headers = [*reply.headers, *extra]
        if call.entry.note is None and refusal.message:
            call.entry.note = str(refusal)
        try:
            name = self._error_name(call, refusal, reply)
            call.rests_on(f"error.{name}", *self.provider.error_rests_on(refusal, reply))
        except Assumed as assumed:
            return _undocumented(call, assumed)
        return reply

    def _error_name(self, call: Call, refusal: Refusal, reply: Reply) -> str:
        if call.operation is not None:
            return self.provider.error_name(refusal, reply)
        return "no_such_path" if refusal.kind == "not_found" else refusal.kind

    async def _send(self, call: Call, reply: Reply, fault: Fault | None, send: Send) -> None:
        if fault is not None and fault.phase == "after_commit":
            reply, fault = await self._lost(call, reply, fault), None
        call.entry.status = reply.status
        extra = self.provider.limit_headers(call.usage or self.provider.stranger_usage(call.now))
        if self._provenance is not None:
            extra = (*extra, *self._provenance.headers(call.entry.rests_on))
        if reply.chunks is not None:
            # A fault in the middle of a stream is a part of the stream: it knows where its chunks are.
            await send_chunks(send, reply, extra, call.entry)
            return
        body = call.entry.reply = encode(reply)
        if fault is not None:
            call.entry.note = f"the reply was spoilt: {fault.kind}"
            if fault.kind == "garble":
                call.entry.unseen("state")
            await wire_faults.broken_body(fault, call, send, reply, body, extra)
            return
        await send_whole(send, reply, body, extra, with_body=call.entry.method != "HEAD")

    async def _lost(self, call: Call, reply: Reply, fault: Fault) -> Reply:
        """What comes in place of a reply that is lost after the operation was done."""
        if not fault.on_wire:
            call.entry.unseen("state")
            return self._spelled(call, refused(call, fault))
        call.entry.status = reply.status
        call.entry.reply = b"" if reply.chunks is not None else encode(reply)
        call.entry.note = f"the operation was done and its reply lost: {fault.kind}"
        await wire_faults.before_reply(fault, call)
        return reply

    async def _write_down(self, call: Call) -> None:
        entry = call.entry
        if call.operation is not None:
            entry.others = call.sandbox.program.others.get(entry.operation or "", ())
            if not call.operation.secret:
                entry.request = call.raw
            else:
                entry.reply = b""
        entry.rule = call.rule.name if call.rule else None
        entry.misses = call.misses
        call.sandbox.tally.request(entry)
        await call.sandbox.store.append(entry)


def _undocumented(call: Call, assumed: Assumed) -> Reply:
    call.entry.note, call.entry.rests_on = f"refused, for it rests on an assumption: {assumed.row}", ()
    return assumed.reply()
