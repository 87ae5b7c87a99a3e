"""The transport that connects httpx2 clients, sync and async, to a server in this process without a socket."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest

from mockserver import MockServer
from tests.dumplingai_client import mp4

VIDEO = {"url": "https://example.com/hike.mp4"}
SHOTS = {"videoSource": "youtube", "videoUrl": "https://www.youtube.com/watch?v=EXAMPLE"}


@pytest.fixture
def mock(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    """A server in a process that cannot open a socket."""

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("a socket was opened")

    with MockServer() as server:
        for method in ("bind", "listen", "connect"):
            monkeypatch.setattr(socket.socket, method, refused)
        yield server


def sync_client(mock: MockServer, base: str = "https://api.videotoprompt.org/v1", **more: Any) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
    return httpx2.Client(transport=mock.transport(), base_url=base, headers=headers, **more)


def test_a_sync_client_can_use_the_providers_own_urls(mock: MockServer) -> None:
    with sync_client(mock) as client:
        submitted = client.post("/analyze/url", json=VIDEO)
        assert submitted.status_code == 202
        analysis = client.get(f"/analyze/{submitted.json()['id']}").json()
    assert analysis["status"] == "completed"
    assert [request.status for request in mock.requests()] == [202, 200]


def test_on_an_auto_clock_an_immediate_next_request_gets_the_final_status(mock: MockServer) -> None:
    with sync_client(mock) as client:
        for number in range(100):
            analysis = client.post("/analyze/url", json={"url": f"https://example.com/{number}.mp4"}).json()
            assert client.get(f"/analyze/{analysis['id']}").json()["status"] == "completed"


def test_a_prefix_selects_the_provider_on_any_host(mock: MockServer) -> None:
    with sync_client(mock, "http://anything.test/prompttovideo") as client:
        submitted = client.post("/api/v1/generate", json={"prompt": "A sunset"})
        video = client.get(f"/api/v1/video/{submitted.json()['video_id']}/status").json()
        assert video["video_url"].startswith("http://anything.test/prompttovideo/")


async def test_an_async_client_can_stream(mock: MockServer) -> None:
    headers = {"Authorization": f"Bearer {mock.key('nanophoto')}"}
    async with (
        httpx2.AsyncClient(transport=mock.transport(), base_url="https://nanophoto.ai", headers=headers) as client,
        client.stream("POST", "/api/sora-2/reverse-prompt", json=SHOTS) as reply,
    ):
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        pieces = [piece async for piece in reply.aiter_text()]
    assert len(pieces) > 5
    assert "| Shot |" in "".join(pieces)


def test_on_another_kind_of_event_loop_a_request_runs_in_a_thread(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example on trio, where anyio runs the thread."""
    options = []

    async def run_sync(function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        options.append(more)
        return function(*arguments)

    monkeypatch.setattr(anyio.to_thread, "run_sync", run_sync)
    request = httpx2.Request("GET", "http://any.test/videotoprompt/v1/analyze/ana_0")
    with pytest.raises(StopIteration) as ended:
        mock.transport().handle_async_request(request).send(None)
    assert ended.value.value.status_code == 401
    assert options == [{"abandon_on_cancel": True}]


@pytest.mark.parametrize("kind", ["reset", "empty_reply"])
def test_a_closed_connection_is_a_read_error(mock: MockServer, kind: str) -> None:
    mock.fault("videotoprompt.analyze_url", kind)
    with sync_client(mock) as client, pytest.raises(httpx2.ReadError):
        client.post("/analyze/url", json=VIDEO)


def test_a_truncated_body_is_a_read_error_while_it_is_read(mock: MockServer) -> None:
    mock.fault("videotoprompt.analyze_url", "truncate", at=0.5)
    with sync_client(mock) as client, client.stream("POST", "/analyze/url", json=VIDEO) as reply:
        assert reply.status_code == 202
        with pytest.raises(httpx2.ReadError):
            reply.read()


async def test_the_timeout_of_the_client_applies(mock: MockServer) -> None:
    mock.fault("videotoprompt.analyze_url", "hang", times=2)
    with sync_client(mock, timeout=0.02) as client, pytest.raises(httpx2.ReadTimeout):
        client.post("/analyze/url", json=VIDEO)

    headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
    transport = mock.transport()
    async with httpx2.AsyncClient(transport=transport, base_url="http://x.test/videotoprompt/v1") as client:
        with pytest.raises(httpx2.ReadTimeout):
            await client.post("/analyze/url", json=VIDEO, headers=headers, timeout=0.02)


def async_client(mock: MockServer) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
    base = "https://api.videotoprompt.org/v1"
    return httpx2.AsyncClient(transport=mock.transport(), base_url=base, headers=headers, timeout=None)


async def until_waiting(mock: MockServer) -> None:
    """Return when a request until_waiting for the clock, which stands still."""
    while await asyncio.to_thread(lambda: mock.clock.next) is None:
        pass


async def test_when_a_cancelled_task_ends_the_server_has_finished_its_request(mock: MockServer) -> None:
    mock.clock.change("manual")
    mock.fault("videotoprompt.analyze_url", "latency", times=20, lasts="1h")

    async with async_client(mock) as client:
        for count in range(1, 21):
            task = asyncio.create_task(client.post("/analyze/url", json=VIDEO))
            await until_waiting(mock)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert mock.clock.next is None
            assert [request.status for request in mock.requests()] == [None] * count


async def test_when_a_cancelled_task_group_ends_the_server_has_finished_its_request(mock: MockServer) -> None:
    """In a task group everything that a task awaits during its cancellation is cancelled too."""
    mock.clock.change("manual")
    mock.fault("videotoprompt.analyze_url", "latency", times=20, lasts="1h")

    async with async_client(mock) as client:
        for count in range(1, 21):
            async with anyio.create_task_group() as group:
                group.start_soon(partial(client.post, "/analyze/url", json=VIDEO))
                await until_waiting(mock)
                group.cancel_scope.cancel()
            assert mock.clock.next is None
            assert [request.status for request in mock.requests()] == [None] * count


async def test_a_cancelled_stream_is_recorded_in_the_journal(mock: MockServer) -> None:
    mock.clock.change("manual")
    headers = {"Authorization": f"Bearer {mock.key('nanophoto')}"}

    async with async_client(mock) as client:
        async with anyio.create_task_group() as group:
            url = "https://nanophoto.ai/api/sora-2/reverse-prompt"
            async with client.stream("POST", url, json=SHOTS, headers=headers) as reply:
                assert reply.status_code == 200
                group.cancel_scope.cancel()
                await reply.aread()
        assert [request.note for request in mock.requests()] == ["the client disconnected after 0 bytes"]


def test_a_request_that_cannot_notice_the_disconnect_goes_on_alone(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delayed upload is read only after the delay."""
    monkeypatch.setattr("mockserver.testing.transport._DISCONNECT_TIMEOUT", 0.01)
    mock.clock.change("manual")
    mock.fault("videotoprompt.analyze_upload", "latency", lasts="1h")
    with sync_client(mock, timeout=0.02) as client, pytest.raises(httpx2.ReadTimeout):
        client.post("/analyze/upload", files={"video": ("a.mp4", b"\0" * 2_000, "video/mp4")})
    assert mock.requests() == []
    mock.clock.advance("1h")
    assert len(mock.requests("videotoprompt.analyze_upload")) == 1


def test_an_upload_creates_a_job(mock: MockServer) -> None:
    with sync_client(mock) as client:
        reply = client.post("/analyze/upload", files={"video": ("a.mp4", mp4(1_000), "video/mp4")})
    assert reply.status_code == 202
    (request,) = mock.requests("videotoprompt.analyze_upload")
    assert (request.status, request.job) == (202, reply.json()["id"])
