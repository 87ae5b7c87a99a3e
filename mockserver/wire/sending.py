"""Sending: does what was decided about a reply, and knows what became of it."""

from collections.abc import Sequence

from mockserver.clock import Clock, let_others_run
from mockserver.core.faults import Fault
from mockserver.core.journal import KEPT_BODY
from mockserver.kit.operations import Header, Reply
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Connection, Disconnected
from mockserver.wire.stream import ENDINGS
from mockserver.wire.waits import Waits
from mockserver.wire.wire_faults import Strike, WireFault

# So many chunks that are due already go out before others have a turn.
_BURST = 32


class Sender:
    """Sends the reply to one request, and knows for the journal what went out of it, as far as it went.

    `token` is what the clock knows the request by. `body` is the beginning of what was sent, `size` how many bytes of
    a stream were, and `ending` how it ended. Where it is `stateless`, nothing that the reply said of a job has reached
    the client.
    """

    __slots__ = (
        "_clock", "_connection", "_strike", "_token", "body", "ending", "note", "size", "stateless", "status",
    )  # fmt: skip

    def __init__(self, connection: Connection, clock: Clock, token: object, strike: Strike) -> None:
        self._connection = connection
        self._clock = clock
        self._token = token
        self._strike = strike
        self.status: int | None = None
        self.body = b""
        self.size = 0
        self.note: str | None = None
        self.ending: str | None = None
        self.stateless = False

    async def wait(self, until: int | None) -> None:
        """Wait for an instant (None: for ever). Raises Disconnected when the client goes away first."""
        waits = Waits(self._clock, self._connection, self._token)
        try:
            await waits.until(until)
        finally:
            waits.close()

    async def before_reply(self, fault: Fault, *, unread: bool = False) -> None:
        """Do what a fault does before the reply.

        Raises Broken unless the reply is to follow, and Disconnected where the client goes away first. Where a body is
        yet to be read (`unread`), a wait that ends must not read it to see if the client is there.
        """
        endless = fault.kind == "hang" and fault.lasts is None
        waits = Waits(self._clock, self._connection, self._token, watching=endless or not unread)
        try:
            await WireFault(fault, self._connection, waits, self._clock.now, self._strike).before_reply()
        except Disconnected:
            self.note = self.note or "the client went away before its reply"
            raise
        finally:
            waits.close()

    async def reply(
        self, reply: Reply, extra: Sequence[Header], fault: Fault | None = None, *, with_body: bool = True
    ) -> None:
        """Send a reply, spoilt by `fault` if there is one. A reply to HEAD goes without its body.

        Raises Broken and Disconnected where it does not get through.
        """
        self.status = reply.status
        if reply.stream is not None:
            # A fault in the middle of a stream is a part of the stream: it knows where its chunks are.
            await self._stream(reply, extra)
            return
        body = self.body = encode(reply)
        if fault is None:
            await self._connection.respond(reply.status, head(reply, extra, len(body)), body)
            return
        self.note = f"the reply was spoilt: {fault.kind}"
        self.stateless = fault.kind == "garble"
        waits = Waits(self._clock, self._connection, self._token)
        try:
            wire_fault = WireFault(fault, self._connection, waits, self._clock.now, self._strike)
            await wire_fault.spoil(reply, body, extra, with_body=with_body)
        finally:
            waits.close()

    async def lose(self, reply: Reply, fault: Fault) -> None:
        """Lose a reply after its operation was done. Raises Broken unless it is only late."""
        self.status = reply.status
        self.body = b"" if reply.stream is not None else encode(reply)
        self.note = f"the operation was done and its reply lost: {fault.kind}"
        await self.before_reply(fault)

    async def _stream(self, reply: Reply, extra: Sequence[Header]) -> None:
        assert reply.stream is not None
        track = reply.stream.track
        self.note = reply.stream.note
        self.ending = "client_left"
        waits = Waits(self._clock, self._connection, self._token)
        try:
            await self._connection.begin(reply.status, head(reply, extra, None))
            await self._play(reply.stream.began, track.chunks, waits)
            self.ending = ENDINGS[track.ending]
            if track.ending == "stall":
                await waits.until(None)
            elif track.ending != "complete":
                await self._connection.break_off(reset=track.ending == "reset")
            await self._connection.end()
        except Disconnected:
            self.note = f"the client went away after {self.size} bytes"
            raise
        finally:
            waits.close()

    async def _play(self, began: int, chunks: Sequence[tuple[int, bytes]], waits: Waits) -> None:
        """Send the chunks, each when it is due: counted from the start, so that delays in sending do not add up."""
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
