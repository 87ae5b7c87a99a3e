"""The balancer of the measurements: each request goes to the next server that is ready."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx2
import pytest

from bench.balancer import Backend, Balancer, address, balanced
from mockserver.app import create_app
from mockserver.settings import Settings
from tests.live import live_server

KEY = {"authorization": "Bearer k"}
STREAM = "/nanophoto/api/sora-2/reverse-prompt"


class Behind:
    """Two servers with the seeds 1 and 2 behind a balancer, and a client."""

    def __init__(self, client: httpx2.AsyncClient, balancer: Balancer) -> None:
        self.client = client
        self.balancer = balancer

    async def seed(self) -> int:
        """Return the seed of the server that answers."""
        sandboxes = (await self.client.get("/_mock/sandboxes")).json()["sandboxes"]
        return int(sandboxes[0]["seed"])


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    with ExitStack() as stack:
        urls = [stack.enter_context(live_server(create_app(Settings(seed=seed, clock="auto")))) for seed in (1, 2)]
        async with (
            balanced([address(url) for url in urls]) as (port, balancer),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=KEY) as client,
        ):
            yield Behind(client, balancer)


async def test_the_requests_of_one_connection_go_to_all_servers_in_turn(behind: Behind) -> None:
    assert [await behind.seed() for _ in range(4)] == [1, 2, 1, 2]
    assert [each.requests for each in behind.balancer.backends] == [2, 2]
    assert [len(each.idle) for each in behind.balancer.backends] == [1, 1]


async def test_replies_of_every_form_arrive_whole(behind: Behind) -> None:
    assert (await behind.client.head("/_mock/health")).status_code == 200
    video = {"videoSource": "youtube", "videoUrl": "https://www.youtube.com/watch?v=W-15-UmGP5s"}
    async with behind.client.stream("POST", STREAM, json=video) as reply:
        assert reply.headers["transfer-encoding"] == "chunked"
        assert len(await reply.aread()) > 1_000
    async with behind.client.stream("GET", "/_mock/health", headers={"connection": "close"}) as reply:
        assert await reply.aread()
    assert (await behind.client.get("/_mock/health")).status_code == 200


async def test_a_reply_that_a_server_does_not_send_is_an_error_of_the_gateway(behind: Behind) -> None:
    fault = {"operation": "videotoprompt.analyze_url", "fault": {"kind": "reset"}}
    (await behind.client.post("/_mock/faults", json=fault)).raise_for_status()
    await behind.client.get("/_mock/health")  # of the second server
    reply = await behind.client.post("/videotoprompt/v1/analyze/url", json={"url": "https://example.com/a.mp4"})
    assert (reply.status_code, reply.text) == (502, "the server closed the connection before it replied\n")


async def test_a_server_that_is_gone_gets_no_requests(behind: Behind) -> None:
    first = behind.balancer.backends[0]
    first.close()
    first.port = 1  # nothing listens there
    assert [await behind.seed() for _ in range(3)] == [2, 2, 2]
    assert not first.is_up
    behind.balancer.backends[1].is_up = False
    reply = await behind.client.get("/_mock/health")
    assert (reply.status_code, reply.text) == (503, "no server is ready\n")


async def test_a_server_is_used_again_when_it_is_ready(behind: Behind) -> None:
    backend = behind.balancer.backends[0]
    backend.is_up = False
    await backend.check()
    assert backend.is_up
    gone = Backend("127.0.0.1", 1)
    await gone.check()
    assert not gone.is_up


async def test_a_request_that_is_not_http_is_refused(behind: Behind) -> None:
    reader, writer = await asyncio.open_connection(*address(str(behind.client.base_url).rstrip("/")))
    writer.write(b"not http\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    await writer.wait_closed()
