"""Measure how long the server holds its event loop for large and hostile bodies.

    python -m bench.hold
    python -m bench.hold --only words    # the bodies whose name contains this

The server and the client are in one process. The hold is the CPU time of one turn of the event loop, in milliseconds;
the result is the longest turn of each body. Each body is sent once before, so that nothing is loaded meanwhile.
"""

import argparse
import asyncio
import base64
import gc
import json
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import uvloop

from bench.verdict import Budget, judged
from mockserver.app import create_app
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from mockserver.serving.http_server import HttpServer
from mockserver.serving.listening import listen
from mockserver.settings import Settings

MIB = 1_048_576
MOST = 50.0
DUMPLING, NANO = "/dumplingai/api/v1/extract-video", "/nanophoto/api/sora-2/reverse-prompt"
UPLOAD, SUBMIT = "/videotoprompt/v1/analyze/upload", "/videotoprompt/v1/analyze/url"
BOUNDARY = "bench-boundary"


class Hostile(NamedTuple):
    """A request: its path, its body, and the content type."""

    path: str
    body: Callable[[], bytes]
    content_type: str = "application/json"


def extraction(**more: str) -> bytes:
    given = {"inputMethod": "url", "video": "https://example.com/a.mp4", "prompt": "List the products."}
    return json.dumps({**given, **more}, ensure_ascii=False).encode()


def reverse_prompt(data: bytes, *, wrapped: bool = False) -> bytes:
    text = base64.encodebytes(data) if wrapped else base64.b64encode(data)
    return json.dumps({"videoSource": "file", "videoFile": text.decode(), "locale": "en"}).encode()


def multipart(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def movie(size: int, filler: bytes = b"") -> bytes:
    """Return an MP4 of `size` bytes that ends with one large box, or with many boxes `filler`."""
    head = video(8_000, Seeded(1)).data
    if filler:
        return head + filler * ((size - len(head)) // len(filler))
    return head + (size - len(head)).to_bytes(4, "big") + b"free" + bytes(size - len(head) - 8)


def prompt(text: str) -> Hostile:
    return Hostile(DUMPLING, lambda: extraction(prompt=text))


def raw(before: bytes, repeated: bytes, times: int, after: bytes) -> Hostile:
    return Hostile(DUMPLING, lambda: before + repeated * times + after)


def upload(content: Callable[[], bytes]) -> Hostile:
    return Hostile(UPLOAD, lambda: multipart(content()), f"multipart/form-data; boundary={BOUNDARY}")


def fields(count: int) -> bytes:
    return json.dumps({f"field{n}": n for n in range(count)}).encode()


def file(data: bytes) -> bytes:
    return extraction(inputMethod="base64", video=base64.b64encode(data).decode())


TINY_BOX = b"\x00\x00\x00\x08free"
SIZE = 30_000_000
BODIES: dict[str, Hostile] = {
    "60 MB of white space as the prompt": prompt(" " * (60 * MIB)),
    "60 MB of words as the prompt": prompt("word " * (12 * MIB)),
    "60 MB of words that are not ASCII": prompt("w\u00f6rd " * (10 * MIB)),
    "60 MB of words and a smiley": prompt("word " * (12 * MIB) + "\U0001f600"),
    "60 MB of line breaks as the prompt": prompt("\n" * (30 * MIB)),
    "60 MB of escaped quotes": prompt('"' * (30 * MIB)),
    "60 MB of escaped smileys": raw(b'{"prompt": "', b"\\ud83d\\ude00", 5 * MIB, b'"}'),
    "60 MB as the URL": Hostile(DUMPLING, lambda: extraction(video="https://example.com/" + "a/" * (30 * MIB))),
    "60 MB as the name of a field": Hostile(DUMPLING, lambda: extraction(**{"x" * (60 * MIB): ""})),
    "60 MB of white space around the JSON": raw(b"", b" ", 60 * MIB, b"{}"),
    "60 MB of brackets": raw(b"", b"[", 60 * MIB, b""),
    "19 million commas": raw(b"[", b"0,", 19_000_000, b"0]"),
    "19 million commas behind a file": raw(b'{"video": "' + b"A" * 20 * MIB + b'", "a": [', b"0,", 19_000_000, b"0]}"),
    "20 million empty strings": raw(b"[", b'"",', 20_000_000, b'""]'),
    "15 million objects": raw(b"[", b"{},", 15_000_000, b"0]"),
    "1 million unknown fields": Hostile(DUMPLING, lambda: fields(1_000_000)),
    "1 MB of unknown fields": Hostile(SUBMIT, lambda: fields(55_000)),
    "1 MB of small values": Hostile(SUBMIT, lambda: b'{"url": [' + b"0," * 520_000 + b"0]}"),
    "30 MB file in Base64": Hostile(NANO, lambda: reverse_prompt(movie(SIZE))),
    "30 MB file in Base64 with line breaks": Hostile(NANO, lambda: reverse_prompt(movie(SIZE), wrapped=True)),
    "30 MB of boxes of 8 bytes in Base64": Hostile(NANO, lambda: reverse_prompt(movie(SIZE, TINY_BOX))),
    "45 MB file in Base64, at DumplingAI": Hostile(DUMPLING, lambda: file(movie(45_000_000))),
    "30 MB of boxes of 8 bytes, uploaded": upload(lambda: movie(SIZE, TINY_BOX)),
    "30 MB of almost boundaries, uploaded": upload(lambda: b"\r\n--bench-boundar" * 1_800_000),
}


class Holds:
    """Measures the CPU time of each turn of the event loop."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest, before = max(self.longest, (now - before) * 1000), now


async def send(port: int, hostile: Hostile, payload: bytes) -> int:
    """Send one request, and return the status of its reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST {hostile.path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer bench\r\n"
        f"Connection: close\r\nContent-Type: {hostile.content_type}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    try:
        writer.write(head.encode())
        view = memoryview(payload)
        for at in range(0, len(payload), 65_536):
            writer.write(view[at : at + 65_536])
            await writer.drain()
    except ConnectionError:
        pass  # the server has refused the request
    reply = await reader.read(4_096)
    while await reader.read(65_536):
        pass
    writer.close()
    return int(reply.split(b" ", 2)[1]) if reply else 0


async def measure(only: str) -> list[Budget]:
    app = create_app(Settings(scenario="nanophoto-stream-at-once"))
    server, listener = HttpServer(app), listen("127.0.0.1", 0)
    await server.startup([listener])
    budgets = []
    gc.disable()  # a collection would count as the work of whatever body comes then
    for name, hostile in BODIES.items():
        if only not in name:
            continue
        payload = hostile.body()
        await send(listener.getsockname()[1], hostile, payload[:65_536])
        holds = Holds()
        watch = asyncio.create_task(holds.watch())
        began = time.perf_counter()
        status = await send(listener.getsockname()[1], hostile, payload)
        watch.cancel()
        took = time.perf_counter() - began
        print(f"{name:<42} {len(payload) / 1e6:5.0f} MB  {status}  {took:5.1f} s  {holds.longest:7.1f} ms", flush=True)
        budgets.append(Budget(name, holds.longest, MOST, "ms"))
        del payload
    await server.shutdown()
    return budgets


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="measure the bodies whose name contains this")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return judged(runner.run(measure(parser.parse_args().only)))


if __name__ == "__main__":
    sys.exit(main())
