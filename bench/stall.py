"""Measure how long other clients wait while a 30 MB video is uploaded as Base64, plain and with line breaks.

    python -m bench.stall

Another connection polls the health check meanwhile. Its longest wait is the result.
"""

import argparse
import base64
import json
import statistics
import threading
import time
from http.client import HTTPConnection

from bench.process import Server, mockserver
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video

SIZE = 30 * 1_048_576
ROUNDS = 3
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


def posted(server: Server, payload: bytes) -> None:
    """Send the request and read the first byte of the reply."""
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/nanophoto/api/sora-2/reverse-prompt", payload, HEADERS)
    reply = connection.getresponse()
    if reply.status != 200:
        raise SystemExit(f"{reply.status} {reply.read(300)!r}")
    reply.read(1)
    connection.close()


def main() -> None:
    """Print the maximum and the median latency of the other client."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
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
