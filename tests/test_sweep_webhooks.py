"""A sweep of an application that gets its results by webhook: a delivery is lost, late, doubled, reordered, forged."""

import json
from pathlib import Path

import pytest

from tests.test_sweep import PYTEST, folder, mockserver_command

__all__ = ["folder"]

FAULTS = ("lost", "late", "doubled", "reordered", "forged")
# Stores the result of a job when its webhook comes. If none has come in time, it asks for the job once.
APP = """
import hashlib
import hmac
import json


class Jobs:
    def __init__(self, api, secret, checks):
        self.api, self.secret, self.checks, self.results = api, secret, checks, {}

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        signed = body + headers.get("x-nxt-timestamp", "").encode()
        expected = "sha256=" + hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        valid = not self.checks or hmac.compare_digest(expected, headers.get("x-nxt-signature", ""))
        if valid:
            event = json.loads(body)
            self.results[event["job_id"]] = event
        await send({"type": "http.response.start", "status": 204 if valid else 401, "headers": []})
        await send({"type": "http.response.body"})

    def submit(self, hook):
        job = {"source": {"type": "direct_url", "url": "https://example.com/hike.mp4"}, "frames": 10}
        reply = self.api.post("/video-descriptions", json={**job, "webhook": {"url": hook}})
        return reply.raise_for_status().json()["job_id"]

    def result(self, job):
        if job not in self.results:
            self.results[job] = self.api.get(f"/video-descriptions/{job}").raise_for_status().json()
        return self.results[job]["result"]
"""
SUITE = """
import app
import httpx2


def test_a_description(mockserver):
    key = {{"Authorization": f"Bearer {{mockserver.key('descrideo')}}"}}
    with httpx2.Client(base_url=mockserver.url("descrideo"), headers=key) as api:
        jobs = app.Jobs(api, mockserver.secret("descrideo"), checks={checks})
        job = jobs.submit(mockserver.webhook_app(jobs) + "/hook")
        mockserver.clock.advance("1h")
        assert jobs.result(job)
"""
EVENT = "descrideo.event.description.succeeded#1"


def swept(folder: Path, fault: str, *, checks: bool) -> dict[str, tuple[str, str]]:
    """Sweep the deliveries of the application. Return the status and the reasons of each cell by its fault."""
    (folder / "app.py").write_text(APP, "utf-8")
    (folder / "test_app.py").write_text(SUITE.format(checks=checks), "utf-8")
    done = mockserver_command(folder, "sweep", "--only", f"{EVENT}={fault}", "--format", "json", *PYTEST)
    assert done.stdout, done.stderr
    cells = json.loads(done.stdout)["cells"]
    return {each["cell"].removeprefix(f"{EVENT}="): (each["status"], " ".join(each["reasons"])) for each in cells}


def test_an_application_that_checks_signatures_survives_every_fault(folder: Path) -> None:
    assert swept(folder, "*", checks=True) == dict.fromkeys(FAULTS, ("survived", ""))


@pytest.mark.slow
def test_an_application_that_does_not_check_signatures_fails(folder: Path) -> None:
    [(status, reason)] = swept(folder, "forged", checks=False).values()
    assert status == "failed"
    assert "webhook_accepts_forgery" in reason
