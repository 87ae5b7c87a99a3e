"""Several servers that share one Valkey, behind a client that asks them in turn, as behind a load balancer."""

import asyncio
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Any

import httpx2

from mockserver.app import create_app
from mockserver.sandbox.sharing import Sharing
from mockserver.settings import Settings
from mockserver.store.valkey.store import ValkeyStore
from mockserver.wire.server import Server
from tests.conversation import Receivers

KEY = {"Authorization": "Bearer key-1"}


class Farm:
    """`size` servers with the same store. Without `store`, one server in memory, which the others are compared with.

    The clock stands still unless the scenario says otherwise. `receivers` gets the webhooks of all servers.
    """

    def __init__(self, store: str = "memory", size: int = 3, settings: Settings | None = None, **scenario: Any) -> None:
        self._settings = replace(settings or Settings(), store=store, allow_hosts=("mock.test",))
        complete = {"scenario": "test", "extends": "default", "clock": {"mode": "manual"}, **scenario}
        # A scenario of the settings is used as it is.
        self._scenario = complete if self._settings.scenario == "default" else None
        self.receivers = Receivers()
        self.size = size if store != "memory" else 1
        self.apps: list[Server] = []
        self.clients: list[httpx2.AsyncClient] = []
        self._turns = count()
        self._loading = asyncio.Lock()

    async def __aenter__(self) -> "Farm":
        for _ in range(self.size):
            await self.add()
        return self

    async def add(self) -> int:
        """Start one more server, and return its index."""
        app = create_app(self._settings, scenario=self._scenario, sender=self.receivers)
        await app.resume()
        # Loading it in several threads at once makes pydantic warn.
        async with self._loading:
            await app._control.get()
        transport = httpx2.ASGITransport(app=app)
        self.apps.append(app)
        self.clients.append(httpx2.AsyncClient(transport=transport, base_url="http://mock.test", headers=KEY))
        return len(self.apps) - 1

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self.clients:
            await client.aclose()
        for app in self.apps:
            await app.close()

    def sharing(self, server: int) -> Sharing:
        """What a server shares."""
        sharing = self.apps[server].sandboxes.sharing
        assert sharing is not None
        return sharing

    async def kill(self, server: int) -> None:
        """End a server as SIGKILL does: nothing more of it happens, and it does not leave."""
        sharing, app, client = self.sharing(server), self.apps.pop(server), self.clients.pop(server)
        await client.aclose()
        sharing.process.commits.closed = True
        for task in (sharing._monitor, sharing._takeover):
            if task is not None:
                task.cancel()
        for sandbox in app.sandboxes.by_name.values():
            assert isinstance(sandbox.store, ValkeyStore)
            sandbox.store.turn.closed = True
            sandbox.clock.end_waits(close=True)
            await sandbox.courier.close()
        await sharing.process.valkey.close()

    async def send(self, method: str, path: str, json: Any = None, server: int | None = None, **more: Any) -> Any:
        """Send a request to a server, by default to the next one in turn, and return the reply."""
        which = next(self._turns) % len(self.clients) if server is None else server
        return await self.clients[which].request(method, path, json=json, **more)

    async def get(self, path: str, server: int | None = None) -> Any:
        """Return the JSON of a reply, which must be a success."""
        reply = await self.send("GET", path, server=server)
        assert reply.is_success, reply.text
        return reply.json()

    async def post(self, path: str, json: Any = None, server: int | None = None, status: int | None = None) -> Any:
        """Send JSON, and return the JSON of the reply, which must be a success or have `status`."""
        reply = await self.send("POST", path, json, server)
        assert reply.status_code == status if status else reply.is_success, reply.text
        return reply.json() if reply.content else None


async def at_once(*work: Any) -> list[Any]:
    """Run coroutines at the same time, and return their results."""
    return list(await asyncio.gather(*work))
