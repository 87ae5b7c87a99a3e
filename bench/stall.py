"""Measure how long other clients wait while a 30 MB video is uploaded as Base64, plain and with line breaks.

    python -m bench.stall

Another connection polls the health check meanwhile. Its longest wait is the result. Then eight such files are uploaded
at the same time, and the result is how much the server's memory grows at most, and the statuses of the replies.
"""

import argparse
import base64
import json
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

from bench.process import Server, mockserver
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video

SIZE = 30 * 1_048_576
ROUNDS = 3
AT_ONCE = 8
HEADERS = {"Authorization": "Bearer bench-key", "Content-Type": "application/json"}


def body(*, wrapped: bool) -> bytes:
    """Return a request with a file of the maximum size: an MP4 and a box of padding."""
    head = video(8_000, Seeded(1)).data
    free = (SIZE - len(head)).to_bytes(4, "big") + b"free"
    data = head + free + bytes(SIZE - len(head) - len(free))
    text = base64.encodebytes(data) if wrapped else base64.b64encode(data)
    return json.dumps({"videoSource": "file", "videoFile": text.decode(), "locale": "en"}).encode()


def polled(server: Server, until: threading.Event) -> list[float]:
    """Poll until the event is set, and return the latencies in milliseconds."""
    connection, took = HTTPConnection("127.0.0.1", server.port), []
    while not until.is_set():
        began = time.perf_counter()
        connection.request("GET", "/_mock/health")
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
    connection.close()
    return took


def posted(server: Server, payload: bytes) -> int:
    """Send the request, read the first byte of the reply, and return its status."""
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/nanophoto/api/sora-2/reverse-prompt", payload, HEADERS)
    reply = connection.getresponse()
    if reply.status not in (200, 503):
        raise SystemExit(f"{reply.status} {reply.read(300)!r}")
    reply.read(1)
    connection.close()
    return reply.status


def at_once(server: Server, payload: bytes) -> str:
    """Send the request on several connections at the same time. Return the growth of the memory, and the statuses."""
    before = server.memory()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = Counter(threads.map(lambda _: posted(server, payload), range(AT_ONCE)))
    replies = ", ".join(f"{count} of status {status}" for status, count in sorted(statuses.items()))
    return f"{AT_ONCE} at once: at most {server.peak() - before:+.0f} MiB, {replies}"


def main() -> None:
    """Print the maximum and the median latency of the other client."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with mockserver("--scenario", "nanophoto-stream-at-once") as server:
        print(at_once(server, body(wrapped=False)))
    with mockserver("--scenario", "nanophoto-stream-at-once") as server:
        for name, wrapped in (("plain Base64", False), ("with line breaks", True)):
            payload, worst, all_of_them = body(wrapped=wrapped), [], []
            for _ in range(ROUNDS):
                over = threading.Event()
                seen: list[float] = []
                poller = threading.Thread(target=lambda over=over, seen=seen: seen.extend(polled(server, over)))
                poller.start()
                posted(server, payload)
                over.set()
                poller.join()
                worst.append(max(seen))
                all_of_them += seen
            print(
                f"{name:<18} {len(payload) / 1e6:.0f} MB: worst {max(worst):.0f} ms in {ROUNDS} rounds "
                f"(median of the worst {statistics.median(worst):.0f}), median {statistics.median(all_of_them):.1f} ms"
            )


if __name__ == "__main__":
    main()
