"""Webhooks in tests: receivers on sockets, applications without sockets, and waiting for deliveries."""

import json
import threading
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import requests

from mockserver import MockServer
from mockserver.clock import monotonic
from mockserver.core.signing import hmac_sha256
from mockserver.providers.descrideo import Descrideo
from mockserver.providers.videotoprompt import VideoToPrompt
from mockserver.testing import Answer, MockServerError, Webhook
from mockserver.testing.receiver import Receiver
from mockserver.testing.signatures import sender_of, verdict
from tests.test_testing_handle import VIDEO, job_id, submit

DONE = "analysis.completed"
V2P, DESCRIDEO = VideoToPrompt(), Descrideo()


def describe(mock: MockServer, url: str) -> str:
    """Submit a description to Descrideo, with a webhook."""
    body = {"source": {"type": "direct_url", "url": VIDEO}, "frames": 10, "webhook": {"url": url}}
    headers = {"X-API-Key": mock.key("descrideo")}
    reply = requests.post(mock.url("descrideo") + "/video-descriptions", json=body, headers=headers, timeout=10)
    assert reply.status_code == 202, reply.text
    return str(reply.json()["job_id"])


def receiver_of(mock: MockServer) -> Receiver:
    """Return a receiver that is the webhook of VideoToPrompt's account."""
    receiver = mock.receiver()
    mock.account("videotoprompt").webhook = receiver
    return receiver


def test_a_receiver_verifies_the_webhooks_of_each_provider(mockserver: MockServer) -> None:
    receiver = receiver_of(mockserver)
    analysis, description = job_id(submit(mockserver)), describe(mockserver, f"{receiver.url}/descrideo")
    mockserver.deliveries.wait_for(DONE, job=analysis)
    mockserver.deliveries.wait_for("description.succeeded", job=mockserver.jobs[description])
    calls = {call.provider: call for call in receiver.calls}
    assert {call.signature for call in receiver.calls} == {"valid"}
    assert (calls["videotoprompt"].event, calls["videotoprompt"].json["data"]["id"]) == (DONE, analysis)
    assert (calls["descrideo"].event, calls["descrideo"].path) == ("description.succeeded", "/descrideo")
    assert calls["descrideo"].headers["content-type"] == "application/json"
    receiver.clear()
    assert receiver.calls == []


@pytest.mark.mockserver(clock="manual")
def test_a_receiver_fails_on_request_and_the_provider_retries(mockserver: MockServer) -> None:
    receiver = receiver_of(mockserver).answer_with("hang", "reset", 503, "close")
    submit(mockserver)
    delivery = mockserver.deliveries.wait_for(DONE)
    assert [call.answer for call in receiver.calls] == ["hang", "reset", 503, "close", 200]
    assert [attempt.status for attempt in delivery.attempts] == [None, None, 503, None, 200]
    assert [attempt.outcome for attempt in delivery.attempts[:2]] == ["timeout", "protocol_error"]
    waits = [b.at - a.at for a, b in zip(delivery.attempts, delivery.attempts[1:], strict=False)]
    assert waits == [timedelta(seconds=s) for s in (5, 30, 300, 1800)]
    assert receiver.calls[0].body == receiver.calls[-1].body == delivery.body


@pytest.mark.mockserver(clock="manual")
def test_a_delivery_that_is_given_up_can_be_replayed(mockserver: MockServer) -> None:
    receiver = receiver_of(mockserver).answer_with(*[500] * 5)
    submit(mockserver)
    given_up = mockserver.deliveries.wait_for(DONE, outcome="given_up")
    assert (len(given_up.attempts), given_up.next_attempt_at) == (5, None)
    given_up.replay()
    assert mockserver.deliveries.wait_for(DONE).id == given_up.id
    assert len(receiver.wait_for(DONE, count=6)) == 6


def test_a_wrong_signature_is_refused_and_recorded(mockserver: MockServer) -> None:
    mockserver.use({"webhooks": [{"event": DONE, "nth": 1, "tampering": {"signature": "wrong_key"}}]})
    receiver = receiver_of(mockserver)
    without_check = mockserver.receiver(verify=False)
    submit(mockserver)
    assert mockserver.deliveries.wait_for(DONE, outcome="given_up").attempts[0].status == 401
    assert receiver.calls[0].signature == "invalid"
    requests.post(without_check.url, json={"event": DONE}, timeout=10)
    assert [(call.signature, call.answer) for call in without_check.calls] == [("missing", 200)]
    assert requests.post(receiver.url, json={}, timeout=10).status_code == 401


