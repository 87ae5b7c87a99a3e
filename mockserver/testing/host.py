"""One server in this process, with any number of sandboxes: what the handles of tests share."""

import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from mockserver.app import create_app
from mockserver.control.errors import ControlError
from mockserver.core.compile import Program
from mockserver.core.scenario import ClockSpec, Scenario
from mockserver.kit.catalogue import catalogue
from mockserver.kit.provider import Provider
from mockserver.providers.registry import all_providers
from mockserver.sandbox.sandbox import Sandbox
from mockserver.scenario.library import ENDINGS, Library, SourceErrors
from mockserver.settings import Settings
from mockserver.testing.errors import MockServerError
from mockserver.testing.front import HOST, Front
from mockserver.testing.loop import LoopThread
from mockserver.testing.switchboard import Switchboard
from mockserver.wire.server import Server

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

T = TypeVar("T")
ScenarioLike = str | Path | Mapping[str, Any] | Scenario


class Host:
    """An application on an event loop of its own, and a socket once somebody asks for its address."""

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self.providers: tuple[Provider, ...] = all_providers()
        self.catalogue = catalogue(self.providers)
        self.switchboard = Switchboard(allow_public=settings.allow_public_webhooks)
        self._library = Library(self.catalogue, self.providers, settings.scenario_dirs)
        self._programs: dict[tuple[str, int], Program] = {}
        self._loop = LoopThread()
        self._opening = threading.Lock()
        self._front: Front | None = None
        self.app: Server = self.run(_made(settings, self.switchboard))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the server's loop, and wait for it."""
        return self._loop.run(work)

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin work on the server's loop."""
        return self._loop.start(work)

    @property
    def base(self) -> str:
        """The URL of the server. It begins to listen when this is first asked."""
        return f"http://{HOST}:{self.front.port}"

    @property
    def front(self) -> Front:
        """The socket of the server. It begins to listen when this is first asked for."""
        with self._opening:
            if self._front is None:
                self._front = self.run(self._opened())
            return self._front

    async def _opened(self) -> Front:
        front = Front(self.app)
        await front.open()
        self.switchboard.own(front.port)
        return front

    # Scenarios.

    def program(self, given: ScenarioLike | None, near: Path | None = None) -> Program:
        """The program of a scenario: by name, by path (relative to `near` if it is there), or as data.

        A mapping that does not name itself is laid over `default`. Raises MockServerError with every mistake.
        """
        try:
            if given is None:
                return self.app.sandboxes.initial
            if isinstance(given, Scenario):
                return self._library.program_of_data(given, "scenario")
            if isinstance(given, Mapping):
                whole = given if "scenario" in given else {"scenario": "test", "extends": "default", **given}
                return self._library.program_of_data(whole, "scenario")
            return self._referred(str(given), isinstance(given, Path), near)
        except SourceErrors as errors:
            raise MockServerError("\n".join(str(e) for e in errors.errors)) from None
        except LookupError as error:
            raise MockServerError(str(error.args[0])) from None

    def _referred(self, reference: str, is_path: bool, near: Path | None) -> Program:
        changed = 0
        if is_path or "/" in reference or "\\" in reference or reference.endswith(ENDINGS):
            path = Path(reference)
            if near is not None and (near / path).is_file():
                path = near / path
            changed = path.stat().st_mtime_ns if path.is_file() else 0
            reference = str(path.absolute())
        found = self._programs.get((reference, changed))
        if found is None:
            found = self._programs[reference, changed] = self._library.program(reference)
        return found

    # Sandboxes.

    async def create(self, name: str, program: Program, seed: int | None, clock: ClockSpec) -> Sandbox:
        """A fresh sandbox of that name; one that is there goes."""
        await self.app.sandboxes.delete(name)
        # The same test gets the same bytes, however often it runs.
        return self.app.sandboxes.create(name, program, seed, clock, generation=0)

    async def delete(self, name: str) -> None:
        """Throw a sandbox away."""
        await self.app.sandboxes.delete(name)

    def provider(self, name: str) -> Provider:
        """The provider of that name. Raises MockServerError with the names there are."""
        for provider in self.providers:
            if provider.name == name:
                return provider
        known = ", ".join(p.name for p in self.providers)
        raise MockServerError(f"there is no provider {name!r}; the providers are {known}")

    async def act(self, sandbox: Sandbox, action: Callable[[int], Awaitable[T]]) -> T:
        """Do what the control API does in a sandbox, at its present instant. Raises MockServerError with reasons."""
        if sandbox.clock.mode == "auto":
            await sandbox.catch_up()
        now = sandbox.clock.now()
        await sandbox.settling.settle(now)
        try:
            return await action(now)
        except ControlError as error:
            raise MockServerError("\n".join(error.errors or [error.detail])) from None

    def close(self) -> None:
        """End the server with all its sandboxes and connections."""
        self.run(self._closed())
        self._loop.stop()

    async def _closed(self) -> None:
        await self.app.close()
        if self._front is not None:
            await self._front.close()
        await self.switchboard.close()


async def _made(settings: Settings, switchboard: Switchboard) -> Server:
    return create_app(settings, sender=switchboard)
