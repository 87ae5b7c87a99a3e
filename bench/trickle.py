"""Check that clients that send a byte a second are disconnected, and that another client is not affected.

    python -m bench.trickle [--quick]

Half of the connections send their head slowly, a quarter their body, an eighth send nothing, and an eighth stop in the
middle of a body. Each must be closed at its deadline, at most five seconds late, and every file descriptor must be
closed.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, field
from itertools import cycle

from bench.load import Outcome
from bench.process import mockserver
from tests.raw import connected, receive_reply, request

ANALYZE = "/videotoprompt/v1/analyze/url"
SLACK = 5.0
KINDS = ("head", "head", "head", "head", "body", "body", "nothing", "stopped")


@dataclass(slots=True)
class Seen:
    """The seconds after which connections of each kind were closed, and the beginnings of their replies."""

    lived: dict[str, list[float]] = field(default_factory=dict)
    replies: dict[str, int] = field(default_factory=dict)


async def trickle(port: int, kind: str, seen: Seen) -> None:
    """Send too slowly on one connection until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    listening = asyncio.create_task(_heard(reader))
    whole = request("POST", ANALYZE, b" " * 2_000)
    at = len(whole) - 2_000 if kind in ("body", "stopped") else 0
    writer.write(whole[:at])
    while not listening.done():
        if kind in ("head", "body"):
            writer.write(whole[at : at + 1])
            at += 1
        await asyncio.wait([listening], timeout=1)
    reply = listening.result()
    seen.lived.setdefault(kind, []).append(time.monotonic() - began)
    status = reply[9:12].decode() or "closed"
    seen.replies[status] = seen.replies.get(status, 0) + 1
    writer.close()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(-1)
    except ConnectionResetError:
        return b"HTTP/1.1 RST"


async def healthy(port: int, until: asyncio.Event) -> Outcome:
    """A client that polls on one connection meanwhile."""
    outcome = Outcome()
    while not until.is_set():
        began = time.perf_counter()
        try:
            status = await asyncio.to_thread(_ask, port)
        except (OSError, AssertionError):
            status = 0
        outcome.latencies.append(time.perf_counter() - began)
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        outcome.replies += 1
        await asyncio.sleep(0.01)
    return outcome


def _ask(port: int) -> int:
    with connected(("127.0.0.1", port)) as connection:
        connection.sendall(request("GET", "/videotoprompt/v1/analyze/ana_none"))
        return receive_reply(connection).status


async def crowd(port: int, count: int) -> tuple[Seen, Outcome]:
    """Run all connections at once."""
    seen, over = Seen(), asyncio.Event()
    client = asyncio.create_task(healthy(port, over))
    kinds = cycle(KINDS)
    await asyncio.gather(*(trickle(port, next(kinds), seen) for _ in range(count)))
    over.set()
    return seen, await client


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100 connections with deadlines of 2 and 3 seconds")
    quick = parser.parse_args().quick
    count, head, body = (100, 2, 3) if quick else (500, 10, 30)
    with mockserver("--head-timeout", str(head), "--body-timeout", str(body)) as server:
        _ask(server.port)
        descriptors, memory = server.descriptors(), server.memory()
        seen, outcome = asyncio.run(crowd(server.port, count))
        time.sleep(1)
        after = server.descriptors()
        grown = server.memory() - memory
    late = 0
    for kind, lived in sorted(seen.lived.items()):
        deadline = head if kind in ("head", "nothing") else body
        late += sum(seconds > deadline + SLACK or seconds < deadline for seconds in lived)
        print(f"{kind:8} {len(lived):4} closed after {min(lived):5.1f} to {max(lived):5.1f} s (deadline {deadline} s)")
    errors = outcome.replies - outcome.statuses.get(404, 0)
    print(f"replies  {dict(sorted(seen.replies.items()))}")
    print(f"healthy  {outcome.replies} requests, {errors} errors, p99 {outcome.percentile(0.99):.1f} ms")
    print(f"memory   {grown:+.1f} MiB; descriptors {descriptors} before, {after} after")
    print(f"{count} connections, {late} not closed in time")
    return 1 if late or errors or after > descriptors else 0


if __name__ == "__main__":
    sys.exit(main())
