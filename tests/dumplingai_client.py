"""Requests to DumplingAI, and checks of its replies, for tests."""

import asyncio
import base64
from collections.abc import Coroutine
from typing import Any

import httpx2

from mockserver.clock import let_others_run
from mockserver.core.seeded import Seeded
from mockserver.kit.models import Shape
from mockserver.media.maker import video
from mockserver.providers.dumplingai import models
from tests.conversation import Conversation

PATH = "/dumplingai/api/v1/extract-video"
URL = "https://example.com/videos/harbour-at-dawn.mp4"
PROMPT = "Describe the main events in this video."
ASKED = {"inputMethod": "url", "video": URL, "prompt": PROMPT}
JSON = {"Content-Type": "application/json"}
UNAUTHORIZED = {"error": "Invalid or missing Authorization header"}
OUT_OF_CREDITS = {"error": "Insufficient credits"}


def _post(**more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": PATH, **more}


def _to(path: str, body: Any) -> dict[str, Any]:
    return {"method": "POST", "url": f"/dumplingai/api/{path}", "json": body}


_MESSAGES = [{"role": "user", "content": "hello"}]
_TRIMMED = {"videoUrl": URL, "startTimestamp": "00:00:00", "endTimestamp": "02:00:00"}
_QUESTION = {"knowledgeBaseId": "kb_1", "query": "hello"}
_RUN = {"type": "endpoint", "id": "firecrawl.scrape", "input": {"url": "https://example.com/"}}
# Requests for rows of the ledger that an ordinary request does not show.
REQUESTS: dict[str, dict[str, Any]] = {
    f"dumplingai.error.{name}": request
    for name, request in {
        "no_such_path": {"method": "GET", "url": f"{PATH}/"},
        "method_not_allowed": {"method": "DELETE", "url": PATH},
        "invalid_request": _post(json={}),
        "unknown_property": _post(json={**ASKED, "language": "en"}),
        "unsupported_media_type": _post(json=ASKED, headers={"Content-Type": "text/plain"}),
        # The server trusts Content-Length, so the body does not have to be this large.
        "body_too_large": _post(json=ASKED, headers={"Content-Length": str(2**31)}),
        "output_too_large": _to("v1/trim-video", _TRIMMED),
        "no_captions": _to("v1/get-youtube-transcript", {"videoUrl": "https://youtu.be/dQw4w9WgXcQ"}),
        "unsupported_document": _to("v1/doc-to-text", {"inputMethod": "base64", "file": "iVBORw0KGgo="}),
        "no_such_agent": _to("v1/agents/generate-completion", {"agentId": "agent_2", "messages": _MESSAGES}),
        "no_such_thread": _to(
            "v1/agents/generate-completion", {"agentId": "agent_1", "messages": _MESSAGES, "threadId": "thread_0"}
        ),
        "no_credits_for_agents": _to("v1/agents/generate-completion", {"agentId": "agent_1", "messages": _MESSAGES}),
        "no_knowledge_bases": _to("v1/knowledge-bases/query", _QUESTION),
        "program_failed": _to("v1/run-python-code", {"code": "raise ValueError('no')"}),
        "PROVIDER_NOT_ALLOWED": _to("v2/run", _RUN),
        "BUDGET_EXCEEDED": _to("v2/run", _RUN),
        "PROVIDER_ERROR": _to("v2/run", _RUN),
        "no_such_object": _to("v2/details", {"type": "endpoint", "id": "serper.web"}),
        "provider_of_endpoint": _to("v2/run", {**_RUN, "provider": "serper"}),
        "no_such_file": {"method": "GET", "url": "/dumplingai/storage/files/none.png"},
    }.items()
}


def by(key: str) -> dict[str, str]:
    """Return the header with a key."""
    return {"Authorization": f"Bearer {key}"}


def mp4(milliseconds: int) -> bytes:
    """Return a real MP4 file of this length."""
    return video(milliseconds, Seeded("test")).data


def sent(data: bytes, **more: Any) -> dict[str, Any]:
    """Return the body of a request that contains a file."""
    return {"inputMethod": "base64", "video": base64.b64encode(data).decode(), "prompt": PROMPT, **more}


def held_to(model: type[Shape], reply: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """Check a reply against its status, its headers and the documented model, and return its body."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    assert 0 <= int(reply.headers["x-ratelimit-remaining"]) <= int(reply.headers["x-ratelimit-limit"])
    model.model_validate_json(reply.content, strict=True)
    body: dict[str, Any] = reply.json()
    return body


async def extracted(t: Conversation, key: str = "key-1", **more: Any) -> dict[str, Any]:
    """Return the body of the reply to a request that succeeds."""
    return held_to(models.Extracted, await t.post(PATH, {**ASKED, **more}, headers=by(key)))


async def refused(t: Conversation, body: Any, status: int = 400, key: str = "key-1") -> str:
    """Return the message of the error for a request that fails."""
    return str(held_to(models.Error, await t.post(PATH, body, headers=by(key)), status)["error"])


async def meanwhile(t: Conversation, request: Coroutine[Any, Any, Any], seconds: float) -> Any:
    """Advance the clock while a request is in progress, and return its result."""
    task = asyncio.ensure_future(request)
    while not task.done() and t.sandbox.clock.next_sleeper() is None:
        await let_others_run()
    await t.advance(seconds)
    return await task


async def balance(t: Conversation, key: str = "key-1") -> tuple[float | None, float]:
    """Return the credits of an account, and those that are reserved."""
    reply = await t.get(f"/_mock/accounts/{key}?provider=dumplingai")
    account = reply.json()["accounts"][0]
    return account["credits"], account["reserved"]


async def latest(t: Conversation) -> dict[str, Any]:
    """Return the newest request of the journal."""
    entries: list[dict[str, Any]] = (await t.get("/_mock/journal?provider=dumplingai&kind=request")).json()["entries"]
    return entries[0]
