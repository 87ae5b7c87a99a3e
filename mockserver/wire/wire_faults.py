"""Faults on the wire: what happens to a connection instead of, or in the middle of, a proper reply.

A reset is a real one where there is a socket: the server's protocol hands the transport along in the scope. Without
a socket (an in-process client) the same faults surface as ConnectionResetError, which clients report alike.
"""

from collections.abc import Sequence

from mockserver.core.faults import Fault
from mockserver.kit.operations import Header, Reply
from mockserver.wire import sockets
from mockserver.wire.body import Disconnected
from mockserver.wire.call import Call
from mockserver.wire.reply import Send, head
from mockserver.wire.waits import Waits

CONNECTION = "mockserver.connection"
GARBLED = 16
# Bytes per second of a slow drip that names no rate, and how often at most a drip falls in a second.
_RATE = 64
_DRIPS = 10


class Broken(Exception):
    """The connection was broken on purpose; there is nothing more to send."""


async def before_reply(fault: Fault, call: Call) -> None:
    """Do what a fault does before any byte of the reply. Raises Broken unless the reply is to follow."""
    if fault.kind == "latency":
        await pause(call, await _lasting(fault, call, 1_000))
        return
    if fault.kind == "hang":
        await pause(call, await _lasting(fault, call, None))
    await break_off(call, reset=fault.kind == "reset")


async def break_off(call: Call, *, reset: bool) -> None:
    """End the connection, with a reset (RST) or an orderly end (FIN), once all is sent. Always raises Broken."""
    transport = (call.scope.get("extensions") or {}).get(CONNECTION)
    if transport is None:
        raise ConnectionResetError("the connection was reset by the scenario")
    if reset:
        await sockets.reset(transport)
    else:
        await sockets.finish(transport, call.receive)
    # A server that does not know yet that the connection is gone would complain of a reply without an end.
    await sockets.until_gone(call.receive)
    raise Broken


async def pause(call: Call, milliseconds: int | None) -> None:
    """Wait on the sandbox's clock (None: for ever). Raises Broken when the client goes away first."""
    await _pause_until(call, None if milliseconds is None else call.sandbox.clock.now() + milliseconds)


async def _pause_until(call: Call, at: int | None) -> None:
    # An upload that is yet to be read must not be read by the watch for the client.
    unread = call.operation is not None and call.operation.body_kind == "multipart"
    waits = Waits(call, watching=at is None or not unread)
    try:
        await waits.until(at)
    except Disconnected:
        raise Broken from None
    finally:
        waits.close()


async def broken_body(fault: Fault, call: Call, send: Send, reply: Reply, body: bytes, extra: Sequence[Header]) -> None:
    """Send a reply whose body goes wrong at `fault.at` of its length. Its head promises the whole.

    Framed by its length, a body that is cut has fewer bytes than its Content-Length says; framed in chunks, it has
    no last chunk (RFC 9112 sections 6 and 7.1).
    """
    none_at_all = reply.status in (204, 304)
    length = None if none_at_all or fault.framing == "chunked" else len(body)
    await send({"type": "http.response.start", "status": reply.status, "headers": head(reply, extra, length)})
    if none_at_all or call.entry.method == "HEAD":
        body = b""
    cut = round(len(body) * fault.at)
    if fault.kind == "garble":
        await send({"type": "http.response.body", "body": _garbled(body, cut)})
    elif fault.kind == "slow_drip":
        await _drip(fault, call, send, body)
    elif fault.kind == "stall":
        await _stall(fault, call, send, body, cut)
    else:
        # A body that is cut off by its length lacks at least its last byte: else nothing would be wrong with it.
        cut = cut if length is None else max(0, min(cut, len(body) - 1))
        await send({"type": "http.response.body", "body": body[:cut], "more_body": True})
        await break_off(call, reset=fault.kind == "reset")


def _garbled(body: bytes, at: int) -> bytes:
    """The body with sixteen bytes changed, its first byte at the earliest and its last at the latest."""
    at = max(0, min(at, len(body) - GARBLED))
    return body[:at] + bytes(b ^ 0xA5 for b in body[at : at + GARBLED]) + body[at + GARBLED :]


async def _stall(fault: Fault, call: Call, send: Send, body: bytes, cut: int) -> None:
    await send({"type": "http.response.body", "body": body[:cut], "more_body": True})
    await pause(call, await _lasting(fault, call, None))
    await send({"type": "http.response.body", "body": body[cut:]})


async def _drip(fault: Fault, call: Call, send: Send, body: bytes) -> None:
    rate, began = fault.rate or _RATE, call.sandbox.clock.now()
    size = max(1, rate // _DRIPS)
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        # Counted from the beginning, so that delays in sending do not add up.
        await _pause_until(call, began + (at + len(piece)) * 1000 // rate)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _lasting(fault: Fault, call: Call, default: int | None) -> int | None:
    """The milliseconds that this strike lasts: what is fixed, or a draw that is seeded by the count of strikes."""
    if not fault.varies:
        return default if fault.lasts is None else fault.lasts.base
    what = ("strike", call.rule.name if call.rule else "armed", call.account.id if call.known else "")
    seeded = call.seeded.child(*what, await call.sandbox.store.next_number(*what))
    return fault.lasting(seeded.unit)
