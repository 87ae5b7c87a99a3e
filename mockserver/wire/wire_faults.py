"""Faults on the wire: what happens to a connection instead of, or in the middle of, a proper reply."""

from collections.abc import Awaitable, Callable, Sequence

from mockserver.core.faults import Fault
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Header, Reply
from mockserver.wire.reply import head
from mockserver.wire.request import Broken, Connection, Disconnected, Ended
from mockserver.wire.waits import Waits

GARBLED = 16
# Bytes per second of a slow drip that names no rate, and how often at most a drip falls in a second.
_RATE = 64
_DRIPS = 10

# Gives the seeded source of the draws of one strike: which strike it is, is counted.
Strike = Callable[[], Awaitable[Seeded]]


class WireFault:
    """One strike of a fault on one connection.

    `waits` are those of the request; `now` tells the time of its sandbox; `strike` is asked where what the fault lasts
    is drawn.
    """

    def __init__(
        self, fault: Fault, connection: Connection, waits: Waits, now: Callable[[], int], strike: Strike
    ) -> None:
        self._fault = fault
        self._connection = connection
        self._waits = waits
        self._now = now
        self._strike = strike

    async def before_reply(self) -> None:
        """Do what the fault does before any byte of the reply. Raises Broken unless the reply is to follow."""
        fault = self._fault
        if fault.kind == "latency":
            await self._pause(await self._lasting(1_000))
            return
        if fault.kind == "hang":
            await self._pause(await self._lasting(None))
        await self._connection.break_off(reset=fault.kind == "reset")

    async def spoil(self, reply: Reply, body: bytes, extra: Sequence[Header], *, with_body: bool) -> None:
        """Send a reply whose body goes wrong at `fault.at` of its length. Its head promises the whole.

        Framed by its length, a body that is cut has fewer bytes than its Content-Length says; framed in chunks, it has
        no last chunk (RFC 9112 sections 6 and 7.1).
        """
        fault, connection = self._fault, self._connection
        none_at_all = reply.status in (204, 304)
        length = None if none_at_all or fault.framing == "chunked" else len(body)
        await connection.begin(reply.status, head(reply, extra, length))
        if none_at_all or not with_body:
            body = b""
        cut = round(len(body) * fault.at)
        if fault.kind == "slow_drip":
            await self._drip(body)
        elif fault.kind == "stall":
            await connection.send(body[:cut])
            await self._pause(await self._lasting(None))
            await connection.send(body[cut:])
        elif fault.kind == "garble":
            await connection.send(_garbled(body, cut))
        else:
            # A body that is cut off by its length lacks at least its last byte: else nothing would be wrong with it.
            cut = cut if length is None else max(0, min(cut, len(body) - 1))
            await connection.send(body[:cut])
            await connection.break_off(reset=fault.kind == "reset")
        await connection.end()

    async def _drip(self, body: bytes) -> None:
        rate, began = self._fault.rate or _RATE, self._now()
        size = max(1, rate // _DRIPS)
        for at in range(0, len(body), size):
            piece = body[at : at + size]
            # Counted from the beginning, so that delays in sending do not add up.
            await self._pause_until(began + (at + len(piece)) * 1000 // rate)
            await self._connection.send(piece)

    async def _pause(self, milliseconds: int | None) -> None:
        """Wait on the sandbox's clock (None: for ever)."""
        await self._pause_until(None if milliseconds is None else self._now() + milliseconds)

    async def _pause_until(self, at: int | None) -> None:
        try:
            await self._waits.until(at)
        except Ended:
            raise
        except Disconnected:
            if at is None:
                raise Broken from None  # nothing was to come: its client has met the whole fault
            raise

    async def _lasting(self, default: int | None) -> int | None:
        """The milliseconds that this strike lasts: what is fixed, or a draw that is seeded by the count of strikes."""
        fault = self._fault
        if not fault.varies:
            return default if fault.lasts is None else fault.lasts.base
        seeded = await self._strike()
        return fault.pick_duration(seeded.unit)


def _garbled(body: bytes, at: int) -> bytes:
    """The body with sixteen bytes changed, its first byte at the earliest and its last at the latest."""
    at = max(0, min(at, len(body) - GARBLED))
    return body[:at] + bytes(b ^ 0xA5 for b in body[at : at + GARBLED]) + body[at + GARBLED :]
