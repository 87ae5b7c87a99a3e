"""Connections are shared fairly by the processes that listen on one socket. Here they are in one process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from mockserver.clock import wait_until
from mockserver.serving.accepting import NOT_ACCEPTING, FairAccepting
from mockserver.serving.listening import listen


class Process:
    """What a process of the server is for these tests: its open connections."""

    def __init__(self, listener: socket.socket, counts: list[int], place: int) -> None:
        self.connections: set[Connection] = set()
        self.accepting = FairAccepting(counts, place)
        self.accepting.start([listener], lambda: Connection(self), self.connections)

    async def disconnect(self) -> None:
        """Close all connections."""
        for each in self.connections:
            each.transport.close()
        await wait_until(lambda: not self.connections, 5)


class Connection(asyncio.Protocol):
    def __init__(self, process: Process) -> None:
        self._process = process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        self._process.connections.add(self)
        transport.write(b"hello")

    def connection_lost(self, exc: Exception | None) -> None:
        self._process.connections.discard(self)


class Listening:
    """Processes on one socket, and their clients."""

    def __init__(self, listener: socket.socket, running: int, counts: list[int]) -> None:
        self.port = listener.getsockname()[1]
        # Each has a socket of its own, as a process has.
        self._sockets = [listener.dup() for _ in range(running)]
        self.processes = [Process(each, counts, place) for place, each in enumerate(self._sockets)]
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, count: int) -> None:
        """Open connections at the same time, and wait until each is served."""
        for reader, writer in await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", self.port) for _ in range(count))
        ):
            self._writers.append(writer)
            assert await reader.readexactly(5) == b"hello"

    async def close(self) -> None:
        for process, each in zip(self.processes, self._sockets, strict=True):
            process.accepting.close()
            each.close()
            await process.disconnect()
        for writer in self._writers:
            writer.close()
            await writer.wait_closed()

    @property
    def counts(self) -> list[int]:
        return [len(each.connections) for each in self.processes]


@asynccontextmanager
async def listening(running: int, counts: list[int]) -> AsyncIterator[Listening]:
    with closing(listen("127.0.0.1", 0)) as listener:
        served = Listening(listener, running, counts)
        try:
            yield served
        finally:
            await served.close()


async def test_each_process_gets_as_many_connections() -> None:
    async with listening(2, [NOT_ACCEPTING, NOT_ACCEPTING]) as served:
        await served.connect(10)
        assert served.counts == [5, 5]
        await served.processes[0].disconnect()
        # A process counts again when the next connection comes, so one can go to the other process.
        await served.connect(5)
        assert served.counts in ([5, 5], [4, 6])


async def test_a_process_takes_those_that_others_do_not_take() -> None:
    async with listening(1, [0, 0, NOT_ACCEPTING]) as served:
        await served.connect(4)
        assert served.counts == [4]


async def test_nothing_is_left_to_a_process_that_does_not_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.serving.accepting._GRACE", 60)
    monkeypatch.setattr("mockserver.serving.accepting._LONGEST_GRACE", 60)
    async with listening(1, [NOT_ACCEPTING, NOT_ACCEPTING]) as served:
        await served.connect(4)
        assert served.counts == [4]


async def test_if_no_connection_can_be_accepted_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.serving.accepting._PAUSE", 0.001)
    tries = []

    class Full(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            tries.append(1)
            if len(tries) == 1:
                raise OSError(24, "Too many open files")
            return super().accept()

    with closing(listen("127.0.0.1", 0)) as listener, Full(fileno=listener.dup().detach()) as full:
        process = Process(full, [0], 0)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        assert await reader.readexactly(5) == b"hello"
        assert len(tries) >= 2
        process.accepting.close()
        await process.disconnect()
        writer.close()
        await writer.wait_closed()
