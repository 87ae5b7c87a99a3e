"""What the tests of PromptToVideo say most often."""

from typing import Any

import httpx2

from mockserver.kit.models import Shape
from mockserver.providers.prompttovideo import models
from tests.conversation import Conversation

API = "/prompttovideo/api/v1"
SUNSET = "A beautiful sunset over the ocean"
MINUTE, HOUR = 60, 3600


def _posted(**more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": f"{API}/generate", **more}


# What shows those rows of the ledger that an ordinary request does not.
REQUESTS: dict[str, dict[str, Any]] = {
    f"prompttovideo.error.{name}": request
    for name, request in {
        "no_such_path": {"method": "GET", "url": f"{API}/video"},
        "method_not_allowed": {"method": "GET", "url": f"{API}/generate"},
        "too_large": _posted(content=b"x" * 1_048_577),
        "prompt_required": _posted(json={"prompt": ""}),
        "blank_prompt": _posted(json={"prompt": " "}),
        "prompt_no_text": _posted(json={"prompt": 5}),
        "invalid_quality": _posted(json={"prompt": SUNSET, "quality": "4k"}),
        "invalid_request": _posted(json={"prompt": "forbidden fruit"}),
    }.items()
}


def by(key: str) -> dict[str, str]:
    """The header of a caller."""
    return {"Authorization": f"Bearer {key}"}


def held_to(model: type[Shape], reply: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """The body of a reply, which must have that status and be exactly of the documented model."""
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
    """The status of a new video after it has come to its end."""
    made = await generate(talk, quality=quality, key=key)
    await talk.advance(HOUR)
    return await status(talk, made["video_id"], key)
