"""A client in this process that receives a streamed reply piece by piece, and can disconnect in the middle."""

import asyncio
import json
from typing import Any

from tests.conversation import Conversation


class Listener:
    """One request, and the pieces of its reply so far, each with the milliseconds since the request."""

    def __init__(self, t: Conversation, path: str, body: Any, key: str = "key-1") -> None:
        self._clock = t.sandbox.clock
        self._began = self._clock.now()
        self._disconnected = asyncio.Event()
        self._body: bytes | None = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._task = asyncio.get_running_loop().create_task(t.app(_scope(path, key), self._receive, self._send))
        # `broken` reports the exception of a connection that a fault closed, so the event loop must not log it.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[tuple[int, bytes]] = []
        self.complete = False

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message.get("more_body"):
            self.pieces.append((self._clock.now() - self._began, message["body"]))
        else:
            if message["body"]:
                self.pieces.append((self._clock.now() - self._began, message["body"]))
            self.complete = True
            self._disconnected.set()

    @property
    def body(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def instants(self) -> list[int]:
        return [at for at, _ in self.pieces]

    @property
    def over(self) -> bool:
        return self._task.done()

    async def settled(self) -> "Listener":
        """Let the server process the request as far as possible without time passing."""
        for _ in range(20):
            await asyncio.sleep(0)  # noqa: TID251 - runs other tasks, and takes no time
        return self

    async def leave(self) -> None:
        """Disconnect, as a client that closes its connection."""
        self._disconnected.set()
        await self.end()

    async def end(self) -> "Listener":
        """Wait until the server has finished the request."""
        await asyncio.wait([self._task])
        return self

    @property
    def broken(self) -> bool:
        """True if a fault has closed the connection."""
        return self._task.done() and isinstance(self._task.exception(), ConnectionResetError)


def _scope(path: str, key: str) -> dict[str, Any]:
    headers = [(b"host", b"mock.test"), (b"authorization", f"Bearer {key}".encode())]
    return {
        "type": "http", "method": "POST", "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [*headers, (b"content-type", b"application/json")],
    }  # fmt: skip
