"""The ASGI application: finds the sandbox and the provider of a request and hands it to the provider's edge."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.policy import Provenance
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.wire.address import Address, AddressBook, sandbox_in_key
from mockserver.wire.call import Call
from mockserver.wire.edge import Edge
from mockserver.wire.reply import Send, encode, send_whole
from mockserver.wire.unmatched import Nowhere


class Control(Protocol):
    """Answers what is under `/_mock`."""

    async def serve(self, sandbox: Sandbox, path: str, scope: Any, receive: Any, send: Send) -> None: ...


class Server:
    """The whole server as one ASGI application. `control` is made when somebody asks for it."""

    def __init__(
        self,
        providers: Sequence[Provider],
        sandboxes: Sandboxes,
        control: Callable[[], Control],
        public_url: str = "",
        *,
        strict: bool = False,
        provenance: Provenance | None = None,
    ) -> None:
        self.sandboxes = sandboxes
        self._make_control = control
        self._public_url = public_url.rstrip("/")
        self._book = AddressBook({p.name: p.hosts for p in providers})
        self._nowhere = Nowhere(providers)
        self._edges = {p.name: Edge(p, strict=strict, provenance=provenance) for p in providers}

    @cached_property
    def _control(self) -> Control:
        return self._make_control()

    def provider(self, name: str) -> Provider:
        """The provider of that name. Raises KeyError."""
        return self._edges[name].provider

    def refused(self, status: int, message: str, target: str, host: str) -> Reply:
        """The reply to a request that never became one: in the words of the provider at its address, if there is one.

        `target` is the path and query as far as they arrived.
        """
        edge = self._edge(self._book.find(target.partition("?")[0] or "/", host))
        if edge is None:
            return _problem(status, message)
        reply = edge.provider.spell(Refusal("invalid_request", message))
        reply.status = status
        return reply

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Any, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.sandboxes.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Any, receive: Any, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        address = self._book.find(path, headers.get("host", ""))
        edge = self._edge(address)
        if edge is None and address.target != "control":
            await self._unplaced(address, headers, scope, send)
            return
        name = address.sandbox
        if name is None:
            name = headers.get("x-mock-sandbox") or _named_by_key(edge, headers, self.sandboxes.by_name) or "default"
        sandbox = self.sandboxes.get(name)
        if sandbox is None:
            await _say(send, 404, f"There is no sandbox named {name!r}. Create it with POST /_mock/sandboxes.")
            return
        if sandbox.clock.mode == "auto":
            await _caught_up(sandbox)
        if edge is None:
            await self._control.serve(sandbox, address.path, scope, receive, send)
            return
        call = Call(edge.provider, sandbox, sandbox.clock.now(), headers)
        call.origin = self._origin(scope, headers, address, sandbox, edge.provider.name)
        await edge.serve(call, address.path, scope, receive, send)

    async def _unplaced(self, address: Address, headers: Mapping[str, str], scope: Any, send: Send) -> None:
        """A request for no provider: its sandbox writes it down, so that a test that missed sees where it went."""
        name = address.sandbox
        if name is None:
            keys = (_named_by_key(edge, headers, self.sandboxes.by_name) for edge in self._edges.values())
            name = headers.get("x-mock-sandbox") or next(filter(None, keys), None) or "default"
        sandbox, near = self.sandboxes.get(name), self._nowhere.near(address.path)
        if sandbox is not None:
            await sandbox.store.append(self._nowhere.entry(address, near, scope, sandbox.clock.now()))
        await _say(send, 404, self._nowhere.told(address.path, near))

    def _edge(self, address: Address) -> Edge | None:
        if address.target is not None:
            return self._edges.get(address.target)
        for edge in self._edges.values():
            if edge.routes.find(address.path) is not None:
                return edge
        return None

    def _origin(self, scope: Any, headers: Mapping[str, str], address: Address, sandbox: Sandbox, provider: str) -> str:
        """Where links in replies point: the provider's root as this client reaches it."""
        base = self._public_url or f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}"
        world = "" if sandbox.name == "default" else f"/~{sandbox.name}"
        return base + world + (f"/{provider}" if address.how == "prefix" or self._public_url else "")


async def _caught_up(sandbox: Sandbox) -> None:
    """On an auto clock, what was to happen before a request has happened, however soon after another it comes.

    Not past a request that sleeps, as streams do: it may have come at the same moment.
    """
    if sandbox.clock.next_sleeper() is None and not sandbox.courier.stepping.locked():
        await sandbox.courier.catch_up()


def _named_by_key(edge: Edge | None, headers: Mapping[str, str], exists: Mapping[str, Sandbox]) -> str | None:
    if edge is None:
        return None
    try:
        return sandbox_in_key(edge.provider.key(headers), exists)
    except Refusal:
        return None


async def _say(send: Send, status: int, detail: str) -> None:
    """A refusal by the server itself, as problem details (RFC 9457)."""
    reply = _problem(status, detail)
    await send_whole(send, reply, encode(reply), ())


def _problem(status: int, detail: str) -> Reply:
    title = "mockserver cannot place this request"
    return Reply(status, {"title": title, "status": status, "detail": detail}, content_type="application/problem+json")
