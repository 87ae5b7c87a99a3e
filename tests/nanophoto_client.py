"""Requests to NanoPhoto, and checks of its replies, for tests."""

import base64
from typing import Any

import httpx2

from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from mockserver.providers.nanophoto import models
from mockserver.providers.nanophoto.codes import CODES
from tests.conversation import Conversation
from tests.listener import Listener

API = "/nanophoto/api/sora-2/reverse-prompt"
YOUTUBE = {"videoSource": "youtube", "videoUrl": "https://www.youtube.com/watch?v=W-15-UmGP5s"}
URL = {"videoSource": "url", "videoUrl": "https://static.nanophoto.ai/demo/sk2-ad.mp4"}
MP4 = video(12_300, Seeded(1)).data
FILE = {"videoSource": "file", "videoFile": base64.b64encode(MP4).decode(), "videoFileName": "kitchen.mp4"}
AUTO = {"extends": "default", "clock": {"mode": "auto"}}

# Requests for rows of the ledger that an ordinary request does not show.
REQUESTS: dict[str, dict[str, Any]] = {
    "nanophoto.error.not_found": {
        "method": "POST",
        "url": API,
        "json": {"videoSource": "url", "videoUrl": "https://example.com/mock-not-found.mp4"},
    },
}


def auto(name: str = "default") -> dict[str, Any]:
    """Return a scenario with an automatic clock."""
    return {"extends": name, "clock": {"mode": "auto"}}


def ruled(**rule: Any) -> dict[str, Any]:
    """Return the default scenario with one more rule, and an automatic clock."""
    return {**AUTO, "rules": [{"name": "added", "operation": "nanophoto.reverse_prompt", **rule}]}


def answered(reply: httpx2.Response) -> str:
    """Check the status and headers of a streamed analysis, and return its text."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert "content-length" not in reply.headers
    return reply.text


def refused(reply: httpx2.Response, code: str, status: int | None = None) -> str:
    """Check that a reply is the documented error with this code and its status, and return its message."""
    body = reply.json()
    models.Error.model_validate(body)
    assert list(body) == ["success", "error", "errorCode"]
    assert (body["errorCode"], reply.status_code) == (code, status or CODES[code].status)
    assert reply.headers["content-type"] == "application/json"
    assert body["error"]
    return str(body["error"])


async def refusal(listener: Listener, code: str) -> None:
    """Wait for the end of a reply, and check that it is an error with this code."""
    await listener.end()
    assert (listener.status, f'"errorCode":"{code}"' in listener.text) == (CODES[code].status, True), listener.text


async def credits(t: Conversation, key: str = "key-1") -> dict[str, Any]:
    """Return the account from the control API, with the `kinds` of its credit entries."""
    accounts = (await t.get(f"/_mock/accounts/{key}")).json()["accounts"]
    account: dict[str, Any] = next(a for a in accounts if a["provider"] == "nanophoto")
    return {**account, "kinds": [entry["kind"] for entry in account["ledger"]]}


def rows(text: str) -> list[list[str]]:
    """Return the cells of a Markdown table, by row and without the head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
