"""Faults on the wire: what happens to a connection instead of, or in the middle of, a proper reply.

A reset is a real one where there is a socket: the server's protocol hands the transport along in the scope. Without
a socket (an in-process client) the same faults surface as ConnectionResetError, which clients report alike.
"""

import asyncio
import socket
import struct
from collections.abc import Sequence
from typing import Any

from mockserver.core.durations import Span
from mockserver.core.faults import Fault
from mockserver.providers.base import Header, Reply
from mockserver.wire.call import Call
from mockserver.wire.reply import Send, head

CONNECTION = "mockserver.connection"
FOR_EVER = 366 * 86_400_000
_DRIP = 512


class Broken(Exception):
    """The connection was broken on purpose; there is nothing more to send."""


async def before_reply(fault: Fault, call: Call) -> None:
    """Do what a fault does before any byte of the reply. Raises Broken unless the reply is to follow."""
    if fault.kind == "latency":
        await pause(call, _picked(fault, call, Span(1_000)))
        return
    if fault.kind == "hang":
        await pause(call, _picked(fault, call, Span(FOR_EVER)))
    break_off(call.scope, reset=fault.kind == "reset")


def break_off(scope: Any, *, reset: bool) -> None:
    """End the connection now, with a reset (RST) or an orderly end (FIN). Always raises Broken."""
    transport = (scope.get("extensions") or {}).get(CONNECTION)
    if transport is None:
        raise ConnectionResetError("the connection was reset by the scenario")
    if reset:
        # Linger of zero seconds makes the kernel send RST instead of FIN (POSIX, SO_LINGER).
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    raise Broken


async def pause(call: Call, milliseconds: int) -> None:
    """Wait on the sandbox's clock. Raises Broken when the client goes away first."""
    clock = call.sandbox.clock
    sleeping = asyncio.ensure_future(clock.sleep_until(clock.now() + milliseconds, call))
    leaving = asyncio.ensure_future(_disconnected(call))
    try:
        await asyncio.wait({sleeping, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not sleeping.done():
            raise Broken
    finally:
        for task in (sleeping, leaving):
            task.cancel()
        await asyncio.gather(sleeping, leaving, return_exceptions=True)


async def _disconnected(call: Call) -> None:
    while (await call.receive())["type"] != "http.disconnect":
        pass


async def broken_body(fault: Fault, call: Call, send: Send, reply: Reply, body: bytes, extra: Sequence[Header]) -> None:
    """Send a reply whose body goes wrong at `fault.at` of its length. The headers promise the whole."""
    cut = min(len(body), round(len(body) * fault.at))
    if fault.kind == "garble":
        body = body[:cut] + bytes(b ^ 0xA5 for b in body[cut : cut + 16]) + body[cut + 16 :]
    await send({"type": "http.response.start", "status": reply.status, "headers": head(reply, extra, len(body))})
    if fault.kind == "garble":
        await send({"type": "http.response.body", "body": body})
    elif fault.kind == "slow_drip":
        await _drip(fault, call, send, body)
    else:
        await send({"type": "http.response.body", "body": body[:cut], "more_body": True})
        if fault.kind == "stall":
            await pause(call, _picked(fault, call, Span(FOR_EVER)))
            await send({"type": "http.response.body", "body": body[cut:]})
            return
        break_off(call.scope, reset=fault.kind == "reset")


async def _drip(fault: Fault, call: Call, send: Send, body: bytes) -> None:
    rate = fault.rate or 64
    size = max(1, min(_DRIP, rate // 10))
    for at in range(0, len(body), size):
        await pause(call, size * 1000 // rate)
        await send({"type": "http.response.body", "body": body[at : at + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _picked(fault: Fault, call: Call, default: Span) -> int:
    span = fault.lasts or default
    return span.pick(call.seeded.unit("fault", fault.kind, call.now)) if span.spread else span.base
