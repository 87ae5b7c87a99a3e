"""The HTTP server: signals, shutdown, dates and the access log."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from email.utils import formatdate
from itertools import islice
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.clock import let_others_run
from mockserver.core.instants import http_date
from mockserver.kit.operations import Reply
from mockserver.serving import http_server
from mockserver.serving.http_server import SIGNALS, HttpServer
from mockserver.serving.listening import listen
from mockserver.wire.request import Connection, Request, Unread


class WaitingApplication:
    """An application that answers every request once `ready` is set."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.called = asyncio.Event()
        self.cancelled = False

    async def serve(self, request: Request, connection: Connection) -> None:
        self.called.set()
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        await connection.respond(200, (), b"done")

    async def refused(self, unread: Unread) -> Reply:
        return Reply(unread.status, unread.message)


async def shut_down(
    during: Callable[[HttpServer, WaitingApplication], None],
) -> tuple[WaitingApplication, Any, list[str]]:
    """Shut a server down while it answers a request, after `during`.

    Returns its application, the reply or exception of the client, and the calls of `on_closed`.
    """
    closed: list[str] = []

    async def close() -> None:
        closed.append("closed")

    app = WaitingApplication()
    server = HttpServer(app, on_closed=close)
    listener = listen("127.0.0.1", 0)
    await server.startup([listener])
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
        request = asyncio.create_task(client.get("/"))
        await app.called.wait()
        await let_others_run()
        during(server, app)
        await server.shutdown()
        reply = (await asyncio.gather(request, return_exceptions=True))[0]
    return app, reply, closed


async def test_a_shutdown_waits_for_a_request_in_progress() -> None:
    app, reply, closed = await shut_down(lambda server, app: app.ready.set())
    assert (reply.status_code, reply.text, app.cancelled, closed) == (200, "done", False, ["closed"])


async def test_a_shutdown_cancels_a_request_that_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_server, "_PATIENCE", 0.02)
    app, reply, closed = await shut_down(lambda server, app: None)
    assert isinstance(reply, httpx2.TransportError)
    assert (app.cancelled, closed) == (True, ["closed"])
    assert "1 request was still in progress, and cut off" in caplog.text


async def test_a_second_call_of_end_shuts_down_immediately() -> None:
    def end_twice(server: HttpServer, app: WaitingApplication) -> None:
        server.end()
        server.end()

    app, reply, closed = await shut_down(end_twice)
    assert isinstance(reply, httpx2.TransportError)
    assert (app.cancelled, closed) == (True, [])


def test_a_server_that_was_ended_before_run_closes_without_serving() -> None:
    closed: list[str] = []

    async def close() -> None:
        closed.append("closed")

    server = HttpServer(WaitingApplication(), on_closed=close)
    server.end()
    with listen("127.0.0.1", 0) as listener:
        server.run([listener])
    assert closed == ["closed"]
    assert not server.shared.connections


@pytest.mark.parametrize("number", SIGNALS, ids=lambda n: n.name)
def test_a_signal_ends_the_server_and_is_raised_again_for_the_previous_handler(number: int) -> None:
    handled: list[int] = []
    before = signal.signal(number, lambda number, frame: handled.append(number))
    server = HttpServer(WaitingApplication())
    started = server.startup

    async def startup(sockets: Any) -> None:
        await started(sockets)
        signal.raise_signal(number)

    server.startup = startup  # type: ignore[method-assign]
    try:
        with listen("127.0.0.1", 0) as listener:
            server.run([listener])
    finally:
        signal.signal(number, before)
    assert handled == [number]


def test_the_process_writes_an_access_log_and_is_ended_by_sigterm() -> None:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--access-log"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    # If the server hangs, this test fails, but the run goes on.
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    control = next(line.split()[1] for line in process.stdout if line.startswith("  Control"))
    httpx2.get(f"{control}/health").raise_for_status()
    (logged,) = islice((line for line in process.stdout if "INFO" in line), 1)
    assert re.fullmatch(r'INFO:     127\.0\.0\.1:[0-9]+ - "GET /_mock/health HTTP/1\.1" 200 OK\n', logged)
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM
    process.stdout.close()
    watchdog.cancel()


@given(st.integers(0, 200_000_000_000))
def test_http_date_formats_like_the_standard_library(seconds: int) -> None:
    assert http_date(seconds * 1000 + 999) == formatdate(seconds, usegmt=True)
