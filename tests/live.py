"""A server on a real socket, in a thread of the test's own process, with the protocol that `serve` uses."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2
import uvicorn

from mockserver.app import create_app
from mockserver.serving.deadlines import Limits
from mockserver.serving.http_server import HttpServer
from mockserver.serving.serve import listen
from mockserver.settings import Settings
from mockserver.wire.server import Server


class _Announced(HttpServer):
    """A server that says when it can be talked to, so that nobody has to look again and again."""

    def __init__(self, app: Server, limits: Limits | None) -> None:
        super().__init__(app, limits, on_closed=app.sandboxes.close)
        self.up = threading.Event()

    async def startup(self, sockets: Sequence[socket]) -> None:
        await super().startup(sockets)
        self.up.set()


@contextmanager
def live_server(app: Server, limits: Limits | None = None) -> Iterator[str]:
    """Serve `app` on a free port of 127.0.0.1, and hand out its base URL."""
    listener = listen("127.0.0.1", 0)
    server = _Announced(app, limits)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        assert server.up.wait(10), "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.end()
        thread.join(10)
        listener.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn, which says when it can be talked to."""

    def __init__(self, app: Any) -> None:
        super().__init__(uvicorn.Config(app, log_level="warning"))
        self.up = threading.Event()

    async def startup(self, *args: Any, **more: Any) -> None:
        await super().startup(*args, **more)
        self.up.set()


@contextmanager
def live_application(app: Any) -> Iterator[str]:
    """Serve an ASGI application of somebody else as he would serve it, and hand out its base URL."""
    listener = listen("127.0.0.1", 0)
    server = _Uvicorn(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert server.up.wait(10), "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def live(scenario: dict[str, Any], limits: Limits | None = None) -> Iterator["Live"]:
    """A live server with a scenario of the test's own, whose clock stands still unless it says otherwise."""
    told = {"scenario": "live", "clock": {"mode": "manual"}, **scenario}
    app = create_app(Settings(), scenario=told)
    with live_server(app, limits) as base, httpx2.Client(base_url=base) as client:
        yield Live(base, client)


class Live:
    """What a test can do with a live server: requests of its own, and time."""

    def __init__(self, base: str, client: httpx2.Client) -> None:
        parts = urlsplit(base)
        self.base = base
        self.address = (str(parts.hostname), int(parts.port or 0))
        self.client = client

    def advance(self, duration: str) -> None:
        """Let virtual time pass, with all that falls due."""
        self.client.post("/_mock/clock", json={"advance": duration}).raise_for_status()

    def clock(self) -> Any:
        """What the control API says of the clock."""
        return self.client.get("/_mock/clock").json()

    def journal(self) -> list[Any]:
        """What happened, newest first."""
        entries: list[Any] = self.client.get("/_mock/journal").json()["entries"]
        return entries
