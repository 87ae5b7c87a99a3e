"""What the tests of NanoPhoto say again and again."""

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

# Requests that show those rows of the ledger, as the client's `request` takes them.
REQUESTS: dict[str, dict[str, Any]] = {
    "nanophoto.error.not_found": {
        "method": "POST",
        "url": API,
        "json": {"videoSource": "url", "videoUrl": "https://example.com/mock-not-found.mp4"},
    },
}


def auto(name: str = "default") -> dict[str, Any]:
    """A scenario whose time jumps ahead whenever nobody is busy."""
    return {"extends": name, "clock": {"mode": "auto"}}


def ruled(**rule: Any) -> dict[str, Any]:
    """The neutral scenario with one rule in front, on a clock that jumps ahead."""
    told = {"name": "told", "operation": "nanophoto.reverse_prompt", **rule}
    return {**AUTO, "rules": [told]}


def answered(reply: httpx2.Response) -> str:
    """The text of a streamed analysis."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert "content-length" not in reply.headers
    return reply.text


def refused(reply: httpx2.Response, code: str, status: int | None = None) -> str:
    """The message of an error, which must be the documented envelope with this code and its status."""
    body = reply.json()
    models.Error.model_validate(body)
    assert list(body) == ["success", "error", "errorCode"]
    assert (body["errorCode"], reply.status_code) == (code, status or CODES[code].status)
    assert reply.headers["content-type"] == "application/json"
    assert body["error"]
    return str(body["error"])


async def refusal(listener: Listener, code: str) -> None:
    """Hear a refusal out."""
    await listener.end()
    assert (listener.status, f'"errorCode":"{code}"' in listener.text) == (CODES[code].status, True), listener.text


async def credits(t: Conversation, key: str = "key-1") -> dict[str, Any]:
    """What the control API says of the account: `credits`, `reserved`, and the kinds of ledger entries."""
    accounts = (await t.get(f"/_mock/accounts/{key}")).json()["accounts"]
    found: dict[str, Any] = next(a for a in accounts if a["provider"] == "nanophoto")
    return {**found, "kinds": [entry["kind"] for entry in found["ledger"]]}


def rows(text: str) -> list[list[str]]:
    """The cells of the table's rows, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
