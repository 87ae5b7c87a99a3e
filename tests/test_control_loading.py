"""When a server loads its control API: in the background after its start, or for the first request."""

import asyncio
import subprocess
import sys
import threading
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.serving.http_server import HttpServer
from mockserver.serving.listening import listen
from mockserver.wire.control import Control, ControlLoader
from tests.conversation import Conversation

# Uses everything that the handle shares with the control API, and prints whether that has loaded FastAPI.
_FIXTURE = """
import sys
from mockserver.testing.handle import MockServer
with MockServer(clock="manual") as mock:
    mock.clock.advance("1m")
    mock.fault("videotoprompt.*", "server_error")
    mock.reset("faults")
    mock.account("videotoprompt").credits = 3
    print(mock.account("videotoprompt").credits, mock.coverage().score.met, "fastapi" in sys.modules)
"""


class Loads:
    """Loads as it is told, and counts."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.times = 0
        self.threads: set[threading.Thread] = set()

    def __call__(self) -> Control:
        self.times += 1
        self.threads.add(threading.current_thread())
        if self.error is not None:
            raise self.error
        loaded: Any = object()
        return loaded  # type: ignore[no-any-return]


async def test_the_control_api_is_loaded_once_and_never_in_the_thread_of_the_loop() -> None:
    loads = Loads()
    loader = ControlLoader(loads)
    loader.start()
    first, second = await asyncio.gather(loader.get(), loader.get())
    loader.close()
    assert first is second is await loader.get()
    assert loads.times == 1
    assert threading.current_thread() not in loads.threads


async def test_what_was_not_prepared_is_loaded_for_the_first_request() -> None:
    loads = Loads()
    loader = ControlLoader(loads)
    await loader.get()
    loader.close()
    assert loads.times == 1


async def test_an_error_is_logged_and_raised_for_every_request(caplog: pytest.LogCaptureFixture) -> None:
    loads = Loads(ImportError("no module named 'fastapi'"))
    loader = ControlLoader(loads)
    loader.start()
    loader.close()
    assert [record.getMessage() for record in caplog.records] == ["The control API could not be loaded"]
    for _ in range(2):
        with pytest.raises(ImportError, match="fastapi"):
            await loader.get()
    assert loads.times == 3


async def test_a_control_api_that_cannot_be_loaded_is_a_500_and_providers_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*given: Any) -> Any:
        raise ImportError("no module named 'fastapi'")

    monkeypatch.setattr("mockserver.app._control", broken)
    async with Conversation() as c:
        reply = await c.client.get("/_mock/clock")
        assert (reply.status_code, reply.headers["content-type"]) == (500, "application/problem+json")
        assert reply.json()["title"] == "The control API could not be loaded"
        assert (await c.get("/_mock/health")).status_code == 200
        assert (await c.post("/v1/analyze/url", {"url": "https://example.com/a.mp4"})).status_code == 202
    assert "no module named 'fastapi'" in caplog.text


def test_a_server_prepares_it_after_its_start_and_waits_for_that_at_its_end() -> None:
    app, prepared = create_app(), threading.Event()
    listener = listen("127.0.0.1", 0)

    def started() -> None:
        app.prepare()
        prepared.set()
        server.end()

    server = HttpServer(app, on_started=started, on_closed=app.close)
    server.run([listener])
    listener.close()
    assert prepared.is_set()
    assert not any(thread.name == "mockserver-control" for thread in threading.enumerate())


async def test_a_server_in_a_loop_that_is_there_already_prepares_nothing() -> None:
    app, listener = create_app(), listen("127.0.0.1", 0)
    server = HttpServer(app, on_started=lambda: pytest.fail("it was prepared"), on_closed=app.close)
    await server.startup([listener])
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
        assert (await client.get("/_mock/clock")).status_code == 200
    await server.shutdown()
    listener.close()


def test_the_handle_of_tests_needs_no_fastapi() -> None:
    run = subprocess.run([sys.executable, "-c", _FIXTURE], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["3.0", "0", "False"]
