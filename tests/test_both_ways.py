"""The same requests over a socket and in this process get identical replies and journals."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from mockserver import MockServer
from mockserver.clock import wait_until
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video

FAULTS = [
    ("videotoprompt.get_analysis", {"kind": "rate_limited", "retry_after": "20s"}),
    ("videotoprompt.get_analysis", {"kind": "garble"}),
    ("videotoprompt.get_analysis", {"kind": "truncate", "framing": "chunked", "at": 1}),
    ("videotoprompt.get_analysis", {"kind": "reset"}),
    ("videotoprompt.get_analysis", {"kind": "empty_reply"}),
]
# Each request for the analysis gets the next fault.
SCENARIO = {
    "rules": [
        {"name": f"fault {number}", "operation": operation, "nth": number + 1, "fault": fault}
        for number, (operation, fault) in enumerate(FAULTS)
    ]
    + [{"name": "at once", "operation": "nanophoto.*", "stream": {"pace": {"first": "0s", "every": "0s"}}}],
    "accounts": [{"key": "poor", "plan": "free"}, {"key": "*", "plan": "pro"}],
}
UPLOAD = {"files": {"video": ("film.mp4", video(2_000, Seeded(1)).data)}, "data": {"platform": "sora"}}
URL = "https://example.com/hike.mp4"
KEY = {"Authorization": "Bearer key-1"}
# The requests: method, path, and other arguments.
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/videotoprompt/v1/analyze/url", {"json": {"url": URL}}),
    ("POST", "/videotoprompt/v1/analyze/url", {"json": {"url": 5}}),
    ("POST", "/videotoprompt/v1/analyze/url", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    ("POST", "/videotoprompt/v1/analyze/url", {"content": b" " * 1_100_000 + b"{}"}),
    ("POST", "/videotoprompt/v1/analyze/upload", UPLOAD),
    *[("GET", "/videotoprompt/v1/analyze/{job}", {})] * (len(FAULTS) + 2),
    ("HEAD", "/videotoprompt/v1/analyze/{job}", {}),
    ("DELETE", "/videotoprompt/v1/analyze/{job}", {}),
    ("GET", "/videotoprompt/v1/nowhere", {}),
    ("GET", "/nowhere?at=all", {}),
    ("GET", "/v1/analyze/{job}", {"headers": {"Host": "api.videotoprompt.org"}}),
    ("GET", "/v1/analyze/{job}?page=1", {"headers": {"Authorization": "bearer  key-1"}}),
    *[("GET", "/v1/analyze/{job}", {"headers": {"Authorization": "Bearer poor"}})] * 7,
    ("GET", "/oauth/authorize?client_id=c&redirect_uri=https://a.test/b&response_type=code&state=s", {"headers": {}}),
    ("POST", "/nanophoto/api/sora-2/reverse-prompt", {"json": {"videoSource": "url", "videoUrl": URL}}),
    ("POST", "/dumplingai/api/v1/extract-video", {"json": {"inputMethod": "url", "video": URL, "prompt": "?"}}),
    ("GET", "/_mock/jobs?status=succeeded", {}),
]  # fmt: skip


@contextmanager
def server() -> Iterator[MockServer]:
    with MockServer(SCENARIO, seed=7, clock="manual") as mock:
        yield mock


def send_all(mock: MockServer, client: httpx2.Client, base: str) -> list[object]:
    """Send all requests. Returns the replies, and the journal at the end."""
    replies: list[object] = []
    job = ""
    for method, path, more in REQUESTS:
        headers = {**KEY, **more.get("headers", {})} if more.get("headers") != {} else {}
        arguments = {name: value for name, value in more.items() if name != "headers"}
        try:
            reply = client.request(method, base + path.format(job=job), headers=headers, **arguments)
        except httpx2.TransportError:
            replies.append("broken")
            continue
        kept = {name: value for name, value in reply.headers.items() if name not in ("date", "transfer-encoding")}
        # The base URL is the only difference.
        replies.append((reply.status_code, kept, reply.content.replace(base.encode(), b"")))
        if not job:
            job = reply.json()["id"]
            mock.clock.advance("60s")
    return [*replies, journal(mock)]


def journal(mock: MockServer) -> list[object]:
    """Return the requests, sorted, because the entry of a broken connection may be written late."""
    requests = [
        (r.operation, r.path, r.query, r.status, r.rule, r.job, r.note, r.deviations, r.body, r.reply, r.missed)
        for r in mock.requests()
    ]
    return sorted(requests, key=repr)


def test_replies_over_a_socket_and_in_this_process_are_identical() -> None:
    with server() as mock, httpx2.Client() as client:
        by_socket = send_all(mock, client, mock.url("videotoprompt", "").removesuffix("/videotoprompt"))
    with server() as mock, httpx2.Client(transport=mock.transport()) as client:
        in_process = send_all(mock, client, "http://localhost")
    assert len(by_socket) == len(in_process) == len(REQUESTS) + 1
    for request, one, other in zip([*REQUESTS, ("the journal",)], by_socket, in_process, strict=True):
        assert one == other, request


@pytest.mark.parametrize("pieces", [1, 7])
async def test_pipelined_requests_are_answered_in_order(pieces: int) -> None:
    """Also if one of them waits, and if they arrive in pieces of any size."""
    rules = [
        {"name": "slow", "operation": "videotoprompt.get_analysis", "nth": 2, "fault": {"kind": "latency", "for": "5s"}}
    ]
    with MockServer({"rules": rules}, clock="manual") as mock:
        port = httpx2.URL(mock.url("videotoprompt")).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        host = f"Host: 127.0.0.1\r\nX-Mock-Sandbox: {mock.name}\r\nAuthorization: Bearer key-1\r\n"
        requests = [f"GET /videotoprompt/v1/analyze/job-{n} HTTP/1.1\r\n{host}\r\n" for n in range(4)]
        data = "".join([*requests, f"GET /nowhere HTTP/1.1\r\n{host}Connection: close\r\n\r\n"]).encode()
        size = -(-len(data) // pieces)
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await writer.drain()
        assert await wait_until(lambda: mock.clock.next is not None, 5)
        await asyncio.to_thread(mock.clock.advance, "5s")
        replies = await reader.read()
        writer.close()
        assert replies.count(b"HTTP/1.1 404 Not Found") == 5
        assert [replies.find(b"job-%d" % n) for n in range(4)] == sorted(replies.find(b"job-%d" % n) for n in range(4))
        paths = [request.path for request in mock.requests("videotoprompt.get_analysis")]
        assert paths == [f"/v1/analyze/job-{n}" for n in range(4)]
