"""Servers on real sockets, in threads of the test's process, with the protocol that `serve` uses."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2
import uvicorn

from mockserver.app import create_app
from mockserver.serving.deadlines import ConnectionLimits
from mockserver.serving.http_server import HttpServer
from mockserver.serving.listening import listen
from mockserver.settings import Settings
from mockserver.wire.server import Server


class _NotifyingServer(HttpServer):
    """A server that sets `ready` when it accepts connections."""

    def __init__(self, app: Server, limits: ConnectionLimits | None, access_log: bool) -> None:
        hooks = {"on_starting": app.resume, "on_closing": app.end_listeners, "on_closed": app.close}
        super().__init__(app, limits, access_log=access_log, gate=app.gate, **hooks)  # type: ignore[arg-type]
        self.ready = threading.Event()
        self._watch = app.watch

    async def startup(self, sockets: Sequence[socket]) -> None:
        await super().startup(sockets)
        if self._watch is not None:
            self._watch.start(lambda lines: None)
        self.ready.set()


@contextmanager
def live_server(app: Server, limits: ConnectionLimits | None = None, *, access_log: bool = False) -> Iterator[str]:
    """Serve `app` on a free port of 127.0.0.1. Yields its base URL."""
    listener = listen("127.0.0.1", 0)
    server = _NotifyingServer(app, limits, access_log)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        assert server.ready.wait(10), "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.end()
        thread.join(10)
        listener.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn, which sets `ready` when it accepts connections."""

    def __init__(self, app: Any) -> None:
        super().__init__(uvicorn.Config(app, log_level="warning"))
        self.ready = threading.Event()

    async def startup(self, *args: Any, **more: Any) -> None:
        await super().startup(*args, **more)
        self.ready.set()


@contextmanager
def live_application(app: Any) -> Iterator[str]:
    """Serve any ASGI application with uvicorn. Yields its base URL."""
    listener = listen("127.0.0.1", 0)
    server = _Uvicorn(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert server.ready.wait(10), "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def live(scenario: dict[str, Any], limits: ConnectionLimits | None = None) -> Iterator["Live"]:
    """Run a server with this scenario. Its clock stands still unless the scenario has another one."""
    app = create_app(Settings(), scenario={"scenario": "live", "clock": {"mode": "manual"}, **scenario})
    with live_server(app, limits) as base, httpx2.Client(base_url=base, verify=False) as client:
        yield Live(base, client)


class Live:
    """A live server, as a test uses it."""

    def __init__(self, base: str, client: httpx2.Client) -> None:
        parts = urlsplit(base)
        self.base = base
        self.address = (str(parts.hostname), int(parts.port or 0))
        self.client = client

    def advance(self, duration: str) -> None:
        """Advance the clock, and process everything that is due."""
        self.client.post("/_mock/clock", json={"advance": duration}).raise_for_status()

    def clock(self) -> Any:
        """Return the clock, as the control API describes it."""
        return self.client.get("/_mock/clock").json()

    def journal(self) -> list[Any]:
        """Return the journal, newest first."""
        entries: list[Any] = self.client.get("/_mock/journal").json()["entries"]
        return entries
