"""Faults on the wire: delays, lost replies, and damaged bodies."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn, Protocol

from mockserver.core.faults import Fault
from mockserver.core.seeded import Seeded
from mockserver.kit.operations import Header, Reply
from mockserver.wire.reply import head
from mockserver.wire.request import Broken, Connection, Disconnected, Ended
from mockserver.wire.waits import Waits

GARBLED = 16
# The default rate of a slow drip in bytes per second, and the maximum number of writes per second.
_RATE = 64
_WRITES_PER_SECOND = 10

# Returns the source of the random values of one fault; each call is for another fault.
FaultSeed = Callable[[], Awaitable[Seeded]]


class BreakOff(Protocol):
    """Closes a connection as `Connection.break_off` does."""

    def __call__(self, *, reset: bool) -> Awaitable[NoReturn]: ...


class WireFault:
    """Applies a fault to one connection, which `break_off` closes.

    `waits` are the waits of the request, and `now` returns the time of its sandbox. `seed` is called if the duration
    of the fault is random.
    """

    def __init__(
        self,
        fault: Fault,
        connection: Connection,
        break_off: BreakOff,
        waits: Waits,
        now: Callable[[], int],
        seed: FaultSeed,
    ) -> None:
        self._fault = fault
        self._connection = connection
        self._break_off = break_off
        self._waits = waits
        self._now = now
        self._seed = seed

    async def before_reply(self) -> None:
        """Apply a fault that happens before the reply. Raises Broken if no reply follows."""
        fault = self._fault
        if fault.kind == "latency":
            await self._pause(await self._duration(1_000))
            return
        if fault.kind == "hang":
            await self._pause(await self._duration(None))
        await self._break_off(reset=fault.kind == "reset")

    def damaged_head(self, reply: Reply, body: bytes, extra: Sequence[Header]) -> Sequence[Header]:
        """Return the headers of a reply whose body is damaged. Only a fault with `framing: chunked` changes them."""
        return head(reply, extra, None if self._fault.framing == "chunked" else len(body))

    async def send_damaged(self, reply: Reply, body: bytes, headers: Sequence[Header], *, with_body: bool) -> None:
        """Send a correct head, and a body with the fault at `fault.cut`.

        A body that is cut off has fewer bytes than its Content-Length or, if it is chunked, no last chunk (RFC 9112
        sections 6 and 7.1).
        """
        fault, connection = self._fault, self._connection
        never_has_body = reply.status in (204, 304)
        length = None if never_has_body or fault.framing == "chunked" else len(body)
        await connection.begin(reply.status, headers)
        if never_has_body or not with_body:
            body = b""
        cut = fault.cut(body)
        if fault.kind == "slow_drip":
            await self._drip(body)
        elif fault.kind == "stall":
            await connection.send(body[:cut])
            if fault.held:
                await self._waits.until_resumed()
            else:
                await self._pause(await self._duration(None))
            await connection.send(body[cut:])
        elif fault.kind == "garble":
            await connection.send(_garbled(body, cut))
        else:
            # With a Content-Length at least the last byte has to be missing. Otherwise the reply would be complete.
            cut = cut if length is None else max(0, min(cut, len(body) - 1))
            await connection.send(body[:cut])
            await self._break_off(reset=fault.kind == "reset")
        await connection.end()

    async def _drip(self, body: bytes) -> None:
        rate, began = self._fault.rate or _RATE, self._now()
        size = max(1, rate // _WRITES_PER_SECOND)
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            # Relative to the beginning, so that delays in sending do not add up.
            await self._pause_until(began + (start + len(piece)) * 1000 // rate)
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
                raise Broken from None  # nothing would have followed, so the client has seen the whole fault
            raise

    async def _duration(self, default: int | None) -> int | None:
        """Return how many milliseconds the fault lasts: a fixed or a random duration."""
        fault = self._fault
        if not fault.varies:
            return default if fault.lasts is None else fault.lasts.base
        seeded = await self._seed()
        return fault.pick_duration(seeded.unit)


def _garbled(body: bytes, start: int) -> bytes:
    """Return the body with sixteen bytes changed, from `start` or from where sixteen bytes are left."""
    start = max(0, min(start, len(body) - GARBLED))
    return body[:start] + bytes(b ^ 0xA5 for b in body[start : start + GARBLED]) + body[start + GARBLED :]
