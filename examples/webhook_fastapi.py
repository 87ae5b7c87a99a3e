"""Describe videos with Descrideo: create jobs, receive their webhooks, check the signatures and serve the results.

mockserver serve &
uvicorn webhook_fastapi:app --port 9000
curl localhost:9000/videos -H 'Content-Type: application/json' -d '{"url": "https://example.com/hike.mp4"}'
curl localhost:9000/videos/JOB
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

BASE = os.environ.get("DESCRIDEO_BASE_URL", "http://localhost:8080/descrideo/v1")
KEY = os.environ.get("DESCRIDEO_API_KEY", "nxt_test-key")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://localhost:9000")
TOLERANCE = 300  # maximum age of a signature, in seconds


class Video(BaseModel):
    """A video to describe."""

    url: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Read the webhook secret before the first webhook can arrive."""
    async with httpx2.AsyncClient(base_url=BASE, headers={"Authorization": f"Bearer {KEY}"}, timeout=5) as api:
        reply = await api.get("/webhook-secret")
        app.state.api, app.state.secret, app.state.jobs = api, reply.raise_for_status().json()["secret"], {}
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/videos", status_code=202)
async def describe(video: Video) -> dict:
    """Create a job for the video."""
    source = {"type": "direct_url", "url": video.url}
    job = {"source": source, "frames": 10, "webhook": {"url": f"{PUBLIC_URL}/webhooks/descrideo"}}
    try:
        reply = await app.state.api.post("/video-descriptions", json=job)
    except httpx2.TransportError as error:
        raise HTTPException(504, f"Descrideo does not answer: {type(error).__name__}") from error
    if reply.status_code != 202:
        raise HTTPException(503 if reply.status_code == 429 else 502, reply.json()["detail"])
    # If the webhook was faster than this reply, keep what it has stored.
    return app.state.jobs.setdefault(reply.json()["job_id"], reply.json())


@app.post("/webhooks/descrideo", status_code=204)
async def described(request: Request) -> None:
    """Store a result. It can arrive more than once. The signature is over the raw body and the timestamp."""
    raw, timestamp = await request.body(), request.headers.get("X-Nxt-Timestamp", "")
    expected = "sha256=" + hmac.new(app.state.secret.encode(), raw + timestamp.encode(), hashlib.sha256).hexdigest()
    recent = timestamp.isdecimal() and abs(time.time() - int(timestamp)) <= TOLERANCE
    if not (recent and hmac.compare_digest(expected.encode(), request.headers.get("X-Nxt-Signature", "").encode())):
        raise HTTPException(401, "the signature is wrong or too old")
    app.state.jobs[json.loads(raw)["job_id"]] = json.loads(raw)


@app.get("/videos/{job}")
async def video(job: str) -> dict:
    """Return the job of a video. It has a `result` if it succeeded, and an `error` if it failed."""
    if job not in app.state.jobs:
        raise HTTPException(404, "there is no such video")
    return app.state.jobs[job]