def test_a_signature_is_stale_after_five_minutes() -> None:
    """Only Descrideo signs a time; the signatures of VideoToPrompt are never stale."""
    body, now = b"{}", 1_750_000_000_000

    def signed(seconds: int) -> dict[str, str]:
        stamp = str(now // 1000 + seconds)
        return {"x-nxt-timestamp": stamp, "x-nxt-signature": f"sha256={hmac_sha256('s', body, stamp.encode())}"}

    assert verdict(DESCRIDEO.signature, signed(0), body, ["other", "s"], now) == "valid"
    assert verdict(DESCRIDEO.signature, signed(-301), body, ["s"], now) == "stale"
    assert verdict(DESCRIDEO.signature, signed(301), body, ["s"], now) == "stale"
    assert verdict(DESCRIDEO.signature, {**signed(0), "x-nxt-timestamp": "soon"}, body, ["s"], now) == "invalid"
    assert verdict(DESCRIDEO.signature, {"x-nxt-timestamp": "1"}, body, ["s"], now) == "missing"
    assert verdict(V2P.signature, {"x-v2p-signature": f"sha256={hmac_sha256('s', body)}"}, body, ["s"], now) == "valid"
    assert sender_of({"x-nxt-timestamp": "1"}, (V2P, DESCRIDEO)) is DESCRIDEO
    assert sender_of({"content-type": "text/plain"}, (V2P, DESCRIDEO)) is None


@pytest.mark.mockserver(scenario={"providers": {"descrideo": {"fetch": True}}})
def test_a_receiver_can_answer_other_calls_of_a_provider(mockserver: MockServer) -> None:
    """Descrideo asks a source provider for a URL, and then fetches the video from there."""
    receiver = mockserver.receiver()
    receiver.answer_with(Answer(200, {"url": f"{receiver.url}/video.mp4"}), Answer(206, b"\0" * 16, {"X-Mine": "yes"}))
    source = {"type": "source_provider", "provider": {"url": f"{receiver.url}/source", "reference": "r-1"}}
    body = {"source": source, "frames": 10, "webhook": {"url": f"{receiver.url}/hook"}}
    headers = {"X-API-Key": mockserver.key("descrideo")}
    requests.post(mockserver.url("descrideo") + "/video-descriptions", json=body, headers=headers, timeout=10)
    mockserver.deliveries.wait_for("description.succeeded")
    assert [(c.method, c.path, c.event) for c in receiver.calls] == [
        ("POST", "/source", None), ("GET", "/video.mp4", None), ("POST", "/hook", "description.succeeded")
    ]  # fmt: skip
    assert receiver.calls[0].json["reference"] == "r-1"


def test_a_wait_that_fails_lists_the_deliveries_so_far(mockserver: MockServer) -> None:
    receiver = receiver_of(mockserver)
    with pytest.raises(AssertionError, match=r"no 'analysis\.failed' was delivered; deliveries so far: none"):
        mockserver.deliveries.wait_for("analysis.failed", timeout=0.01)
    with pytest.raises(AssertionError, match=r"^expected 1 call within 0\.01 s; calls so far: none$"):
        receiver.wait_for(timeout=0.01)
    with pytest.raises(AssertionError, match=r"^expected 2 calls of 'analysis\.failed' within 0\.01 s; calls so far: "):
        receiver.wait_for("analysis.failed", count=2, timeout=0.01)
    mockserver.clock.change("manual")
    submit(mockserver)
    with pytest.raises(AssertionError, match=rf"\n  {DONE} to {receiver.url}: delivered \(200\)"):
        mockserver.deliveries.wait_for("analysis.failed")
    with pytest.raises(MockServerError, match=f"did you mean '{DONE}'"):
        mockserver.deliveries.wait_for("analysis.complete")


def test_a_wait_that_fails_names_accounts_without_a_webhook(mockserver: MockServer) -> None:
    mockserver.clock.change("manual")
    receiver_of(mockserver)
    submit(mockserver, key="another-key")
    with pytest.raises(AssertionError, match=r"no events are sent for the key anoth\.\.\.\w+ at videotoprompt"):
        mockserver.deliveries.wait_for(DONE)


def test_a_wait_ends_as_soon_as_the_event_is_delivered(mockserver: MockServer) -> None:
    """Another thread causes the event after the wait has begun."""
    receiver_of(mockserver)
    late = threading.Timer(0.05, submit, [mockserver])
    late.start()
    assert mockserver.deliveries.wait_for(DONE).outcome == "delivered"
    late.join(10)


def test_deliveries_can_be_filtered(mockserver: MockServer) -> None:
    account = mockserver.account("videotoprompt")
    account.send_events_to(mockserver.receiver(), events=["analysis.failed"], secret="whsec_1")
    assert account.webhook is not None
    assert (account.webhook.events, account.webhook.secret) == (("analysis.failed",), "whsec_1")
    submit(mockserver)
    failed = job_id(submit(mockserver, f"{VIDEO}?mock-fail"))
    mockserver.deliveries.wait_for("analysis.failed")
    assert [d.job for d in mockserver.deliveries] == [failed]
    assert len(mockserver.deliveries.all("analysis.*", provider="videotoprompt", job=failed, outcome="delivered")) == 1
    assert len(mockserver.deliveries.all(outcome="pending")) == 0
    assert mockserver.deliveries.all()[0].json["event"] == "analysis.failed"
    account.webhook = Webhook("http://127.0.0.1:9/x", (DONE,), "whsec_2")
    assert account.webhook == Webhook("http://127.0.0.1:9/x", (DONE,), "whsec_2")
    account.webhook = None
    assert account.webhook is None
    with pytest.raises(MockServerError, match=r"unknown event 'analysis\.ended'"):
        account.send_events_to("http://127.0.0.1:9/x", events=["analysis.ended"])


def test_a_receiver_reads_chunked_bodies_and_several_requests_on_a_connection(mockserver: MockServer) -> None:
    receiver = mockserver.receiver(verify=False).answer_with(204)
    with requests.Session() as session:
        assert session.post(receiver.url, data=iter([b"a" * 70_000, b"b"]), timeout=10).status_code == 204
        assert session.get(f"{receiver.url}/x", timeout=10).status_code == 200
        assert session.get(f"{receiver.url}/y", timeout=10).text == ""
    assert [len(call.body) for call in receiver.calls] == [70_001, 0, 0]
    with pytest.raises(ValueError, match="EOF"):
        _ = receiver.calls[1].json


class App:
    """A small ASGI application that receives webhooks. It answers 200, or with `answers`; 0 raises an exception."""

    def __init__(self) -> None:
        self.received: list[tuple[str, Any]] = []
        self.answers: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        self.received.append((scope["path"], json.loads(body)))
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            raise RuntimeError("the database is gone")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.mockserver(clock="manual")
def test_an_asgi_application_receives_webhooks_without_a_socket(mockserver: MockServer) -> None:
    app = App()
    app.answers = [0, 500]
    mockserver.account("videotoprompt").webhook = mockserver.webhook_app(app) + "/hooks/v2p"
    analysis = job_id(submit(mockserver))
    delivery = mockserver.deliveries.wait_for(DONE)
    assert [attempt.status for attempt in delivery.attempts] == [500, 500, 200]
    assert b"RuntimeError: the database is gone" in delivery.attempts[0].reply
    assert [(path, body["data"]["id"]) for path, body in app.received] == [("/hooks/v2p", analysis)] * 3


def test_an_application_can_call_the_provider_while_it_handles_a_webhook(mockserver: MockServer) -> None:
    """On an auto clock a request waits for all due events, but not for the webhook that it is a part of."""
    statuses: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        event = json.loads((await receive())["body"])
        headers = {"Authorization": f"Bearer {mockserver.key('videotoprompt')}"}
        api = "https://api.videotoprompt.org/v1"
        async with httpx2.AsyncClient(transport=mockserver.transport(), base_url=api, headers=headers) as client:
            statuses.append((await client.get(f"/analyze/{event['data']['id']}")).json()["status"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    mockserver.account("videotoprompt").webhook = mockserver.webhook_app(app)
    submit(mockserver)
    assert mockserver.deliveries.wait_for(DONE).attempts[0].status == 200
    assert statuses == ["completed"]


def test_a_call_on_the_servers_own_thread_is_an_error(mockserver: MockServer) -> None:
    errors: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            mockserver.clock.advance("1s")
        except MockServerError as error:
            errors.append(str(error))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    mockserver.account("videotoprompt").webhook = mockserver.webhook_app(app)
    submit(mockserver)
    mockserver.deliveries.wait_for(DONE)
    assert [error.partition(";")[0] for error in errors] == [
        "this was called on the server's own event loop, which cannot wait for itself"
    ]


def test_ten_minutes_with_three_retries_take_less_than_a_tenth_of_a_second(mockserver: MockServer) -> None:
    """A job of ten minutes whose webhook fails three times, over real sockets. The fastest of five runs counts."""
    mockserver.clock.change("manual")
    receiver = receiver_of(mockserver)
    took = []
    for number in range(5):
        receiver.clear()
        receiver.answer_with(503, "reset", 500)
        began, started = mockserver.clock.now, monotonic()
        job = mockserver.jobs[job_id(submit(mockserver, f"{VIDEO}?mock-slow-{number}"))]
        delivery = mockserver.deliveries.wait_for(DONE, job=job)
        took.append(monotonic() - started)
        assert (len(receiver.calls), len(delivery.attempts), job.now().status) == (4, 4, "succeeded")
        assert mockserver.clock.now - began == timedelta(minutes=10, seconds=5 + 30 + 300)
    assert min(took) < 0.1
