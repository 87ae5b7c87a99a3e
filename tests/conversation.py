"""A conversation with a server in this process: requests in, replies out, and the clock in your hand."""

from types import TracebackType
from typing import Any

import httpx2

from mockserver.app import create_app
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.settings import Settings
from tests.contract import Contract

EVERYBODY = [{"key": "*", "plan": "pro"}]


class Receivers:
    """Stands in for the network: remembers every outgoing call, and answers as told (200 unless told otherwise)."""

    def __init__(self) -> None:
        self.calls: list[OutgoingCall] = []
        self.answers: list[CallResult] = []

    async def send(self, call: OutgoingCall) -> CallResult:
        self.calls.append(call)
        return self.answers.pop(0) if self.answers else CallResult("response", 200)


class Conversation:
    """One server with one client, every reply and webhook held to its OpenAPI document.

    The clock stands still at 2025-06-01T12:00:00Z unless the scenario says otherwise.

    Without a scenario the neutral `default` runs; a scenario given as a dict extends nothing unless it says so.
    """

    def __init__(self, scenario: dict[str, Any] | None = None, settings: Settings | None = None) -> None:
        self.receivers = Receivers()
        told = {
            "scenario": "test",
            "clock": {"mode": "manual"},
            **({"extends": "default"} if scenario is None else scenario),
        }
        if "extends" not in told:
            told.setdefault("accounts", EVERYBODY)
        self.app = create_app(settings or Settings(), scenario=told, sender=self.receivers)
        self.sandbox = self.app.sandboxes.default
        self.contract = Contract(self.app)
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.contract),
            base_url="http://mock.test",
            headers={"Authorization": "Bearer key-1"},
        )

    async def __aenter__(self) -> "Conversation":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()
        if error is None:
            await self.contract.check_webhooks()
            await self.contract.check_provenance()
        await self.app.sandboxes.close()

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.client.get(path, **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> httpx2.Response:
        return await self.client.post(path, json=json, **more)

    async def advance(self, seconds: float) -> None:
        """Let virtual time pass, with all that falls due."""
        await self.sandbox.advance(round(seconds * 1000))
