"""A server and a client in this process, with a clock that the test moves."""

from dataclasses import replace
from types import TracebackType
from typing import Any

import httpx2

from mockserver.app import create_app
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.settings import Settings
from tests.contract import Contract

ANY_ACCOUNT = [{"key": "*", "plan": "pro"}]


class Receivers:
    """Replaces the network: records every outgoing call, and returns the next of `answers`, or a 200."""

    def __init__(self) -> None:
        self.calls: list[OutgoingCall] = []
        self.answers: list[CallResult] = []

    async def send(self, call: OutgoingCall) -> CallResult:
        self.calls.append(call)
        return self.answers.pop(0) if self.answers else CallResult("response", 200)


class Conversation:
    """A server and a client. Every reply and webhook is checked against its OpenAPI document.

    The clock stands still at 2025-06-01T12:00:00Z unless the scenario has another one. The default scenario is
    `default`; a scenario that is passed extends nothing unless it has `extends`.
    """

    def __init__(self, scenario: dict[str, Any] | None = None, settings: Settings | None = None) -> None:
        self.receivers = Receivers()
        complete = {
            "scenario": "test",
            "clock": {"mode": "manual"},
            **({"extends": "default"} if scenario is None else scenario),
        }
        if "extends" not in complete:
            complete.setdefault("accounts", ANY_ACCOUNT)
        settings = settings or Settings()
        settings = replace(settings, allow_hosts=(*settings.allow_hosts, "mock.test"))
        self.app = create_app(settings, scenario=complete, sender=self.receivers)
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
        """Advance the clock, and process everything that is due."""
        await self.sandbox.advance(round(seconds * 1000))
