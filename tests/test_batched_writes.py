"""Batched writes: the writes of one turn of the event loop leave as one, and in order, whatever ends them."""

import asyncio

import pytest

from mockserver.clock import let_others_run
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


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def transport(recorder: Recorder) -> BatchedWrites:
    return BatchedWrites(recorder)


async def test_what_is_written_in_one_turn_leaves_together(transport: BatchedWrites, recorder: Recorder):
    transport.write(b"a")
    transport.write(b"b")
    await let_others_run()
    transport.write(b"c")
    await let_others_run()
    assert recorder.told == [b"ab", b"c"]


async def test_much_is_handed_on_at_once_so_that_the_transport_can_say_that_it_is_too_much(
    transport: BatchedWrites, recorder: Recorder
):
    transport.write(b"a" * 60_000)
    transport.write(b"b" * 60_000)
    transport.write(b"c")
    assert transport.get_write_buffer_size() == 1, "the others are the transport's"
    await let_others_run()
    await let_others_run()
    assert recorder.told == [b"a" * 60_000 + b"b" * 60_000, b"c"]


@pytest.mark.parametrize("end", ["close", "write_eof"])
async def test_an_end_comes_after_what_was_written(transport: BatchedWrites, recorder: Recorder, end):
    transport.write(b"a")
    getattr(transport, end)()
    await let_others_run()
    assert recorder.told == [b"a", end.removeprefix("write_")]


async def test_after_an_abort_nothing_leaves(transport: BatchedWrites, recorder: Recorder):
    transport.write(b"a")
    transport.abort()
    await let_others_run()
    assert recorder.told == ["abort"]


async def test_everything_else_is_the_transports_own(transport: BatchedWrites, recorder: Recorder):
    assert transport.get_extra_info("peername") == ("127.0.0.1", 1)
    assert not transport.is_closing()
    await let_others_run()
    assert recorder.told == []
