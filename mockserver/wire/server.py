"""The server: finds the sandbox and the provider of a request, and passes it to the provider's edge."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Header, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.kit.summary import Providers
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.sandbox.watch import ScenarioWatch
from mockserver.store.unavailable import Unavailable
from mockserver.wire.address import Address, AddressBook, sandbox_in_key
from mockserver.wire.asgi import AsgiConnection, Check, request_of
from mockserver.wire.checks import Admission
from mockserver.wire.control import Control, ControlLoader
from mockserver.wire.cors import CrossOrigin, is_preflight
from mockserver.wire.edge import Edge
from mockserver.wire.entries import unread_entry
from mockserver.wire.exchange import Policy
from mockserver.wire.gate import Gate
from mockserver.wire.page import Page, is_page, wants_page
from mockserver.wire.probes import SAFE_HEADERS, health, is_probe, readiness
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Connection, Request, Unread, Unwritten
from mockserver.wire.routes import Match
from mockserver.wire.services import credential
from mockserver.wire.unmatched import Unmatched

log = logging.getLogger("mockserver")


class _Route(NamedTuple):
    """The edge of the provider that a request is for, if there is one, and the operations at its path."""

    edge: Edge | None
    match: Match[Operation] | None = None


# Titles of problems.
_NOT_ROUTED, _NOT_WRITTEN = "mockserver cannot route this request", "The state cannot be written"
_NO_EDGE = _Route(None)
# Routes are cached if the path and the host have up to this many characters together.
_MAX_CACHED = 256


class _Edges(dict[str, Edge]):
    """The edges of the providers. Each is created for the first request to its provider, which is loaded then."""

    def __init__(self, providers: Providers, policy: Policy) -> None:
        self._providers = providers
        self._policy = policy

    def __missing__(self, name: str) -> Edge:
        edge = self[name] = Edge(self._providers[name], self._policy)
        return edge

    def in_turn(self) -> Iterator[Edge]:
        """Iterate over the edges of all providers. Each is created only when the iteration reaches it."""
        return (self[name] for name in self._providers)


class Server:
    """The whole server. `serve` answers a request of either adapter; the instance itself is an ASGI application.

    `control` loads and returns the control API. `watch` loads the scenario again when its file changes.
    `page` creates what serves the files of the page at `/_mock/`. Replies wait for `gate`, if the state is in a file.
    """

    def __init__(
        self,
        providers: Providers,
        sandboxes: Sandboxes,
        control: Callable[[], Control],
        policy: Policy | None = None,
        watch: ScenarioWatch | None = None,
        page: Callable[[], Page] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.gate = gate
        self.sandboxes = sandboxes
        self.watch = watch
        self._page = page
        self._control = ControlLoader(control)
        self._book = AddressBook({each.name: each.hosts for each in providers.summaries})
        self._unmatched = Unmatched(providers.values())
        self._providers = providers
        policy = policy or Policy()
        self._edges = _Edges(providers, policy)
        # For replies of the server itself to requests for a provider, such as that there is no such sandbox.
        self._cross_origin = CrossOrigin(None, everywhere=policy.cors)
        # The route of a path never changes, and clients use few different paths, mostly to poll their jobs.
        self._find_cached = lru_cache(1_024)(self._find)

    def prepare(self) -> None:
        """Load the control API in the background, so that its first request does not have to wait."""
        self._control.start()

    async def resume(self) -> None:
        """Do what is due in sandboxes that continue from a file. Call it before the first request."""
        await self.sandboxes.resume()

    def end_listeners(self) -> None:
        """End the streams that follow the journals. Otherwise a shutdown would wait for them."""
        self.sandboxes.feed.close()

    async def close(self) -> None:
        """Wait for the control API if it is loading, stop to watch the scenario, and close the sandboxes."""
        self._control.close()
        if self.watch is not None:
            await self.watch.stop()
        await self.sandboxes.close()

    def provider(self, name: str) -> Provider:
        """Return the provider with this name. Raises KeyError."""
        return self._providers[name]

    async def refused(self, unread: Unread) -> Reply:
        """Return the reply to a request that is not valid HTTP or arrived incomplete, in its provider's format.

        It gets a journal entry, unless it is for the control API or was being answered already.
        """
        headers = unread.headers
        address = self._book.find(unread.target.partition("?")[0] or "/", headers.get("host", ""))
        route = self._route(address)
        edge = route.edge
        key = credential(edge.provider, headers) if edge is not None else ""
        name = self._name_of_sandbox(address, headers, key)
        unwritten = unread.status == 503 and self.sandboxes.sharing is not None
        sandbox = self.sandboxes.spare() if unwritten else await self._opened(name) or self.sandboxes.default
        if edge is None:
            title = _NOT_WRITTEN if unread.status == 503 else _NOT_ROUTED
            reply = _problem(unread.status, unread.message, title)
        else:
            reply = await edge.refusals.reply_to_unread(unread, address.path, route.match, sandbox)
        if not unread.recorded and address.target != "control" and not unwritten:
            provider = None if edge is None else edge.provider.name
            await sandbox.store.append(unread_entry(unread, provider, address.path, reply, sandbox.clock.now()))
        return reply

    async def _opened(self, name: str) -> Sandbox | None:
        """Return the sandbox with this name, or a spare one if the sandboxes cannot be reached (`Gate.failure`)."""
        try:
            return await self.sandboxes.opened(name)
        except Unavailable:
            return self.sandboxes.spare()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            request = request_of(scope)
            connection = AsgiConnection(scope, receive, send, self._check_of(request))
            with suppress(Unwritten):
                await self.serve(request, connection)
            if connection.broken:
                # There is no socket to reset. Clients report this exception like a reset connection.
                raise ConnectionResetError("the connection was reset by the scenario")
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.resume()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _check_of(self, request: Request) -> Check | None:
        """Return what waits for the gate, and returns a refusal in place of the reply if the state was not written."""
        gate = self.gate
        if gate is None:
            return None

        async def check() -> Reply | None:
            if gate.failure is not None and request.method in ("GET", "HEAD", "OPTIONS"):
                return None  # it changes nothing, or it has been refused
            reason = await gate.written()
            return None if reason is None else await self.refused(Unread.unwritten(request, reason))

        return check

    async def serve(self, request: Request, connection: Connection) -> None:
        """Answer one request. The coroutine suspends only if it has to wait for something."""
        headers = request.headers
        path, host = request.path, headers.get("host", "")
        cached = len(path) + len(host) <= _MAX_CACHED
        address, route = self._find_cached(path, host) if cached else self._find(path, host)
        edge = route.edge
        if edge is None and address.target != "control":
            await self._without_provider(address, request, connection)
            return
        key = credential(edge.provider, headers) if edge is not None else ""
        name = self._name_of_sandbox(address, headers, key)
        if request.method == "OPTIONS" and name == "default" and address.sandbox is None and is_preflight(request):
            name = self._sandbox_for_preflights()
        shares = self.sandboxes.sharing is not None
        if shares and request.body is None:
            # Otherwise what is done before and after the body arrives would be two changes of the sandbox.
            await connection.buffer_body()
        sandbox = await self._opened(name) if shares else self.sandboxes.get(name)
        if sandbox is None or (sandbox.read_only and edge is not None):
            await self._without_sandbox(name, edge, headers, connection)
            return
        if self.gate is not None and await self._refuse_unwritten(self.gate, address, request, connection, sandbox):
            return
        if sandbox.clock.mode == "auto":
            await sandbox.catch_up()
        if edge is None:
            if is_probe(address.path, request):
                await self._answer_probe(sandbox, address.path, connection)
            else:
                await self._answer_control(sandbox, address.path, request, connection)
            return
        admission = Admission(request, connection, edge.policy, sandbox, edge.provider, key, address.addressed_by)
        await edge.serve(admission, address.path, route.match)

    async def _without_sandbox(
        self, name: str, edge: Edge | None, headers: Mapping[str, str], connection: Connection
    ) -> None:
        """Refuse a request for a sandbox that does not exist, or that shows a bundle."""
        if name in self.sandboxes.by_name and self.sandboxes.by_name[name].read_only:
            reply = _problem(409, f"The sandbox {name!r} shows a bundle. It takes no requests, and is not changed.")
        else:
            reply = _problem(404, f"There is no sandbox named {name!r}. Create it with POST /_mock/sandboxes.")
        now = self.sandboxes.default.clock.now()
        extra = () if edge is None else edge.headers_without_sandbox(headers, now)
        await _respond(connection, reply, extra)

    async def _refuse_unwritten(
        self, gate: Gate, address: Address, request: Request, connection: Connection, sandbox: Sandbox
    ) -> bool:
        """Refuse a request while nothing can be written. Return False if it can be answered nevertheless."""
        if gate.failure is None:
            return False
        route = self._route(address)
        if route.edge is None and self._can_read(address, request):
            return False
        refusal = _problem(503, gate.failure, _NOT_WRITTEN)
        if route.edge is not None:
            unread = Unread.unwritten(request, gate.failure)
            refusal = await route.edge.refusals.reply_to_unread(unread, address.path, route.match, sandbox)
        await _respond(connection, refusal)
        return True

    def _can_read(self, address: Address, request: Request) -> bool:
        """Return whether the control API can answer a request while nothing can be written."""
        if self.sandboxes.sharing is not None:
            return is_probe(address.path, request)
        return request.method in ("GET", "HEAD")

    async def _answer_control(self, sandbox: Sandbox, path: str, request: Request, connection: Connection) -> None:
        if self._page is not None and is_page(path, request):
            reply = self._page().answer(path, request)
            if reply is not None:
                await _respond(connection, reply)
                return
        try:
            control = await self._control.get()
        except Exception:
            log.exception("The control API could not be loaded")
            problem = _problem(500, "The server's log has the reason.", "The control API could not be loaded")
            await _respond(connection, problem, SAFE_HEADERS)
            return
        await control.serve(sandbox, path, request, connection)

    async def _answer_probe(self, sandbox: Sandbox, path: str, connection: Connection) -> None:
        await sandbox.settling.settle(sandbox.clock.now())
        reply = health() if path == "/health" else readiness(sandbox, self.sandboxes, self._providers)
        if self.gate is not None and self.gate.failure is not None and path == "/ready":
            reply = _problem(503, self.gate.failure, _NOT_WRITTEN)
        await _respond(connection, reply, SAFE_HEADERS)

    async def _without_provider(self, address: Address, request: Request, connection: Connection) -> None:
        """Answer 404, and write the request into the journal of its sandbox, so that tests can find the wrong path.

        A browser that opens the address of the server is sent to the page.
        """
        if self._page is not None and address.path == "/" and wants_page(request):
            await _respond(connection, Reply(302, b"", [(b"location", request.path.encode("latin-1") + b"_mock/")]))
            return
        name = address.sandbox or request.headers.get("x-mock-sandbox")
        if name is None:
            keys = (self._sandbox_of_key(credential(edge.provider, request.headers)) for edge in self._edges.in_turn())
            name = next(filter(None, keys), None) or "default"
        sandbox, closest = await self._opened(name), self._unmatched.closest(address.path)
        chosen = sandbox is not None and sandbox.program.cors
        reply = self._cross_origin.options(request, None, chosen=chosen)
        if reply is None:
            reply = _problem(404, self._unmatched.message(address.path, closest))
        reply = reply._replace(headers=(*reply.headers, *self._cross_origin.headers(request.headers, chosen=chosen)))
        if sandbox is not None:
            entry = self._unmatched.journal_entry(address, closest, request, reply, sandbox.clock.now())
            sandbox.tally.request(entry)
            await sandbox.store.append(entry)
        await _respond(connection, reply)

    def _find(self, path: str, host: str) -> tuple[Address, _Route]:
        address = self._book.find(path, host)
        return address, self._route(address)

    def _route(self, address: Address) -> _Route:
        if address.target is not None:
            if address.target == "control":
                return _NO_EDGE
            edge = self._edges[address.target]
            return _Route(edge, edge.routes.find(address.path))
        for edge in self._edges.in_turn():
            match = edge.routes.find(address.path)
            if match is not None:
                return _Route(edge, match)
        return _NO_EDGE

    def _name_of_sandbox(self, address: Address, headers: Mapping[str, str], key: str | Refusal) -> str:
        return address.sandbox or headers.get("x-mock-sandbox") or self._sandbox_of_key(key) or "default"

    def _sandbox_for_preflights(self) -> str:
        """Return the name of a sandbox that answers preflights.

        A preflight has no key or other header that names the sandbox of the request that follows it. If the default
        sandbox does not use CORS, one that does answers.
        """
        candidates = (self.sandboxes.default, *self.sandboxes.by_name.values())
        return next((sandbox.name for sandbox in candidates if sandbox.program.cors), "default")

    def _sandbox_of_key(self, key: str | Refusal) -> str | None:
        """Return the name of the sandbox in a credential."""
        return sandbox_in_key(key, self.sandboxes.names) if isinstance(key, str) else None


async def _respond(connection: Connection, reply: Reply, extra: Sequence[Header] = ()) -> None:
    body = encode(reply)
    await connection.respond(reply.status, head(reply, extra, len(body)), body)


def _problem(status: int, detail: str, title: str = _NOT_ROUTED) -> Reply:
    """Return an error of the server itself, as problem details (RFC 9457)."""
    return Reply(status, {"title": title, "status": status, "detail": detail}, content_type="application/problem+json")
