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

_FAMILY = "/nanophoto/api"
_VIDEO = {"prompt": "A dog on a beach", "mode": "textToVideo"}
_IMAGE = {"prompt": "A city at sunset", "mode": "generate", "aspectRatio": "16:9", "imageQuality": "1K"}
_SHOT = {"id": "shot-1", "prompt": "A dog", "generationType": "TEXT_2_VIDEO", "aspectRatio": "16:9"}
_COMMERCIAL = ("sora-2-tvc/generate", {"adTheme": "Tea"})
# By the row of the ledger: the path and the body of a request that shows it.
_SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "error.PROMPT_REQUIRED": ("sora-2/generate", {"mode": "textToVideo"}),
    "error.INVALID_PROMPT": ("nano-banana-2/generate", {**_IMAGE, "prompt": ""}),
    "error.IMAGE_REQUIRED": ("sora-2/generate", {**_VIDEO, "mode": "imageToVideo"}),
    "error.MISSING_INPUT_IMAGE": ("nano-banana-pro/generate", {**_IMAGE, "mode": "edit"}),
    "error.IMAGE_URLS_REQUIRED": ("sora-2/generate", {**_VIDEO, "imageUrls": ["data:image/png;base64,iVBORw0KGgo="]}),
    "error.TOO_MANY_IMAGES": (
        "nano-banana-pro/generate", {**_IMAGE, "mode": "edit", "inputImageUrls": ["https://example.com/a.png"] * 9},
    ),
    "error.SHOTS_REQUIRED": ("veo-3/generate", {}),
    "error.INVALID_IMAGE_COUNT": ("veo-3/generate", {"shots": [{**_SHOT, "generationType": "REFERENCE_2_VIDEO"}]}),
    "error.TASK_ID_REQUIRED": ("sora-2/check-status", {}),
    "error.TASK_IDS_REQUIRED": ("veo-3/check-status", {}),
    "error.TASK_NOT_FOUND": ("sora-2/check-status", {"taskId": "task_unknown"}),
    "error.NOT_FOUND": ("nano-banana-2/check-status", {"generationId": "unknown"}),
    "error.FORBIDDEN": ("nano-banana-2/check-status", {"generationId": "unknown"}),
    "error.CREDIT_RESERVATION_FAILED": ("nano-banana-2/generate", _IMAGE),
    "error.MISSING_SHARE_LINK": ("sora/remove-watermark", {}),
    "error.INVALID_SHARE_LINK": ("sora/remove-watermark", {"share_link": "https://example.com"}),
    "error.GENERATION_FAILED": ("sora-2/generate", _VIDEO),
    "state.processing": ("sora-2/generate", _VIDEO),
    "state.completed": ("sora-2/generate", _VIDEO),
    "state.failed": ("sora-2/generate", _VIDEO),
    "state.pending": ("nano-banana-2/generate", _IMAGE),
    "state.generating": ("nano-banana-2/generate", _IMAGE),
    "state.storyboard_script": _COMMERCIAL,
    "state.storyboard_image": _COMMERCIAL,
    "state.video": _COMMERCIAL,
}  # fmt: skip

# Requests for rows of the ledger that an ordinary request does not show.
REQUESTS: dict[str, dict[str, Any]] = {
    **{
        f"nanophoto.{row}": {"method": "POST", "url": f"{_FAMILY}/{path}", "json": body}
        for row, (path, body) in _SHOWN.items()
    },
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
