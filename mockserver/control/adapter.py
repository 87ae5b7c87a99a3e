"""Translates the server's own requests and connections into ASGI, which FastAPI speaks."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from mockserver.clock import let_others_run, monotonic
from mockserver.control.app import control_app
from mockserver.control.boundary import Boundary, WrongToken, WrongTokens
from mockserver.control.dependencies import Parts
from mockserver.control.errors import ControlError
from mockserver.control.problems import problem
from mockserver.core.masking import Masking
from mockserver.kit.operations import Header
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.asgi import Message
from mockserver.wire.probes import SAFE_HEADERS
from mockserver.wire.request import Connection, Disconnected, Request, Unwritten

log = logging.getLogger("mockserver")


class ControlApi:
    """Answers requests below `/_mock`, for the sandbox that the request is in."""

    def __init__(self, parts: Parts, boundary: Boundary) -> None:
        self._app = control_app()
        self._parts = parts
        self._boundary = boundary
        self._wrong_tokens = WrongTokens()

    async def serve(self, sandbox: Sandbox, path: str, request: Request, connection: Connection) -> None:
        """Answer one request, whose `path` is what follows `/_mock`."""
        # FastAPI and time-outs need a task. A request is in one only after it has first waited.
        await let_others_run()
        responder = _Responder(request, connection)
        scope = self._scope(sandbox, path, request, connection)
        try:
            try:
                self._boundary.check(path, request.headers)
                if sandbox.read_only:
                    _check_unchanged(sandbox, path, request.method)
            except ControlError as error:
                if isinstance(error, WrongToken):
                    await _wait(connection, self._wrong_tokens.delay(monotonic()))
                await problem(error)(scope, responder.receive, responder.send)
            else:
                await self._app(scope, responder.receive, responder.send)
        except (Disconnected, Unwritten):
            return
        except Exception:
            # By now FastAPI has answered with 500.
            log.exception("%s failed", Masking().text(f"{request.method} /_mock{path}"))

    def _scope(self, sandbox: Sandbox, path: str, request: Request, connection: Connection) -> dict[str, Any]:
        root_path = request.path.removesuffix(path)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            # HEAD is served by GET (RFC 9110 section 9.3.2). The connection leaves out the body.
            "method": "GET" if request.method == "HEAD" else request.method,
            "scheme": request.scheme,
            # Not decoded: a slash in a parameter (%2F) does not end its segment.
            "path": root_path + path,
            "raw_path": request.path.encode("latin-1"),
            "root_path": root_path,
            "query_string": request.query,
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.fields],
            "state": {"sandbox": sandbox, "parts": self._parts, "request": request, "connection": connection},
        }


def _check_unchanged(sandbox: Sandbox, path: str, method: str) -> None:
    """Raises ControlError 409 for a change of a sandbox that shows a bundle. It may make and delete sandboxes."""
    if method not in ("GET", "HEAD") and not path.startswith("/sandboxes") and path != "/scenario/check":
        detail = f"The sandbox {sandbox.name!r} shows a bundle, and is not changed. Load the bundle to go on from there"
        raise ControlError(409, detail)


async def _wait(connection: Connection, seconds: float) -> None:
    """Wait in real time, or until the client disconnects."""
    if seconds:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await connection.wait_disconnected()


class _Responder:
    """The two callables of an ASGI application, over a connection. Every response gets the safe headers."""

    def __init__(self, request: Request, connection: Connection) -> None:
        self._body = request.body
        self._connection = connection
        self._read = False
        self._status = 0
        self._headers: list[Header] = []
        self._begun = False

    async def receive(self) -> Message:
        """The next piece of the body. After its end: wait until the client has gone."""
        if self._read:
            await self._connection.wait_disconnected()
            return {"type": "http.disconnect"}
        piece = self._body if self._body is not None else await self._connection.read()
        self._read = piece is None or self._body is not None
        return {"type": "http.request", "body": piece or b"", "more_body": not self._read}

    async def send(self, message: Message) -> None:
        """Send the head or a piece of the response."""
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            safe = [header for header in SAFE_HEADERS if header[0] not in own]
            self._status, self._headers = message["status"], [*message["headers"], *safe]
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if not self._begun and not more:
            await self._connection.respond(self._status, self._headers, body)
            return
        if not self._begun:
            self._begun = True
            await self._connection.begin(self._status, self._headers)
        await self._connection.send(body)
        if not more:
            await self._connection.end()
