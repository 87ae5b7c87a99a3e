"""Requests to PromptToVideo, and checks of its replies, for tests."""

from typing import Any

import httpx2

from mockserver.kit.models import Shape
from mockserver.providers.prompttovideo import models
from tests.conversation import Conversation

API = "/prompttovideo/api/v1"
SUNSET = "A beautiful sunset over the ocean"
MINUTE, HOUR = 60, 3600


def _post(**more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": f"{API}/generate", **more}


# Requests for rows of the ledger that an ordinary request does not show.
REQUESTS: dict[str, dict[str, Any]] = {
    f"prompttovideo.error.{name}": request
    for name, request in {
        "no_such_path": {"method": "GET", "url": f"{API}/video"},
        "method_not_allowed": {"method": "GET", "url": f"{API}/generate"},
        "too_large": _post(content=b"x" * 1_048_577),
        "prompt_required": _post(json={"prompt": ""}),
        "blank_prompt": _post(json={"prompt": " "}),
        "prompt_no_text": _post(json={"prompt": 5}),
        "invalid_quality": _post(json={"prompt": SUNSET, "quality": "4k"}),
        "invalid_request": _post(json={"prompt": "forbidden fruit"}),
    }.items()
}


def by(key: str) -> dict[str, str]:
    """Return the header with a key."""
    return {"Authorization": f"Bearer {key}"}


def held_to(model: type[Shape], reply: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """Check a reply against its status and the documented model, and return its body."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    model.model_validate_json(reply.content, strict=True)
    body: dict[str, Any] = reply.json()
    return body


async def generate(
    talk: Conversation, prompt: str = SUNSET, quality: str = "free", key: str = "key-1"
) -> dict[str, Any]:
    reply = await talk.post(f"{API}/generate", {"prompt": prompt, "quality": quality}, headers=by(key))
    return held_to(models.Generated, reply)


async def status(talk: Conversation, video_id: int, key: str = "key-1") -> dict[str, Any]:
    return held_to(models.VideoStatus, await talk.get(f"{API}/video/{video_id}/status", headers=by(key)))


async def listed(talk: Conversation, query: str = "", key: str = "key-1") -> dict[str, Any]:
    return held_to(models.VideoList, await talk.get(f"{API}/videos{query}", headers=by(key)))


async def account(talk: Conversation, key: str = "key-1") -> dict[str, Any]:
    return held_to(models.AccountInfo, await talk.get(f"{API}/account", headers=by(key)))


async def queue(talk: Conversation, key: str = "key-1") -> dict[str, Any]:
    return held_to(models.QueueStatus, await talk.get(f"{API}/queue/status", headers=by(key)))


async def completed(talk: Conversation, quality: str = "free", key: str = "key-1") -> dict[str, Any]:
    """Create a video, advance the clock by an hour, and return its status."""
    video = await generate(talk, quality=quality, key=key)
    await talk.advance(HOUR)
    return await status(talk, video["video_id"], key)
