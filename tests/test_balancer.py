"""The balancer of the measurements: each request goes to the next server that is ready."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import httpx2
import pytest

from bench.balancer import Backend, Balancer, balanced
from mockserver.kit.operations import Reply
from mockserver.serving.http_server import HttpServer
from mockserver.serving.listening import listen
from mockserver.wire.request import Connection, Request, Unread

PIECES = [b"a piece of a stream; " * 500] * 20


class Named:
    """An application that replies with its name, and at other paths with a stream or not at all."""

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        self.status = 200

    async def serve(self, request: Request, connection: Connection) -> None:
        if request.path == "/stream":
            await connection.begin(200, ())
            for piece in PIECES:
                await connection.send(piece)
            await connection.end()
        elif request.path == "/reset":
            await connection.break_off(reset=True)
        else:
            await connection.respond(self.status, [(b"content-length", b"3")], self.name)

    async def refused(self, unread: Unread) -> Reply:
        return Reply(unread.status, unread.message)


class Behind:
    """Two servers behind a balancer, and a client."""

    def __init__(self, client: httpx2.AsyncClient, balancer: Balancer, apps: list[Named]) -> None:
        self.client = client
        self.balancer = balancer
        self.apps = apps

    async def name(self) -> str:
        """Return the name of the server that answers."""
        return (await self.client.get("/")).text


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    apps = [Named("one"), Named("two")]
    servers = [HttpServer(app) for app in apps]
    with closing(listen("127.0.0.1", 0)) as first, closing(listen("127.0.0.1", 0)) as second:
        for server, listener in zip(servers, (first, second), strict=True):
            await server.startup([listener])
        addresses = [each.getsockname() for each in (first, second)]
        async with (
            balanced(addresses, checked=False) as (port, balancer),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            yield Behind(client, balancer, apps)
        for server in servers:
            await server.shutdown()


def gone(backend: Backend) -> None:
    """Let nothing listen at the address of a server."""
    backend.close()
    backend.port = 1


async def test_the_requests_of_one_connection_go_to_all_servers_in_turn(behind: Behind) -> None:
    assert [await behind.name() for _ in range(4)] == ["one", "two", "one", "two"]
    assert [each.requests for each in behind.balancer.backends] == [2, 2]
    assert [len(each.idle) for each in behind.balancer.backends] == [1, 1]


async def test_replies_of_every_form_arrive_whole(behind: Behind) -> None:
    assert (await behind.client.head("/")).headers["content-length"] == "3"
    reply = await behind.client.get("/stream")
    assert reply.headers["transfer-encoding"] == "chunked"
    assert reply.content == b"".join(PIECES)
    assert (await behind.client.get("/", headers={"connection": "close"})).text == "one"
    assert (await behind.client.post("/", content=b"x" * 300_000)).text == "two"
    assert await behind.name() == "one"


async def test_a_reply_that_a_server_does_not_send_is_an_error_of_the_gateway(behind: Behind) -> None:
    reply = await behind.client.get("/reset")
    assert (reply.status_code, reply.text) == (502, "the server closed the connection before it replied\n")


async def test_a_server_that_is_gone_gets_no_requests(behind: Behind) -> None:
    first, second = behind.balancer.backends
    gone(first)
    assert [await behind.name() for _ in range(3)] == ["two"] * 3
    assert (first.requests, first.is_up) == (0, False)
    gone(second)
    reply = await behind.client.get("/")
    assert (reply.status_code, reply.text) == (503, "no server is ready\n")


async def test_a_server_gets_requests_only_if_it_is_ready(behind: Behind) -> None:
    async def checked() -> bool:
        await backend.check()
        return backend.is_up

    backend = behind.balancer.backends[0]
    behind.apps[0].status = 503
    assert not await checked()
    assert [await behind.name() for _ in range(2)] == ["two"] * 2
    behind.apps[0].status = 200
    assert await checked()
    gone(backend)
    assert not await checked()


async def test_a_request_that_is_not_http_is_refused(behind: Behind) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", behind.client.base_url.port)
    writer.write(b"not http\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    await writer.wait_closed()
