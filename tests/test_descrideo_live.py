"""Descrideo over real sockets: a Source Provider, a storage and a webhook receiver that listen on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.descrideo_client import by, verified
from tests.live import Live, live
from tests.threaded import running

PATH = "/descrideo/v1/video-descriptions"
SECRET = "whsec_test"
SCENARIO = {
    "extends": "default",
    "accounts": [{"key": "*", "plan": "pro", "webhook": {"url": "http://127.0.0.1:1/unused", "secret": SECRET}}],
}


class Integrator:
    """An integrator's server: checks signatures, brokers a presigned URL, serves a video, and takes webhooks."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.base = ""
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.seen.append((method, path, headers, body))
        if path == "/broker":
            return self._brokered(headers, body)
        if path.startswith("/video.mp4?signature="):
            gone = self.broken == "storage"
            return (404, {}, b"") if gone else (206, {"Content-Range": "bytes 0-1023/9000"}, b"\0" * 1024)
        return 204, {}, b""

    def _brokered(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.broken == "redirect":
            return 302, {"Location": f"{self.base}/elsewhere"}, b""
        if self.broken == "signature" or not verified(body, headers, SECRET):
            return 401, {}, b""
        url = (
            "http://169.254.169.254/latest/meta-data"
            if self.broken == "metadata"
            else f"{self.base}/video.mp4?signature=x"
        )
        return 200, {"Content-Type": "application/json"}, json.dumps({"url": url}).encode()


@contextmanager
def listening(integrator: Integrator) -> Iterator[Integrator]:
    """Serve the integrator's side on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            status, headers, answer = integrator.answer(self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.headers["Content-Length"] = "0"
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    integrator.base = f"http://127.0.0.1:{server.server_address[1]}"
    with running(server):
        yield integrator


def ended(server: Live, integrator: Integrator, provider: str = "") -> dict[str, Any]:
    """A job from that Source Provider after an hour."""
    broker = provider or f"{integrator.base}/broker"
    body = {
        "source": {"type": "source_provider", "provider": {"url": broker, "reference": "video-42"}},
        "frames": 10,
        "webhook": {"url": f"{integrator.base}/hook"},
    }
    job_id = server.client.post(PATH, json=body, headers=by()).raise_for_status().json()["job_id"]
    server.advance("1h")
    made: dict[str, Any] = server.client.get(f"{PATH}/{job_id}", headers=by()).json()
    return made


def test_a_private_video_over_real_sockets() -> None:
    """FACTS section 4: source provider and webhook; signed, ranged, and with the proper bytes on the wire."""
    with live(SCENARIO) as server, listening(Integrator()) as integrator:
        made = ended(server, integrator)
        assert made["status"] == "succeeded"
        asked, fetched, hook = integrator.seen
        assert (asked[0], asked[1], json.loads(asked[3])["reference"]) == ("POST", "/broker", "video-42")
        assert (fetched[0], fetched[1], fetched[2]["Range"]) == ("GET", "/video.mp4?signature=x", "bytes=0-1023")
        assert "X-Nxt-Signature" not in fetched[2]
        assert verified(hook[3], hook[2], SECRET)
        assert not verified(hook[3] + b" ", hook[2], SECRET)
        assert json.loads(hook[3])["result"] == made["result"]


@pytest.mark.parametrize(
    ("broken", "code", "says"),
    [
        ("signature", "source_resolution_failed", "refused the signature with 401"),
        ("redirect", "source_resolution_failed", "redirect (302), which is not followed"),
        ("storage", "source_unreachable", "answered 404"),
        ("metadata", "source_unreachable", "may not be called"),
    ],
)
def test_what_goes_wrong_over_real_sockets(broken: str, code: str, says: str) -> None:
    """FACTS section 4: source provider; the egress guard stands before call-outs as it does before webhooks."""
    with live(SCENARIO) as server, listening(Integrator(broken)) as integrator:
        made = ended(server, integrator)
        assert (made["status"], made["error"]["code"]) == ("failed", code)
        assert says in made["error"]["message"]
        assert "/elsewhere" not in [path for _, path, _, _ in integrator.seen]
        assert json.loads(integrator.seen[-1][3])["error"] == made["error"]


def test_a_source_provider_that_nobody_may_call() -> None:
    with live(SCENARIO) as server, listening(Integrator()) as integrator:
        made = ended(server, integrator, "http://169.254.169.254/broker")
        assert made["error"]["code"] == "source_resolution_failed"
        assert "may not be called" in made["error"]["message"]
        assert [path for _, path, _, _ in integrator.seen] == ["/hook"]
