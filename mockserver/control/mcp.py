"""The tools for agents over HTTP (Model Context Protocol, Streamable HTTP without streams), and `llms.txt`."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from mockserver.agents.protocol import answer_text
from mockserver.agents.tools import Reply
from mockserver.control.bodies import StrictRequest, StrictRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.errors import ControlError
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.asgi import AsgiConnection, Message, request_of

_LLMS = Path(__file__).parents[1] / "agents" / "llms.txt"

router = APIRouter(route_class=StrictRoute, include_in_schema=False)


@router.get("/llms.txt")
async def show_llms() -> Response:
    """What an agent should know about this server (https://llmstxt.org)."""
    return PlainTextResponse(_LLMS.read_text("utf-8"))


@router.post("/mcp")
async def use_tools(request: Request, sandbox: CurrentSandbox, parts: ServerParts) -> Response:
    if not parts.agents:
        raise ControlError(404, "The tools for agents are off. Start the server with --mcp, or use `mockserver mcp`")
    assert isinstance(request, StrictRequest)
    body = await request.body()
    reply = await answer_text(body, _Calls(request, sandbox), tuple(parts.catalogue.operations))
    if reply is None:
        return Response(status_code=202)
    return Response(reply, media_type="application/json")


class _Calls:
    """Calls operations of the control API for a tool, within the request to the tool, which has been authorized."""

    def __init__(self, request: Request, sandbox: Sandbox) -> None:
        self._request = request
        self._sandbox = sandbox

    async def __call__(self, method: str, path: str, body: Any = None, sandbox: str = "default") -> Reply:
        outer = self._request.scope
        name = self._sandbox.name if sandbox == "default" else sandbox
        chosen = self._request.state.parts.sandboxes.get(name)
        if chosen is None:
            return 404, {"detail": f"There is no sandbox named {name!r}"}
        kind = "application/yaml" if isinstance(body, bytes) else "application/json"
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        route, _, query = path.partition("?")
        headers = [(b"host", b"localhost"), (b"content-length", str(len(content)).encode())]
        scope = {
            **{key: outer[key] for key in ("type", "asgi", "http_version", "scheme", "root_path")},
            "method": method, "path": outer["root_path"] + route, "raw_path": (outer["root_path"] + route).encode(),
            "query_string": query.encode(),
            "headers": headers if body is None else [*headers, (b"content-type", kind.encode())],
        }  # fmt: skip
        answered = _Answered(content)
        inner = request_of(scope)
        connection = AsgiConnection(scope, answered.receive, answered.send)
        scope["state"] = {
            "sandbox": chosen, "parts": self._request.state.parts, "request": inner, "connection": connection,
        }  # fmt: skip
        await self._request.app(scope, answered.receive, answered.send)
        return answered.reply


class _Answered:
    """The two callables of an ASGI application for one call, and its reply."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._status = 0
        self._kind = b""
        self._body = b""

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self._content, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._kind = dict(message["headers"]).get(b"content-type", b"")
        else:
            self._body += message.get("body", b"")

    @property
    def reply(self) -> Reply:
        """The status, and the JSON or the text of the reply."""
        if b"json" in self._kind:
            return self._status, json.loads(self._body)
        return self._status, self._body.decode("utf-8", "replace")
