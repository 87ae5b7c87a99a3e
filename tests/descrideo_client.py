"""Requests to Descrideo, and checks of its replies and signatures, for tests."""

import hashlib
import json
from typing import Any

import httpx2

from mockserver.kit.models import Shape
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.providers.descrideo import replies
from tests.conversation import Conversation

ROOT = "/descrideo"
LIVE = f"{ROOT}/v1/video-descriptions"
SANDBOX = f"{ROOT}/v1/sandbox/video-descriptions"
DEMO = f"{ROOT}/api/demo/v1/video-descriptions"
KEY, DEMO_KEY = "nxt_key-1", "demo_key-1"
VIDEO = {"type": "direct_url", "url": "https://example.com/mountain-hike.mp4"}
HOOK = "http://127.0.0.1:9000/hook"
BROKER = "http://127.0.0.1:9000/broker"
HOUR = 3600


def by(key: str = KEY) -> dict[str, str]:
    """Return the header with a key."""
    return {"X-API-Key": key}


def job(mode: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the body of a request for a job. Fields that are None are left out."""
    body = {"source": VIDEO, "frames": 20, "generation_mode": mode, "webhook": {"url": HOOK}, **more}
    return {name: value for name, value in body.items() if value is not None}


def brokered(mode: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the body of a request for a job with a video from a Source Provider."""
    source = {"type": "source_provider", "provider": {"url": BROKER, "reference": "video-42"}}
    return job(mode, source=source, **more)


def path_of(key: str) -> str:
    return DEMO if key.startswith("demo_") else LIVE


def held_to(model: type[Shape], reply: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """Check a reply against its status and the documented model, and return its body."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    model.model_validate_json(reply.content, strict=True)
    body: dict[str, Any] = reply.json()
    return body


def _request(method: str, url: str, key: str = KEY, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": url, "headers": by(key), **more}


# Requests for rows of the ledger that an ordinary request does not show.
REQUESTS: dict[str, dict[str, Any]] = {
    "descrideo.event.source.resolve": _request("POST", LIVE, json=brokered()),
}


async def create(t: Conversation, body: dict[str, Any] | None = None, path: str = LIVE, key: str = KEY) -> str:
    """Create a job, and return its id."""
    accepted = held_to(replies.Accepted, await t.post(path, body or job(), headers=by(key)), 202)
    assert accepted["status"] == "queued"
    return str(accepted["job_id"])


async def status(t: Conversation, job_id: str, path: str = LIVE, key: str = KEY) -> dict[str, Any]:
    return held_to(replies.DescriptionStatus, await t.get(f"{path}/{job_id}", headers=by(key)))


async def ended(
    t: Conversation, body: dict[str, Any] | None = None, path: str = LIVE, key: str = KEY
) -> dict[str, Any]:
    """Create a job, advance the clock by an hour, and return its status."""
    job_id = await create(t, body, path, key)
    await t.advance(HOUR)
    return await status(t, job_id, path, key)


async def refused(t: Conversation, code: int, body: Any = None, path: str = LIVE, key: str = KEY) -> str:
    """Check that a request for a job is refused with this status, and return the message."""
    reply = await t.post(path, job() if body is None else body, headers=by(key))
    return str(held_to(replies.Error, reply, code)["detail"])


async def secret(t: Conversation, key: str = KEY) -> str:
    path = f"{ROOT}/api/demo/v1/webhook-secret" if key.startswith("demo_") else f"{ROOT}/v1/webhook-secret"
    return str(held_to(replies.Secret, await t.get(path, headers=by(key)))["secret"])


async def passed(t: Conversation, job_id: str, path: str = LIVE, key: str = KEY, step: float = 0.25) -> list[str]:
    """Poll a job until it ends, `step` seconds apart, and return its statuses in order."""
    statuses = [(await status(t, job_id, path, key))["status"]]
    for _ in range(200):
        if statuses[-1] in ("succeeded", "failed"):
            break
        await t.advance(step)
        now = (await status(t, job_id, path, key))["status"]
        statuses += [now] if now != statuses[-1] else []
    return statuses


# --- for receivers of webhooks ---


def hmac_by_hand(secret: str, message: bytes) -> str:
    """Return the HMAC-SHA256 of a message, computed from its definition (RFC 2104 section 2) without a library."""
    key = secret.encode()
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + message).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()


def verified(body: bytes, headers: dict[str, str], secret: str) -> bool:
    """Check a signature as the documentation describes it: it signs the raw body followed by the timestamp."""
    signature = headers["X-Nxt-Signature"]
    expected = hmac_by_hand(secret, body + headers["X-Nxt-Timestamp"].encode())
    return signature.startswith("sha256=") and signature.removeprefix("sha256=") == expected


def hooks(t: Conversation) -> list[OutgoingCall]:
    """Return the webhooks that were sent, oldest first."""
    return [call for call in t.receivers.calls if call.url == HOOK]


def told(call: OutgoingCall) -> dict[str, Any]:
    """Check a webhook against the documented model, and return its body."""
    model = replies.Succeeded if b'"status":"succeeded"' in call.body else replies.Failed
    model.model_validate_json(call.body, strict=True)
    body: dict[str, Any] = json.loads(call.body)
    return body


def answer(data: Any, code: int = 200) -> CallResult:
    """Return a receiver's reply to a call."""
    return CallResult("response", code, body=data if isinstance(data, bytes) else json.dumps(data).encode())
