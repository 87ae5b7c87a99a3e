"""The other operations of NanoPhoto, for tests: paths, requests, and a client that starts jobs and looks at them."""

from collections.abc import Mapping
from typing import Any

import httpx2

from tests.conversation import Conversation

BASE = "/nanophoto/api"
SORA, TVC, SEEDANCE = f"{BASE}/sora-2", f"{BASE}/sora-2-tvc", f"{BASE}/seedance-1-5-pro"
PRO, BANANA_2, VEO = f"{BASE}/nano-banana-pro", f"{BASE}/nano-banana-2", f"{BASE}/veo-3"
PROMPT, CLEAN = f"{SORA}/generate-prompt", f"{BASE}/sora/remove-watermark"
PICTURE = "https://example.com/cat.png"

SORA_BODY = {"prompt": "A dog on a beach", "mode": "textToVideo", "modelTier": "sora2", "videoDuration": "10"}
TVC_BODY = {"adTheme": "A serum for dry skin", "videoDuration": "15", "aspectRatio": "landscape"}
SEEDANCE_BODY = {
    "prompt": "Waves at dawn", "mode": "textToVideo", "aspectRatio": "landscape", "resolution": "720p", "duration": "8",
}  # fmt: skip
IMAGE_BODY = {"prompt": "A city at sunset", "mode": "generate", "aspectRatio": "16:9", "imageQuality": "1K"}
PROMPT_BODY = {"topic": "A city at sunset", "technique": "aerial-view", "duration": 10, "locale": "en"}
CLEAN_BODY = {"share_link": "https://sora.chatgpt.com/p/s_68e83bd7eee88191be79d2ba7158516f"}

# By the path: a request, the field with the id, how long a job takes, and its price.
JOBS: Mapping[str, tuple[dict[str, Any], str, int, int]] = {
    SORA: (SORA_BODY, "taskId", 180, 4),
    TVC: (TVC_BODY, "taskId", 240, 8),
    SEEDANCE: (SEEDANCE_BODY, "taskId", 120, 8),
    PRO: (IMAGE_BODY, "generationId", 60, 4),
    BANANA_2: (IMAGE_BODY, "generationId", 20, 4),
}


def shot(number: int, **more: Any) -> dict[str, Any]:
    """Return a shot of a request to Veo."""
    of_text = {"generationType": "TEXT_2_VIDEO", "aspectRatio": "16:9"}
    return {"id": f"shot-{number}", "prompt": f"The dog, take {number}", **of_text, **more}


def film(count: int, **more: Any) -> dict[str, Any]:
    """Return a request to Veo with so many shots."""
    return {"shots": [shot(number) for number in range(1, count + 1)], **more}


async def start(t: Conversation, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """Start a job, and return the reply."""
    reply = await t.post(f"{path}/generate", JOBS[path][0] if body is None else body, **more)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def look(t: Conversation, path: str, job: Mapping[str, Any], **more: Any) -> httpx2.Response:
    """Look at a job, with what its client has of the first reply."""
    if path == VEO:
        ids = [{"shotId": each["shotId"], "taskId": each["taskId"]} for each in job["shots"]]
        return await t.post(f"{path}/check-status", {"taskIds": ids}, **more)
    field = JOBS[path][1]
    return await t.post(f"{path}/check-status", {field: job[field]}, **more)


async def state(t: Conversation, path: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a job."""
    reply = await look(t, path, job)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def key(name: str) -> dict[str, str]:
    """Return the header with another API key."""
    return {"Authorization": f"Bearer {name}"}
