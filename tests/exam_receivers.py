"""Receivers of webhooks for the exam: a good one, the sample on Descrideo's page, and bad ones with one flaw each."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mockserver.clock import wall_ms
from tests.threaded import running

SECRET = "whsec_exam"
TOLERANCE = 300


def now() -> float:
    return wall_ms() / 1000


class Receiver:
    """A receiver of one provider's webhooks that processes each job once. Subclasses have one flaw each."""

    provider = "descrideo"
    get_status = 405

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.jobs: set[str] = set()
        self.processed = 0

    def handle(self, headers: dict[str, str], body: bytes) -> int:
        if not self.authentic(headers, body):
            return 401
        self.take(json.loads(body))
        return 204

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        if self.provider == "videotoprompt":
            return any(self.matches(each, body) for each in headers.get("x-v2p-signature", "").split(", "))
        stamp = headers.get("x-nxt-timestamp", "")
        signatures = headers.get("x-nxt-signature", "").split(", ")
        return any(self.matches(each, body + stamp.encode()) for each in signatures) and self.recent(stamp)

    def matches(self, signature: str, message: bytes) -> bool:
        expected = "sha256=" + hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode())

    def recent(self, stamp: str) -> bool:
        return stamp.isdecimal() and abs(now() - int(stamp)) <= TOLERANCE

    def take(self, event: Any) -> None:
        with self.lock:
            job = event["job_id"] if self.provider == "descrideo" else event["data"]["id"]
            if job not in self.jobs:
                self.jobs.add(job)
                self.processed += 1


class ForVideoToPrompt(Receiver):
    provider = "videotoprompt"


class PageSample(Receiver):
    """Verifies as the sample on Descrideo's page does: the age of the timestamp is not checked."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        expected = headers.get("x-nxt-signature", "").removeprefix("sha256=")
        message = body + headers.get("x-nxt-timestamp", "").encode()
        return hmac.compare_digest(hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest(), expected)


class NoVerification(Receiver):
    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        return True


class Reencodes(Receiver):
    """Verifies the JSON as it would encode it, in the provider's compact form."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        again = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
        return super().authentic(headers, again)


class ReencodesWithSpaces(Receiver):
    """Verifies the JSON as `json.dumps` encodes it, which is never what the provider sends."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        return super().authentic(headers, json.dumps(json.loads(body)).encode())


class ReencodesInJavaScript(Receiver):
    """Verifies the JSON as `JSON.stringify` encodes it: `1.0` is `1`."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        def number(text: str) -> float | int:
            value = float(text)
            return int(value) if value.is_integer() else value

        data = json.loads(body, parse_float=number)
        return super().authentic(headers, json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode())


class NotConstantTime(Receiver):
    def matches(self, signature: str, message: bytes) -> bool:
        return "sha256=" + hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest() == signature


class AcceptsStale(Receiver):
    def recent(self, stamp: str) -> bool:
        return stamp.isdecimal() and int(stamp) <= now() + TOLERANCE


class AcceptsFuture(Receiver):
    def recent(self, stamp: str) -> bool:
        return stamp.isdecimal() and int(stamp) >= now() - TOLERANCE


class IgnoresTheTimestamp(Receiver):
    """Verifies the body only, which VideoToPrompt signs and Descrideo does not."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        stamp = headers.get("x-nxt-timestamp", "")
        return self.recent(stamp) and (
            super().authentic(headers, body) or self.matches(headers.get("x-nxt-signature", ""), body)
        )


class SkipsUnsigned(Receiver):
    """Verifies a signature only if there is one."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        return "x-nxt-signature" not in headers or super().authentic(headers, body)


class NotIdempotent(Receiver):
    def take(self, event: Any) -> None:
        with self.lock:
            self.processed += 1


class RacesWithItself(Receiver):
    """Looks for the job, works, and only then notes it."""

    def take(self, event: Any) -> None:
        if event["job_id"] not in self.jobs:
            threading.Event().wait(0.05)
            self.jobs.add(event["job_id"])
            with self.lock:
                self.processed += 1


class RefusesDuplicates(Receiver):
    def handle(self, headers: dict[str, str], body: bytes) -> int:
        known = self.authentic(headers, body) and json.loads(body)["job_id"] in self.jobs
        return 409 if known else super().handle(headers, body)


class Strict(Receiver):
    """Refuses fields and values that the page does not have."""

    def handle(self, headers: dict[str, str], body: bytes) -> int:
        known = {"job_id", "status", "result", "billing", "meta", "timing_ms", "error"}
        if self.authentic(headers, body):
            event = json.loads(body)
            values = (event["status"], event["meta"]["transcription"]["status"])
            if set(event) - known or set(values) - {"succeeded", "failed", "completed", "disabled"}:
                return 422
        return super().handle(headers, body)


class CrashesOnForgeries(Receiver):
    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        if not super().authentic(headers, body):
            raise ValueError("wrong signature")
        return True


class VerifiesJsonOnly(Receiver):
    """Verifies only what is declared as JSON."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        return headers.get("content-type") != "application/json" or super().authentic(headers, body)


class Small(Receiver):
    def handle(self, headers: dict[str, str], body: bytes) -> int:
        return 413 if len(body) > 100_000 else super().handle(headers, body)


class Closed(Receiver):
    """Refuses everything."""

    def authentic(self, headers: dict[str, str], body: bytes) -> bool:
        return False


class AnswersGet(Receiver):
    """Has a page at the URL of its webhooks."""

    get_status = 200


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@contextmanager
def serving(receiver: Receiver) -> Iterator[str]:
    """Serve a receiver at /hook and its counter at /processed, and yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/processed":
                self.reply(200, str(receiver.processed).encode())
            else:
                self.reply(receiver.get_status)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                self.close_connection = True
                return
            headers: dict[str, str] = {}
            for name, value in self.headers.items():
                name = name.lower()
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            try:
                status = receiver.handle(headers, body)
            except (ValueError, KeyError, TypeError):
                status = 500
            self.reply(status)

        def reply(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    with running(server):
        yield f"http://127.0.0.1:{server.server_port}"
