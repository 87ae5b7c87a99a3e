"""Describes videos with Descrideo: hands them on, takes the webhooks, checks their signatures, serves what they bring.

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
TOLERANCE = 300  # seconds between a signature and its arrival


class Video(BaseModel):
    """What is to be described."""

    url: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Know the secret before the first webhook can come."""
    async with httpx2.AsyncClient(base_url=BASE, headers={"Authorization": f"Bearer {KEY}"}, timeout=5) as api:
        reply = await api.get("/webhook-secret")
        app.state.api, app.state.secret, app.state.jobs = api, reply.raise_for_status().json()["secret"], {}
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/videos", status_code=202)
async def describe(video: Video) -> dict:
    """Begin a description."""
    source = {"type": "direct_url", "url": video.url}
    asked = {"source": source, "frames": 10, "webhook": {"url": f"{PUBLIC_URL}/webhooks/descrideo"}}
    try:
        reply = await app.state.api.post("/video-descriptions", json=asked)
    except httpx2.TransportError as error:
        raise HTTPException(504, f"Descrideo does not answer: {type(error).__name__}") from error
    if reply.status_code != 202:
        raise HTTPException(503 if reply.status_code == 429 else 502, reply.json()["detail"])
    # The webhook may have been faster than this reply: then it has said more already.
    return app.state.jobs.setdefault(reply.json()["job_id"], reply.json())


@app.post("/webhooks/descrideo", status_code=204)
async def described(request: Request) -> None:
    """Take a result, as often as it comes. Signed are the bytes as they came, followed by the timestamp."""
    raw, told = await request.body(), request.headers.get("X-Nxt-Timestamp", "")
    mine = "sha256=" + hmac.new(app.state.secret.encode(), raw + told.encode(), hashlib.sha256).hexdigest()
    fresh = told.isdecimal() and abs(time.time() - int(told)) <= TOLERANCE
    if not (fresh and hmac.compare_digest(mine.encode(), request.headers.get("X-Nxt-Signature", "").encode())):
        raise HTTPException(401, "this is not signed by Descrideo, or was long ago")
    app.state.jobs[json.loads(raw)["job_id"]] = json.loads(raw)


@app.get("/videos/{job}")
async def video(job: str) -> dict:
    """What is known of a video: `result` when it is described, `error` when it could not be."""
    if job not in app.state.jobs:
        raise HTTPException(404, "there is no such video")
    return app.state.jobs[job]
