"""The workloads of every server: a poll, a submission and a stream, as the bytes of a request."""

import json
import time
from collections.abc import Mapping
from typing import Any

from bench.process import ROOT, Server

WORKS = W1, W2, W3 = "W1", "W2", "W3"
TITLES = {W1: "W1 poll a completed job", W2: "W2 submit a job", W3: "W3 stream 4 KB in 40 chunks"}
KEY = "bench-key"

POLL_PATH = "/videotoprompt/v1/analyze/"
SUBMIT_PATH = "/videotoprompt/v1/analyze/url"
SUBMIT = json.dumps({"url": "https://www.youtube.com/watch?v=EXAMPLE", "platform": "midjourney"}).encode()
# The default scenario completes this job at once.
SUBMIT_FAST = json.dumps({"url": "https://www.youtube.com/watch?v=mock-fast", "platform": "midjourney"}).encode()
STREAM_PATH = "/nanophoto/api/sora-2/reverse-prompt"
STREAM = json.dumps({"videoSource": "youtube", "videoUrl": "https://www.youtube.com/watch?v=W-15-UmGP5s"}).encode()
LIST_PATH = "/prompttovideo/api/v1/videos?page=1&per_page=20"
QUEUE_PATH = "/prompttovideo/api/v1/queue/status"
GENERATE_PATH = "/prompttovideo/api/v1/generate"
GENERATE = json.dumps({"prompt": "A beautiful sunset over the ocean", "quality": "free"}).encode()

AT_ONCE = ROOT / "bench" / "scenarios" / "stream-at-once.yaml"
PACED = ROOT / "bench" / "scenarios" / "stream-paced.yaml"
# The length of a paced stream in seconds: 40 chunks, with 20 ms before each.
PACED_LASTS = 0.8


def request(method: str, path: str, port: int, body: bytes = b"") -> bytes:
    """Return the bytes of a request with a bearer key."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {KEY}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def send(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send one request, and return the status and the body of the reply. Raises OSError if no server listens."""
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body or None, headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def ask(server: Server, method: str, path: str, body: Mapping[str, Any] | bytes = b"") -> Any:
    """Send one request, and return the JSON of the reply. Exit if it is not a success."""
    status, text = send(server.port, method, path, body if isinstance(body, bytes) else json.dumps(body).encode())
    if status >= 300:
        raise SystemExit(f"{method} {path}: {status} {text[:200]!r}")
    return json.loads(text) if text else None


def polled(port: int, path: str, body: bytes, poll: str) -> bool:
    """Submit a job and poll it. Return whether the poll returns 200; False also if no server listens."""
    try:
        _, text = send(port, "POST", path, body)
    except OSError:
        return False
    return send(port, "GET", poll + str(json.loads(text)["id"]))[0] == 200


def completed(server: Server) -> str:
    """Create an analysis that is completed, and return its path."""
    job = ask(server, "POST", SUBMIT_PATH, SUBMIT)["id"]
    ask(server, "POST", "/_mock/clock", {"until": {"job": job}})
    return POLL_PATH + str(job)


def waited_for(server: Server) -> str:
    """Create an analysis, poll it in real time until it is completed, and return its path."""
    path = POLL_PATH + str(ask(server, "POST", SUBMIT_PATH, SUBMIT)["id"])
    while ask(server, "GET", path)["status"] != "completed":
        time.sleep(0.1)
    return path
