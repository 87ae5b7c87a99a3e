"""Batched writes: the writes of one turn of the event loop leave as one, and in order, whatever ends them."""

import asyncio

import pytest

from mockserver.clock import turn
from mockserver.serving.batched_writes import BatchedWrites


class Recorder(asyncio.Transport):
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.told: list[object] = []

    def write(self, data) -> None:
        self.told.append(bytes(data))

    def is_closing(self) -> bool:
        return "close" in self.told or "abort" in self.told

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")

    def get_write_buffer_size(self) -> int:
        return 0

    def write_eof(self) -> None:
        self.told.append("eof")


def batched(story) -> list[object]:
    async def whole() -> list[object]:
        recorder = Recorder()
        await story(BatchedWrites(recorder))
        await turn()
        return recorder.told

    return asyncio.run(whole())


def test_what_is_written_in_one_turn_leaves_together():
    async def story(transport: BatchedWrites) -> None:
        transport.write(b"a")
        transport.write(b"b")
        await turn()
        transport.write(b"c")

    assert batched(story) == [b"ab", b"c"]


def test_much_is_handed_on_at_once_so_that_the_transport_can_say_that_it_is_too_much():
    async def story(transport: BatchedWrites) -> None:
        transport.write(b"a" * 60_000)
        transport.write(b"b" * 60_000)
        transport.write(b"c")
        assert transport.get_write_buffer_size() == 1, "the others are the transport's"
        await turn()

    assert batched(story) == [b"a" * 60_000 + b"b" * 60_000, b"c"]


@pytest.mark.parametrize("end", ["close", "write_eof"])
def test_an_end_comes_after_what_was_written(end):
    async def story(transport: BatchedWrites) -> None:
        transport.write(b"a")
        getattr(transport, end)()

    assert batched(story) == [b"a", end.removeprefix("write_")]


def test_after_an_abort_nothing_leaves():
    async def story(transport: BatchedWrites) -> None:
        transport.write(b"a")
        transport.abort()

    assert batched(story) == ["abort"]


def test_everything_else_is_the_transports_own():
    async def story(transport: BatchedWrites) -> None:
        assert transport.get_extra_info("peername") == ("127.0.0.1", 1)
        assert not transport.is_closing()

    assert batched(story) == []
