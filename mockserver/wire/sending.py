"""Sending: sends replies, with faults and streams, and records for the journal what was sent."""

from collections.abc import Sequence
from typing import NoReturn

from mockserver.clock import Clock, let_others_run, wall_ns
from mockserver.core.faults import Fault
from mockserver.core.journal import KEPT_BODY, Delivered
from mockserver.kit.operations import Header, Reply, Stream
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Connection, Disconnected, Ended
from mockserver.wire.stream import ENDINGS
from mockserver.wire.waits import Waits
from mockserver.wire.wire_faults import FaultSeed, WireFault

# After this many chunks that are already due, other requests get a turn.
_BURST = 32
# The chunks of a stream whose times are kept.
_KEPT_CHUNKS = 500


class ReplySender:
    """Sends the reply to one request, and records for the journal what was sent.

    `token` identifies the request to the clock. `body` is the beginning of the body, `size` the number of bytes of a
    stream that were sent, `headers` those of the reply, and `ending` how the stream ended. `body_lost` is true if the
    client did not get a readable body, and so no state of a job. `delivered` says how much of the reply was sent, and
    `fault` is the kind of fault that was asked for. `broken_off_at` has the sandbox's time (milliseconds) and the
    machine's (nanoseconds) at which the connection was broken off: the client can go on from then, and may close its
    side of the connection later.
    """

    __slots__ = (
        "_clock",
        "_connection",
        "_seed",
        "_token",
        "body",
        "body_lost",
        "broken_off_at",
        "chunks",
        "delivered",
        "ending",
        "fault",
        "headers",
        "note",
        "size",
        "status",
    )  # fmt: skip

    def __init__(self, connection: Connection, clock: Clock, token: object, seed: FaultSeed) -> None:
        self._connection = connection
        self._clock = clock
        self._token = token
        self._seed = seed
        self.status: int | None = None
        self.body = b""
        self.headers: Sequence[Header] = ()
        self.size = 0
        self.chunks: list[tuple[int, int]] = []
        self.note: str | None = None
        self.ending: str | None = None
        self.fault: str | None = None
        self.body_lost = False
        self.delivered: Delivered = "none"
        self.broken_off_at: tuple[int, int] | None = None

    async def wait(self, until: int | None) -> None:
        """Wait until an instant (None: for ever). Raises Disconnected if the client disconnects first."""
        waits = Waits(self._clock, self._connection, self._token)
        try:
            await waits.until(until)
        finally:
            waits.close()

    async def before_reply(self, fault: Fault, *, unread: bool = False) -> None:
        """Apply a fault that happens before the reply.

        Raises Broken if no reply follows, and Disconnected if the client disconnects first. Pass `unread` if the body
        is still needed: then a wait that ends does not watch the client, because watching reads the body.
        """
        endless = fault.kind == "hang" and fault.lasts is None
        waits = Waits(self._clock, self._connection, self._token, watching=endless or not unread)
        try:
            await self._wire_fault(fault, waits).before_reply()
        except Disconnected:
            self.note = self.note or "the client disconnected before the reply"
            raise
        finally:
            waits.close()

    async def reply(
        self, reply: Reply, extra: Sequence[Header], fault: Fault | None = None, *, with_body: bool = True
    ) -> None:
        """Send a reply, damaged by `fault` if there is one. A reply to HEAD is sent without its body.

        Raises Broken or Disconnected if the client does not get the whole reply.
        """
        self.status = reply.status
        if reply.stream is not None:
            # The chunks of a stream already contain its fault.
            await self._stream(reply, extra)
            return
        body = self.body = encode(reply)
        if fault is None:
            headers = self.headers = head(reply, extra, len(body))
            await self._connection.respond(reply.status, headers, body)
            self.delivered = "whole"
            return
        self.note = f"the reply was sent with a fault: {fault.kind}"
        self.body_lost = fault.kind == "garble"
        self.delivered = "part"
        waits = Waits(self._clock, self._connection, self._token)
        try:
            wire_fault = self._wire_fault(fault, waits)
            self.headers = wire_fault.damaged_head(reply, body, extra)
            await wire_fault.send_damaged(reply, body, self.headers, with_body=with_body)
            self.delivered = "damaged" if self.body_lost else "whole"
        finally:
            waits.close()

    async def lose(self, reply: Reply, fault: Fault) -> None:
        """Apply a fault that loses or delays the reply after the operation was done. Raises Broken if it is lost."""
        self.status, self.delivered = reply.status, "lost"
        self.body = b"" if reply.stream is not None else encode(reply)
        self.note = f"the operation was done, but its reply was lost: {fault.kind}"
        await self.before_reply(fault)

    def _wire_fault(self, fault: Fault, waits: Waits) -> WireFault:
        return WireFault(fault, self._connection, self._break_off, waits, self._clock.now, self._seed)

    async def _break_off(self, *, reset: bool) -> NoReturn:
        self.broken_off_at = self._clock.now(), wall_ns()
        await self._connection.break_off(reset=reset)

    async def _stream(self, reply: Reply, extra: Sequence[Header]) -> None:
        assert reply.stream is not None
        track = reply.stream.track
        self.note = reply.stream.note
        self.ending = "client_left"
        self._clock.streams += 1
        waits = Waits(self._clock, self._connection, self._token)
        try:
            headers = self.headers = head(reply, extra, None)
            await self._connection.begin(reply.status, headers)
            await self._play(reply.stream.began, track.chunks, waits)
            if track.resumed is not None:
                await self._hold(reply.stream, waits)
                await self._play(self._clock.now(), track.resumed, waits)
            self.ending = ENDINGS[track.ending]
            self.delivered = "whole" if track.ending == "complete" else "part"
            if track.ending == "stall":
                await waits.until(None)
            elif track.ending != "complete":
                await self._break_off(reset=track.ending == "reset")
            await self._connection.end()
        except Disconnected:
            self.note = f"the client disconnected after {self.size} bytes"
            raise
        finally:
            self._clock.streams -= 1
            waits.close()

    async def _hold(self, stream: Stream, waits: Waits) -> None:
        """Wait until the stream is resumed, or until the client leaves. Its job goes on in both cases."""
        try:
            await waits.until_resumed()
        except Ended:
            raise
        except Disconnected:
            await stream.go_on()
            raise
        await stream.go_on()

    async def _play(self, began: int, chunks: Sequence[tuple[int, bytes]], waits: Waits) -> None:
        """Send each chunk when it is due, relative to the start of the stream, so that delays do not add up."""
        due, burst = began, 0
        for delay, data in chunks:
            due += delay
            if delay and await waits.until(due):
                burst = 0
            elif (burst := burst + 1) == _BURST:
                burst = 0
                await let_others_run()
            if data:
                await self._connection.send(data)
                self.size += len(data)
                if len(self.body) < KEPT_BODY:
                    self.body += data
                    if len(self.chunks) < _KEPT_CHUNKS:
                        self.chunks.append((due - began, len(data)))
