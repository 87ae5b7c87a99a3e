"""The same work done by nothing but a framework, on uvicorn as mockserver runs it, or by less: what the floor costs.

    python -m bench.floors httptools PORT  # a protocol on uvloop and its parser: no uvicorn, ASGI or task; no stream
    python -m bench.floors bare PORT       # ASGI by hand
    python -m bench.floors starlette PORT  # routes, requests and replies of Starlette
    python -m bench.floors fastapi PORT    # FastAPI, one model in and one out

Each keeps jobs in a dictionary, checks what is submitted, sends the bytes of bench/peers/analysis.json for a poll, and
4 KB in 40 chunks for a stream. None has limits, accounts, rules, a clock or a journal.
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
    """W1 and W2 on a connection: each request is answered by one write, inside the call that parsed its last byte."""

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
            found = self._jobs.get(self._url.decode().removeprefix(POLL_PATH))
            line, body = (b"200 OK", found) if found else (b"404 Not Found", b"{}")
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
    """Check a submission and keep its job: whether it was good, and the body of the reply."""
    asked = json.loads(data)
    good = isinstance(asked.get("url"), str) and asked["url"].startswith("https://")
    job = {"id": f"ana_{len(jobs)}", "status": "pending", "created_at": CREATED, "platform": asked["platform"]}
    body = json.dumps(job).encode()
    if good:
        jobs[job["id"]] = body
    return good, body


def bare() -> Any:
    """ASGI without a framework."""
    jobs = {ANALYSIS["id"]: COMPACT}

    async def reply(send: Any, status: int, body: bytes) -> None:
        headers = [JSON_TYPE, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if scope["method"] == "GET":
            found = jobs.get(path.removeprefix(POLL_PATH))
            await reply(send, 200 if found else 404, found or b"{}")
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
    """Starlette's routing, Request and replies."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    jobs: dict[str, Any] = {ANALYSIS["id"]: ANALYSIS}

    async def poll(request: Request) -> Response:
        found = jobs.get(request.path_params["id"])
        return JSONResponse(found, 200 if found else 404)

    async def submit(request: Request) -> Response:
        asked = await request.json()
        if not isinstance(asked.get("url"), str) or not asked["url"].startswith("https://"):
            return JSONResponse({"error": "url"}, 422)
        job = {"id": f"ana_{len(jobs)}", "status": "pending", "created_at": CREATED, "platform": asked["platform"]}
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
    """FastAPI with a model in and a model out."""
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
    async def submit(asked: Submit) -> Job:
        job = Job(id=f"ana_{len(jobs)}", status="pending", created_at=CREATED, platform=asked.platform)
        jobs[job.id] = job
        return job

    @app.post(STREAM_PATH)
    async def stream(asked: Video) -> StreamingResponse:
        return StreamingResponse(_chunks(), media_type="text/plain")

    return app


def main() -> None:
    """Serve one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["httptools", *FRAMEWORKS])
    parser.add_argument("port", type=int)
    asked = parser.parse_args()
    if asked.kind == "httptools":
        import uvloop

        uvloop.run(serve_bare_protocol(asked.port))
    else:
        import uvicorn

        settings: dict[str, Any] = {"http": "httptools", "loop": "uvloop", "ws": "none", "lifespan": "off"}
        settings |= {"log_level": "warning", "access_log": False, "server_header": False}
        uvicorn.run(FRAMEWORKS[asked.kind](), port=asked.port, **settings)


FRAMEWORKS = {"bare": bare, "starlette": starlette, "fastapi": fastapi}

if __name__ == "__main__":
    main()
