"""Replies are held until the state is in the store's file, and replaced if it cannot be written."""

import asyncio
from typing import cast

from mockserver.serving.held_writes import HeldWrites
from mockserver.store.held import Held
from mockserver.wire.request import Request

OK, BUSY = b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 503 Service Unavailable\r\n\r\n"


class Socket:
    """Replaces the transport and the gate: notes what is sent and what is held."""

    failure: str | None = None

    def __init__(self) -> None:
        self.sent: list[bytes | str] = []
        self.held: list[Held] = []
        self.request = Request("POST", "/a", b"", {}, ())
        transport = cast(asyncio.Transport, self)
        self.writes = HeldWrites(transport, self, lambda: self.request, lambda request, reason: f"{reason} ".encode())

    def hold(self, held: Held) -> None:
        self.held.append(held)

    async def written(self) -> str | None:
        return None

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.sent.append("closed")

    def abort(self) -> None:
        self.sent.append("aborted")

    def write_eof(self) -> None:
        self.sent.append("end")

    def is_closing(self) -> bool:
        return "closed" in self.sent or "aborted" in self.sent

    def get_write_buffer_size(self) -> int:
        return 0


def test_everything_of_a_turn_is_sent_together_after_the_commit() -> None:
    socket = Socket()
    socket.writes.write_whole(OK)
    socket.writes.write(b"part")
    socket.writes.close()
    assert (socket.sent, len(socket.held), socket.writes.is_closing()) == ([], 1, True)
    assert socket.writes.get_write_buffer_size() == len(OK) + 4
    socket.held.pop().release()
    assert socket.sent == [OK + b"part", "closed"]


def test_a_connection_without_held_replies_is_closed_at_once() -> None:
    socket = Socket()
    socket.writes.write_eof()
    socket.writes.close()
    assert socket.sent == ["end", "closed"]


def test_whole_replies_are_replaced_if_nothing_could_be_written() -> None:
    socket = Socket()
    for _ in range(2):
        socket.writes.write_whole(OK)
    socket.held.pop().refuse("full", known=False)
    assert socket.sent == [b"full full "]


def test_a_connection_with_a_part_of_a_reply_is_broken_off() -> None:
    socket = Socket()
    socket.writes.write(b"HTTP/1.1 200 OK\r\n")
    socket.held.pop().refuse("full", known=False)
    assert socket.sent == ["aborted"]


def test_what_changes_nothing_is_sent_while_the_reason_is_known() -> None:
    socket = Socket()
    socket.request = Request("GET", "/_mock/jobs", b"", {}, ())
    socket.writes.write_whole(OK)
    socket.writes.write(b"chunk")
    socket.held.pop().refuse("full", known=True)
    socket.request = Request("POST", "/a", b"", {}, ())
    socket.writes.write_whole(OK)
    socket.writes.write_whole(BUSY)
    socket.held.pop().refuse("full", known=True)
    assert socket.sent == [OK + b"chunk", b"full " + BUSY]
