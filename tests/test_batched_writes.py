"""Batched writes: the writes of one turn of the event loop are sent together and in order."""

import asyncio

import pytest

from mockserver.clock import let_others_run
from mockserver.serving.batched_writes import BatchedWrites


class Recorder(asyncio.Transport):
    """A transport that records the calls of its methods."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.calls: list[object] = []

    def write(self, data) -> None:
        self.calls.append(bytes(data))

    def is_closing(self) -> bool:
        return "close" in self.calls or "abort" in self.calls

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")

    def get_write_buffer_size(self) -> int:
        return 0

    def write_eof(self) -> None:
        self.calls.append("eof")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def transport(recorder: Recorder) -> BatchedWrites:
    return BatchedWrites(recorder)


async def test_writes_of_one_turn_are_sent_together(transport: BatchedWrites, recorder: Recorder):
    transport.write(b"a")
    transport.write(b"b")
    await let_others_run()
    transport.write(b"c")
    await let_others_run()
    assert recorder.calls == [b"ab", b"c"]


async def test_many_bytes_are_sent_immediately_so_that_the_transport_can_pause_the_writer(
    transport: BatchedWrites, recorder: Recorder
):
    transport.write(b"a" * 60_000)
    transport.write(b"b" * 60_000)
    transport.write(b"c")
    assert transport.get_write_buffer_size() == 1, "the other bytes have been passed to the transport"
    await let_others_run()
    await let_others_run()
    assert recorder.calls == [b"a" * 60_000 + b"b" * 60_000, b"c"]


@pytest.mark.parametrize("end", ["close", "write_eof"])
async def test_closing_sends_earlier_writes_first(transport: BatchedWrites, recorder: Recorder, end):
    transport.write(b"a")
    getattr(transport, end)()
    await let_others_run()
    assert recorder.calls == [b"a", end.removeprefix("write_")]


async def test_nothing_is_sent_after_an_abort(transport: BatchedWrites, recorder: Recorder):
    transport.write(b"a")
    transport.abort()
    await let_others_run()
    assert recorder.calls == ["abort"]


async def test_other_methods_are_those_of_the_transport(transport: BatchedWrites, recorder: Recorder):
    assert transport.get_extra_info("peername") == ("127.0.0.1", 1)
    assert not transport.is_closing()
    await let_others_run()
    assert recorder.calls == []
