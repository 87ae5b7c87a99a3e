"""The server: finds the sandbox and the provider of a request and hands it to the provider's edge."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Header, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.kit.summary import Providers
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.wire.address import Address, AddressBook, sandbox_in_key
from mockserver.wire.asgi import AsgiConnection, request_of
from mockserver.wire.checks import Admission
from mockserver.wire.control import Control, ControlLoader
from mockserver.wire.edge import Edge
from mockserver.wire.exchange import Policy
from mockserver.wire.probes import SAFE, health, is_probe, readiness
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Connection, Request
from mockserver.wire.routes import Match
from mockserver.wire.unmatched import Unmatched

log = logging.getLogger("mockserver")


class _Place(NamedTuple):
    """The edge that a request is for, if there is one, and the operations at its path."""

    edge: Edge | None
    found: Match[Operation] | None = None


_NOWHERE = _Place(None)
# Characters of a path and a host whose place is remembered.
_REMEMBERED = 256
# Characters of a credential. A longer one belongs to no account.
_LONGEST_KEY = 4_096


class _Edges(dict[str, Edge]):
    """The edge of each provider, made with the first request for it: so long the provider need not be loaded."""

    def __init__(self, providers: Providers, policy: Policy) -> None:
        self._providers = providers
        self._policy = policy

    def __missing__(self, name: str) -> Edge:
        edge = self[name] = Edge(self._providers[name], self._policy)
        return edge

    def in_turn(self) -> Iterator[Edge]:
        """Every edge, in the order of the providers. Who stops at one has not loaded those after it."""
        return (self[name] for name in self._providers)


class Server:
    """The whole server: `serve` answers a request of either adapter, and calling it speaks ASGI.

    `control` loads the control API.
    """

    def __init__(
        self,
        providers: Providers,
        sandboxes: Sandboxes,
        control: Callable[[], Control],
        policy: Policy | None = None,
    ) -> None:
        self.sandboxes = sandboxes
        self._control = ControlLoader(control)
        self._book = AddressBook({each.name: each.hosts for each in providers.summaries})
        self._unmatched = Unmatched(providers.values())
        self._providers = providers
        self._edges = _Edges(providers, policy or Policy())
        # Where a path leads never changes, and clients ask for the same few again and again: a job's, above all.
        self._found = lru_cache(1_024)(self._find)

    def prepare(self) -> None:
        """Load the control API in the background, so that its first request does not wait for that."""
        self._control.begin()

    async def close(self) -> None:
        """End what happens in the background."""
        self._control.close()
        await self.sandboxes.close()

    def provider(self, name: str) -> Provider:
        """The provider of that name. Raises KeyError."""
        return self._providers[name]

    def refused(self, status: int, message: str, target: str, host: str) -> Reply:
        """The reply to a request that never became one: in the words of the provider at its address, if there is one.

        `target` is the path and query as far as they arrived.
        """
        edge = self._place(self._book.find(target.partition("?")[0] or "/", host)).edge
        if edge is None:
            return _problem(status, message)
        return edge.provider.spell(Refusal("invalid_request", message))._replace(status=status)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            connection = AsgiConnection(scope, receive, send)
            await self.serve(request_of(scope), connection)
            if connection.broken:
                # Without a socket that can be reset, clients report this alike.
                raise ConnectionResetError("the connection was reset by the scenario")
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def serve(self, request: Request, connection: Connection) -> None:
        """Answer one request. It runs to its end without suspending unless something has to be waited for."""
        headers = request.headers
        path, host = request.path, headers.get("host", "")
        remembered = len(path) + len(host) <= _REMEMBERED
        address, place = self._found(path, host) if remembered else self._find(path, host)
        edge = place.edge
        if edge is None and address.target != "control":
            await self._without_provider(address, request, connection)
            return
        key = _credential(edge.provider, headers) if edge is not None else ""
        name = address.sandbox or headers.get("x-mock-sandbox") or self._named_by(key) or "default"
        sandbox = self.sandboxes.get(name)
        if sandbox is None:
            reply = _problem(404, f"There is no sandbox named {name!r}. Create it with POST /_mock/sandboxes.")
            await _respond(connection, reply)
            return
        if sandbox.clock.mode == "auto":
            await sandbox.catch_up()
        if edge is None:
            if is_probe(address.path, request):
                await self._answer_probe(sandbox, address.path, connection)
            else:
                await self._answer_control(sandbox, address.path, request, connection)
            return
        admission = Admission(request, connection, edge.policy, sandbox, edge.provider, key, address.how)
        await edge.serve(admission, address.path, place.found)

    async def _answer_control(self, sandbox: Sandbox, path: str, request: Request, connection: Connection) -> None:
        try:
            control = await self._control.get()
        except Exception:
            log.exception("The control API could not be loaded")
            await _respond(connection, _problem(500, "The control API could not be loaded: see the server's log"), SAFE)
            return
        await control.serve(sandbox, path, request, connection)

    async def _answer_probe(self, sandbox: Sandbox, path: str, connection: Connection) -> None:
        await sandbox.settling.settle(sandbox.clock.now())
        reply = health() if path == "/health" else readiness(sandbox, self.sandboxes, self._providers)
        await _respond(connection, reply, SAFE)

    async def _without_provider(self, address: Address, request: Request, connection: Connection) -> None:
        """A request for no provider: its sandbox writes it down, so that a test that missed sees where it went."""
        name = address.sandbox or request.headers.get("x-mock-sandbox")
        if name is None:
            keys = (self._named_by(_credential(edge.provider, request.headers)) for edge in self._edges.in_turn())
            name = next(filter(None, keys), None) or "default"
        sandbox, near = self.sandboxes.get(name), self._unmatched.near(address.path)
        if sandbox is not None:
            await sandbox.store.append(self._unmatched.entry(address, near, request, sandbox.clock.now()))
        await _respond(connection, _problem(404, self._unmatched.explained(address.path, near)))

    def _find(self, path: str, host: str) -> tuple[Address, _Place]:
        address = self._book.find(path, host)
        return address, self._place(address)

    def _place(self, address: Address) -> _Place:
        if address.target is not None:
            if address.target == "control":
                return _NOWHERE
            edge = self._edges[address.target]
            return _Place(edge, edge.routes.find(address.path))
        for edge in self._edges.in_turn():
            found = edge.routes.find(address.path)
            if found is not None:
                return _Place(edge, found)
        return _NOWHERE

    def _named_by(self, key: str | Refusal) -> str | None:
        """The sandbox that a credential names."""
        return sandbox_in_key(key, self.sandboxes.by_name) if isinstance(key, str) else None


def _credential(provider: Provider, headers: Mapping[str, str]) -> str | Refusal:
    """The credential of a request, or why there is none. Read once: the sandbox and the account are found by it."""
    try:
        key = provider.key(headers)
    except Refusal as refusal:
        return refusal
    if len(key) > _LONGEST_KEY:
        return Refusal("unauthorized", f"The credential is longer than {_LONGEST_KEY} bytes")
    return key


async def _respond(connection: Connection, reply: Reply, extra: Sequence[Header] = ()) -> None:
    body = encode(reply)
    await connection.respond(reply.status, head(reply, extra, len(body)), body)


def _problem(status: int, detail: str) -> Reply:
    """A refusal by the server itself, as problem details (RFC 9457)."""
    title = "mockserver cannot place this request"
    return Reply(status, {"title": title, "status": status, "detail": detail}, content_type="application/problem+json")
