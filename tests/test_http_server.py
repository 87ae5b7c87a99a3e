"""The server around the HTTP protocol: its signals, its orderly end, its dates and its log of requests."""

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
from mockserver.serving.serve import listen
from mockserver.wire.request import Connection, Request


class Answering:
    """An application that answers everything once `ready` is set."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.asked = asyncio.Event()
        self.cancelled = False

    async def serve(self, request: Request, connection: Connection) -> None:
        self.asked.set()
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        await connection.respond(200, (), b"done")

    def refused(self, status: int, message: str, target: str, host: str) -> Reply:
        return Reply(status, message)


def ended(during: Callable[[HttpServer, Answering], None]) -> tuple[Answering, Any, list[str]]:
    """A server that is ended while it answers a request: its application, the reply or None, and what was closed."""
    closed: list[str] = []

    async def close() -> None:
        closed.append("closed")

    async def story() -> tuple[Answering, Any, list[str]]:
        app = Answering()
        server = HttpServer(app, closed=close)
        listener = listen("127.0.0.1", 0)
        await server.startup([listener])
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            asked = asyncio.create_task(client.get("/"))
            await app.asked.wait()
            await let_others_run()
            during(server, app)
            await server.shutdown()
            reply = (await asyncio.gather(asked, return_exceptions=True))[0]
        return app, reply, closed

    return asyncio.run(story())


def test_a_request_that_is_being_answered_may_come_to_its_end() -> None:
    app, reply, closed = ended(lambda server, app: app.ready.set())
    assert (reply.status_code, reply.text, app.cancelled, closed) == (200, "done", False, ["closed"])


def test_one_that_takes_too_long_is_cancelled(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_server, "_PATIENCE", 0.02)
    app, reply, closed = ended(lambda server, app: None)
    assert isinstance(reply, httpx2.TransportError)
    assert (app.cancelled, closed) == (True, ["closed"])
    assert "1 requests were not over in time" in caplog.text


def test_who_asks_twice_waits_for_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def twice(server: HttpServer, app: Answering) -> None:
        server.end()
        server.end()

    app, _, closed = ended(twice)
    assert (app.cancelled, closed) == (True, [])


def test_a_server_that_was_ended_before_it_ran_ends_at_once() -> None:
    server = HttpServer(Answering())
    server.end()
    with listen("127.0.0.1", 0) as listener:
        server.run([listener])
    assert not server.shared.connections


@pytest.mark.parametrize("number", SIGNALS, ids=lambda n: n.name)
def test_a_signal_ends_the_server_and_is_heard_again_by_whoever_heard_it_before(number: int) -> None:
    heard: list[int] = []
    before = signal.signal(number, lambda number, frame: heard.append(number))
    server = HttpServer(Answering())
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
    assert heard == [number]


def test_the_process_logs_requests_where_it_was_told_to_and_dies_of_sigterm_as_any_other_does() -> None:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--access-log"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    # A server that hangs must fail the test, not the whole run.
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
def test_dates_are_those_of_http(seconds: int) -> None:
    assert http_date(seconds * 1000 + 999) == formatdate(seconds, usegmt=True)
