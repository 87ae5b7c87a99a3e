"""Upload 2 GiB, and check that memory does not grow, no file is written, and other clients are served.

python -m bench.upload [--quick]
"""

import argparse
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import Server, mockserver
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from tests.raw import Received, connected, receive_reply, request

UPLOAD = "/videotoprompt/v1/analyze/upload"
BOUNDARY = b"----bench"
PIECE = 1 << 20
MOST_MEMORY = 64.0
# The maximum file size of the plan `pro` (FACTS section 1, plans).
PRO_LIMIT = 2_000_000_000


@dataclass(slots=True)
class Watch:
    """Figures of the server during the upload: its memory, its temporary files, and the latency of another client."""

    server: Server
    memory: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.over.wait(0.02):
            self.memory = max(self.memory, self.server.memory())
            began = time.perf_counter()
            with connected(("127.0.0.1", self.server.port)) as connection:
                connection.sendall(request("GET", "/videotoprompt/v1/analyze/ana_none"))
                self.errors += receive_reply(connection).status != 404
            self.latencies.append(time.perf_counter() - began)

    def written(self) -> int:
        """Return the number of bytes that the server's process has written to disk (Linux)."""
        text = Path(f"/proc/{self.server.pid}/io").read_text()
        return int(text.partition("write_bytes:")[2].split()[0])


def zeros(size: int) -> Iterator[bytes]:
    """Yield this many bytes from a pipe that another process writes."""
    with subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE) as source:
        assert source.stdout is not None
        while piece := source.stdout.read(PIECE):
            yield piece


def upload(port: int, size: int, key: str) -> Received:
    """Send a video of exactly `size` bytes: a real one, filled up with a free box (ISO/IEC 14496-12, 8.1.2)."""
    film = video(2_000, Seeded("bench")).data
    film += struct.pack(">I4sQ", 1, b"free", size - len(film))
    head = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n'
    head += b"Content-Type: video/mp4\r\n\r\n" + film
    tail = b"\r\n--" + BOUNDARY + b"--\r\n"
    left = size - len(film)
    fields = (f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}",)
    length = f"Content-Length: {len(head) + left + len(tail)}"
    with connected(("127.0.0.1", port), 120) as connection:
        connection.sendall(request("POST", UPLOAD, b"", *fields, length, key=key) + head)
        try:
            for piece in zeros(left):
                connection.sendall(piece)
            connection.sendall(tail)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may refuse it before the end
        return _reply(connection)


def _reply(connection: socket.socket) -> Received:
    try:
        return receive_reply(connection, 120)
    except (ConnectionResetError, AssertionError):
        return Received()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="256 MiB, and no attempt over the limit")
    quick = parser.parse_args().quick
    size = 256 * 1024 * 1024 if quick else 2 * 1024**3
    with mockserver() as server:
        upload(server.port, 1_000_000, "enterprise-1")
        watch = Watch(server, server.memory())
        before, written = server.memory(), watch.written()
        thread = threading.Thread(target=watch.run)
        thread.start()
        began = time.perf_counter()
        reply = upload(server.port, size, "enterprise-1")
        seconds = time.perf_counter() - began
        watch.over.set()
        thread.join()
        written = watch.written() - written
        beyond = None if quick else [upload(server.port, PRO_LIMIT + more, "pro-1").status for more in (0, 1)]
    latencies = sorted(watch.latencies)
    p99 = latencies[int(len(latencies) * 0.99)] * 1000 if latencies else 0.0
    grown = watch.memory - before
    print(f"upload   {size / 2**20:.0f} MiB in {seconds:.1f} s ({size / 2**20 / seconds:.0f} MiB/s): {reply.status}")
    print(f"reply    {json.loads(reply.body) if reply.body else None}")
    print(f"memory   {before:.1f} MiB before, at most {watch.memory:.1f} MiB ({grown:+.1f})")
    print(f"disk     {written} bytes written")
    worst = latencies[-1] * 1000 if latencies else 0.0
    print(f"others   {len(latencies)} requests, {watch.errors} errors, p99 {p99:.1f} ms, worst {worst:.1f} ms")
    if beyond:
        print(f"limit    {PRO_LIMIT} bytes: {beyond[0]}; one more: {beyond[1]}")
    good = reply.status == 202 and grown <= MOST_MEMORY and not written and not watch.errors
    return 0 if good and beyond in (None, [202, 403]) else 1


if __name__ == "__main__":
    sys.exit(main())
