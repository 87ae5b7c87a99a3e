"""A server with a store in a file, which can be killed and started again within a test."""

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from mockserver.app import create_app
from mockserver.clock import let_others_run
from mockserver.settings import Settings
from mockserver.store.sqlite.file import StoreFile
from tests.conversation import Receivers

KEY = {"Authorization": "Bearer key-1"}


class Kept:
    """A server with a store in `file`, and a client. The clock stands still unless the scenario or settings say more.

    `killed` ends it as SIGKILL does: what was committed is in the file, and nothing else happens.
    """

    def __init__(self, file: Path, settings: Settings | None = None, **scenario: Any) -> None:
        settings = replace(settings or Settings(), store=f"sqlite:{file}", allow_hosts=("mock.test",))
        complete = {"scenario": "test", "extends": "default", "clock": {"mode": "manual"}, **scenario}
        self.receivers = Receivers()
        chosen = None if settings.scenario != "default" else complete
        self.app = create_app(settings, scenario=chosen, sender=self.receivers)
        transport = httpx2.ASGITransport(app=self.app)
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://mock.test", headers=KEY)

    @property
    def file(self) -> StoreFile:
        gate = self.app.gate
        assert isinstance(gate, StoreFile)
        return gate

    async def __aenter__(self) -> "Kept":
        await self.app.resume()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()
        if not self.file.closed:
            await self.app.close()

    async def kill(self) -> None:
        """End the server at once, at the end of a turn of the event loop."""
        await let_others_run()
        self.file.closed = True
        self.file._connection.close()
        for sandbox in self.app.sandboxes.by_name.values():
            sandbox.store.touch = lambda: None  # type: ignore[attr-defined]
            sandbox.clock.end_waits(close=True)
            await sandbox.courier.close()

    async def get(self, path: str, **more: Any) -> Any:
        """Return the JSON of a reply, which must be a success."""
        reply = await self.client.get(path, **more)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def post(self, path: str, json: Any = None, status: int | None = None, **more: Any) -> Any:
        """Send JSON, and return the JSON of the reply, which must be a success or have `status`."""
        reply = await self.client.post(path, json=json, **more)
        assert reply.status_code == status if status else reply.is_success, reply.text
        return reply.json() if reply.content else None

    async def advance(self, seconds: float) -> None:
        """Advance the clock, and do everything that is due."""
        await self.app.sandboxes.default.advance(round(seconds * 1000))
