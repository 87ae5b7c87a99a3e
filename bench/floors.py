"""Serve a floor: a minimal server that answers the same requests, with a framework or without one.

    python -m bench.floors httptools PORT  # httptools on uvloop, without uvicorn, ASGI, tasks or streams
    python -m bench.floors bare PORT       # an ASGI function without a framework
    python -m bench.floors starlette PORT  # routes, requests and replies of Starlette
    python -m bench.floors fastapi PORT    # FastAPI, with models for request and reply

Each stores jobs in a dictionary, checks submissions, sends the bytes of bench/peers/analysis.json for a poll, and 4 KB
in 40 chunks for a stream. None has limits, accounts, rules, a clock or a journal.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Literal, cast

from bench.process import ROOT
from bench.workloads import POLL_PATH, STREAM_PATH, SUBMIT_PATH

ANALYSIS = json.loads((ROOT / "bench" / "peers" / "analysis.json").read_text())
COMPACT = json.dumps(ANALYSIS, separators=(",", ":")).encode()
CHUNKS = [b"| 1 | Wide | static | A lighthouse stands on a cliff at dusk | wind, then 2 s of quiet |".ljust(104)] * 40
JSON_TYPE = (b"content-type", b"application/json")
CREATED = "2025-06-01T12:00:00Z"


class BareProtocol(asyncio.Protocol):
    """A connection that answers W1 and W2. Each reply is one write, in the call that parsed the request's last byte."""

    def __init__(self, jobs: dict[str, bytes]) -> None:
        from httptools import HttpRequestParser

        self._jobs = jobs
        self._parser = HttpRequestParser(self)
        self._url, self._body = b"", b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url, self._body = b"", b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"GET":
            job = self._jobs.get(self._url.decode().removeprefix(POLL_PATH))
            line, body = (b"200 OK", job) if job else (b"404 Not Found", b"{}")
        else:
            good, body = submitted(self._jobs, self._body)
            line = b"202 Accepted" if good else b"422 Unprocessable Content"
        self._transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (line, len(body), body)
        )
        if not self._parser.should_keep_alive():
            self._transport.close()


async def serve_bare_protocol(port: int) -> None:
    """Serve `BareProtocol` for ever."""
    jobs = {ANALYSIS["id"]: COMPACT}
    server = await asyncio.get_running_loop().create_server(lambda: BareProtocol(jobs), "127.0.0.1", port)
    await server.serve_forever()


def submitted(jobs: dict[str, bytes], data: bytes) -> tuple[bool, bytes]:
    """Check a submission and store its job. Return whether it was valid, and the body of the reply."""
    submission = json.loads(data)
    good = isinstance(submission.get("url"), str) and submission["url"].startswith("https://")
    job = {"id": f"ana_{len(jobs)}", "status": "pending", "created_at": CREATED, "platform": submission["platform"]}
    body = json.dumps(job).encode()
    if good:
        jobs[job["id"]] = body
    return good, body


def bare() -> Any:
    """Return an ASGI application without a framework."""
    jobs = {ANALYSIS["id"]: COMPACT}

    async def reply(send: Any, status: int, body: bytes) -> None:
        headers = [JSON_TYPE, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if scope["method"] == "GET":
            job = jobs.get(path.removeprefix(POLL_PATH))
            await reply(send, 200 if job else 404, job or b"{}")
        elif path == SUBMIT_PATH:
            good, body = submitted(jobs, (await receive())["body"])
            await reply(send, 202 if good else 422, body)
        else:
            await receive()
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for chunk in CHUNKS:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    return app


async def _chunks() -> AsyncIterator[bytes]:
    for chunk in CHUNKS:
        yield chunk


def starlette() -> Any:
    """Return an application with Starlette's routes, requests and replies."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    jobs: dict[str, Any] = {ANALYSIS["id"]: ANALYSIS}

    async def poll(request: Request) -> Response:
        job = jobs.get(request.path_params["id"])
        return JSONResponse(job, 200 if job else 404)

    async def submit(request: Request) -> Response:
        submission = await request.json()
        if not isinstance(submission.get("url"), str) or not submission["url"].startswith("https://"):
            return JSONResponse({"error": "url"}, 422)
        job = {"id": f"ana_{len(jobs)}", "status": "pending", "created_at": CREATED, "platform": submission["platform"]}
        jobs[job["id"]] = job
        return JSONResponse(job, 202)

    async def stream(request: Request) -> Response:
        await request.json()
        return StreamingResponse(_chunks(), media_type="text/plain")

    return Starlette(
        routes=[
            Route(POLL_PATH + "{id}", poll),
            Route(SUBMIT_PATH, submit, methods=["POST"]),
            Route(STREAM_PATH, stream, methods=["POST"]),
        ]
    )


def fastapi() -> Any:
    """Return a FastAPI application with models for requests and replies."""
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse
    from pydantic import BaseModel, Field

    class Analysis(BaseModel):
        id: str
        status: str
        created_at: str
        completed_at: str
        platform: str
        prompt: dict[str, Any]

    class Submit(BaseModel):
        url: str = Field(pattern="^https://", max_length=2_048)
        platform: Literal["general", "midjourney", "runway", "sora"] = "general"

    class Job(BaseModel):
        id: str
        status: str
        created_at: str
        platform: str

    class Video(BaseModel):
        videoSource: Literal["youtube", "url", "file"]  # noqa: N815 - spelled as on the wire
        videoUrl: str  # noqa: N815

    app, jobs = FastAPI(), {ANALYSIS["id"]: ANALYSIS}

    @app.get(POLL_PATH + "{id}")
    async def poll(id: str) -> Analysis:
        return Analysis(**jobs[id])

    @app.post(SUBMIT_PATH, status_code=202)
    async def submit(submission: Submit) -> Job:
        job = Job(id=f"ana_{len(jobs)}", status="pending", created_at=CREATED, platform=submission.platform)
        jobs[job.id] = job
        return job

    @app.post(STREAM_PATH)
    async def stream(video: Video) -> StreamingResponse:
        return StreamingResponse(_chunks(), media_type="text/plain")

    return app


def main() -> None:
    """Serve one of the floors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["httptools", *FRAMEWORKS])
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    if options.kind == "httptools":
        import uvloop

        uvloop.run(serve_bare_protocol(options.port))
    else:
        import uvicorn

        settings: dict[str, Any] = {"http": "httptools", "loop": "uvloop", "ws": "none", "lifespan": "off"}
        settings |= {"log_level": "warning", "access_log": False, "server_header": False}
        uvicorn.run(FRAMEWORKS[options.kind](), port=options.port, **settings)


FRAMEWORKS = {"bare": bare, "starlette": starlette, "fastapi": fastapi}

if __name__ == "__main__":
    main()
