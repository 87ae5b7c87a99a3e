"""The example that takes webhooks serves what they bring, and believes only those that Descrideo signed."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests

from mockserver import MockServer
from mockserver.clock import wall_ms
from tests.examples import load
from tests.live import live_application

CREATE = "descrideo.create_description"
VIDEO = {"url": "https://example.com/hike.mp4"}
JOB = "01HXYZ123ABC"


class App:
    """The example on a socket of its own, and a client of it."""

    def __init__(self, base: str, module: Any) -> None:
        self.base = base
        self.module = module
        self.session = requests.Session()

    def describe(self, video: dict[str, str] | None = None) -> requests.Response:
        return self.session.post(f"{self.base}/videos", json=video or VIDEO, timeout=10)

    def known(self, job: str) -> Any:
        """What it serves of a video."""
        return self.session.get(f"{self.base}/videos/{job}", timeout=10).json()

    def post(self, body: bytes, secret: str, seconds_ago: int = 0, headers: dict[str, str] | None = None) -> int:
        """Send a webhook of one's own."""
        told = str(wall_ms() // 1000 - seconds_ago)
        signed = hmac.new(secret.encode(), body + told.encode(), hashlib.sha256).hexdigest()
        headers = {"X-Nxt-Timestamp": told, "X-Nxt-Signature": f"sha256={signed}", **(headers or {})}
        url = f"{self.base}/webhooks/descrideo"
        return self.session.post(url, data=body, headers=headers, timeout=10).status_code


@pytest.fixture
def app(mockserver: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The example, served on a free port, with its environment pointing at this test's sandbox."""
    for name, value in mockserver.env("descrideo").items():
        monkeypatch.setenv(name, value)
    module: Any = load("webhook_fastapi")
    with live_application(module.app) as base:
        module.PUBLIC_URL = base
        app = App(base, module)
        with app.session:
            yield app


def test_a_description_comes_by_webhook(app: App, mockserver: MockServer) -> None:
    begun = app.describe()
    assert begun.status_code == 202
    delivery = mockserver.deliveries.wait_for("description.succeeded")
    assert [attempt.status for attempt in delivery.attempts] == [204]
    found = app.known(begun.json()["job_id"])
    assert (found["status"], sorted(found["result"])) == ("succeeded", ["description", "tags", "title"])


@pytest.mark.mockserver(clock="manual")
def test_until_then_it_is_queued(app: App, mockserver: MockServer) -> None:
    job = app.describe().json()["job_id"]
    assert app.known(job)["status"] == "queued"
    assert app.known("another") == {"detail": "there is no such video"}
    mockserver.clock.until(job)
    mockserver.deliveries.wait_for("description.*")
    assert app.known(job)["status"] == "succeeded"


@pytest.mark.mockserver(scenario="descrideo-failed")
def test_a_failed_job_is_served_with_its_reason(app: App, mockserver: MockServer) -> None:
    job = app.describe().json()["job_id"]
    mockserver.deliveries.wait_for("description.failed")
    assert app.known(job)["error"]["code"] == "ai_request_failed"


@pytest.mark.mockserver(scenario="descrideo-webhooks-lost")
def test_a_webhook_that_was_lost_twice_still_counts(app: App, mockserver: MockServer) -> None:
    job = app.describe().json()["job_id"]
    assert len(mockserver.deliveries.wait_for("description.succeeded").attempts) == 3
    assert app.known(job)["status"] == "succeeded"


@pytest.mark.mockserver(scenario="descrideo-webhooks-forged")
def test_a_forged_webhook_is_refused(app: App, mockserver: MockServer) -> None:
    job = app.describe().json()["job_id"]
    delivery = mockserver.deliveries.wait_for("description.succeeded", outcome="given_up")
    assert {attempt.status for attempt in delivery.attempts} == {401}
    assert app.known(job)["status"] == "queued"


def test_it_believes_what_was_signed_just_now_over_these_very_bytes(app: App, mockserver: MockServer) -> None:
    secret, body = mockserver.secret("descrideo"), json.dumps({"job_id": JOB, "status": "succeeded"}).encode()
    assert app.post(body, secret, seconds_ago=301) == 401
    assert app.post(body, "another") == 401
    assert app.post(body, secret, headers={"X-Nxt-Signature": "sha256=\u00e9"}) == 401
    assert app.post(body, secret, headers={"X-Nxt-Timestamp": "now"}) == 401
    assert app.known(JOB) == {"detail": "there is no such video"}
    assert app.post(body, secret) == 204
    assert app.known(JOB)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("insufficient_credits", 502, "token"),
        ("rate_limited", 503, "many"),
        ("reset", 504, "Descrideo does not answer: ReadError"),
    ],
)
def test_what_descrideo_refuses_the_app_refuses_too(
    app: App, mockserver: MockServer, kind: str, status: int, told: str
) -> None:
    mockserver.fault(CREATE, kind)
    reply = app.describe()
    assert (reply.status_code, told in reply.json()["detail"]) == (status, True), reply.text


def test_a_reply_that_does_not_come_is_not_waited_for_long(app: App, mockserver: MockServer) -> None:
    app.module.app.state.api.timeout = httpx2.Timeout(10, read=0.2)
    mockserver.fault(CREATE, "hang")
    assert app.describe().json()["detail"] == "Descrideo does not answer: ReadTimeout"
