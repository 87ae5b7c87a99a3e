"""Receivers of webhooks: an application in this process, servers on sockets, and URLs that must not be called."""

import hmac
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.clock import monotonic
from mockserver.outgoing.asgi import AsgiSender
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.settings import Settings
from tests.live import live_server
from tests.threaded import running

ANALYZE = "/videotoprompt/v1/analyze/url"
KEY = {"Authorization": "Bearer key-1"}
Application = Callable[[Any, Any, Any], Awaitable[None]]


def with_webhook(hook: str, **more: Any) -> dict[str, Any]:
    """Return a scenario whose accounts send their events to `hook`."""
    account = {"key": "*", "plan": "enterprise", "webhook": {"url": hook, "secret": "whsec_1"}}
    return {"scenario": "test", "extends": "default", "clock": {"mode": "manual"}, "accounts": [account], **more}


class Hook:
    """An application that checks the signatures of webhooks and keeps their events."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        signature = dict(scope["headers"])[b"x-v2p-signature"].decode()
        valid = hmac.compare_digest(signature, "sha256=" + hmac.new(b"whsec_1", body, sha256).hexdigest())
        self.events.append(json.loads(body))
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200 if valid else 401, "headers": [(b"x-seen", b"1")]})
        await send({"type": "http.response.body", "body": b"than", "more_body": True})
        await send({"type": "http.response.body", "body": b"ks"})


async def test_an_application_receives_webhooks_without_a_socket() -> None:
    hook = Hook()

    app = create_app(scenario=with_webhook("http://hooks.test/in/v%201?a=b"), sender=AsgiSender(hook, monotonic))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        await client.post(ANALYZE, json={"url": "https://example.com/mock-fast.mp4"}, headers=KEY)
        (delivery,) = (await client.get("/_mock/deliveries?wait=5s")).json()["deliveries"]
    await app.sandboxes.close()
    (attempt,) = delivery["attempts"]
    assert (delivery["outcome"], attempt["status"], attempt["reply"]) == ("delivered", 200, "thanks")
    assert attempt["reply_headers"] == {"x-seen": "1"}
    (scope,) = hook.scopes
    assert (scope["method"], scope["path"], scope["raw_path"]) == ("POST", "/in/v 1", b"/in/v%201")
    assert (scope["query_string"], dict(scope["headers"])[b"host"]) == (b"a=b", b"hooks.test")
    assert hook.events[0]["event"] == "analysis.completed"


async def send_call(app: Application, seconds: float = 5.0) -> CallResult:
    call = OutgoingCall("POST", "http://hooks.test/", (("X-A", "1"),), b"{}", seconds, keep=10)
    return await AsgiSender(app, monotonic).send(call)


async def _raising(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("not this event")


async def _raising_late(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    raise KeyError("x")


async def _silent(scope: Any, receive: Any, send: Any) -> None:
    pass


async def _hanging(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _talkative(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204})
    for _ in range(5):
        await send({"type": "http.response.body", "body": b"12345", "more_body": True})
    await send({"type": "http.response.body"})


async def test_the_result_of_a_call_shows_what_an_application_did_wrong(caplog: pytest.LogCaptureFixture) -> None:
    raised = await send_call(_raising)
    assert (raised.kind, raised.status) == ("response", 500)
    assert raised.body == b"Traceback "
    assert "not this event" in caplog.text
    assert (await send_call(_raising_late)).status == 500
    silent = await send_call(_silent)
    assert (silent.kind, silent.error) == ("protocol_error", "the application returned before its reply was complete")
    hanging = await send_call(_hanging, seconds=0.05)
    assert (hanging.kind, hanging.error) == ("timeout", "no reply within 0.05 s")
    long = await send_call(_talkative)
    assert (long.kind, long.status, long.body, long.truncated) == ("response", 204, b"1234512345", True)


# --- On sockets ---


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers.items(), body))  # type: ignore[attr-defined]
        status, headers = self.server.answers.get(self.path, (200, {}))  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def receiver() -> Iterator[Any]:
    """Run a receiver on a free port of 127.0.0.1."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.received, server.answers = [], {}
    with running(server):
        yield server


def delivered(scenario: dict[str, Any], url: str = "https://example.com/mock-fast.mp4", **settings: Any) -> Any:
    """Return the delivery of one analysis by a live server."""
    with (
        live_server(create_app(Settings(**settings), scenario=scenario, own_ports=(9_999,))) as base,
        httpx2.Client(base_url=base) as client,
    ):
        client.post(ANALYZE, json={"url": url}, headers=KEY)
        client.post("/_mock/clock", json={"advance": "1h"})
        (delivery,) = client.get("/_mock/deliveries?wait=5s").json()["deliveries"]
        return delivery


def test_the_recorded_attempt_is_what_the_receiver_got() -> None:
    with receiver() as server:
        delivery = delivered(with_webhook(f"http://127.0.0.1:{server.server_port}/hook"))
        ((path, headers, body),) = server.received
        (attempt,) = delivery["attempts"]
        assert (path, body.decode()) == ("/hook", delivery["body"])
        assert list(attempt["headers"].items()) == headers
        assert attempt["status"] == 200


def test_a_redirect_is_never_followed() -> None:
    with receiver() as server:
        server.answers["/hook"] = (307, {"Location": f"http://127.0.0.1:{server.server_port}/elsewhere"})
        delivery = delivered(with_webhook(f"http://127.0.0.1:{server.server_port}/hook"))
        assert {path for path, _, _ in server.received} == {"/hook"}
        assert [a["status"] for a in delivery["attempts"]] == [307] * 5


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "metadata"),
        ("http://93.184.215.14/", "--allow-public-webhooks"),
        ("http://127.0.0.1:9999/_mock/reset", "itself"),
        ("http://[::ffff:169.254.169.254]/", "metadata"),
    ],
)
def test_the_egress_policy_refuses_webhooks(url: str, reason: str) -> None:
    delivery = delivered(with_webhook(url))
    (attempt,) = delivery["attempts"]
    assert (delivery["outcome"], attempt["outcome"]) == ("given_up", "refused")
    assert reason in attempt["error"]


@pytest.mark.parametrize("url", ["http://169.254.169.254/broker", "http://127.0.0.1:9999/_mock/reset"])
def test_the_egress_policy_refuses_other_calls_too(url: str) -> None:
    scenario = with_webhook("http://127.0.0.1:1/hook")
    source = {"type": "source_provider", "provider": {"url": url, "reference": "v"}}
    body = {"source": source, "frames": 10, "webhook": {"url": "http://169.254.169.254/hook"}}
    with (
        live_server(create_app(scenario=scenario, own_ports=(9_999,))) as base,
        httpx2.Client(base_url=base) as client,
    ):
        client.post("/descrideo/v1/video-descriptions", json=body, headers={"X-API-Key": "nxt_key-1"})
        client.post("/_mock/clock", json={"advance": "1h"}).raise_for_status()
        deliveries = client.get("/_mock/deliveries").json()["deliveries"]
        outcomes = {d["kind"]: [attempt["outcome"] for attempt in d["attempts"]] for d in deliveries}
        assert outcomes == {"call_out": ["refused"], "webhook": ["refused"]}
