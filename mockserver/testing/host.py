"""The server in this process, with any number of sandboxes, which all tests of a run share."""

import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mockserver.app import create_app
from mockserver.control.errors import ControlError
from mockserver.core.compile import Program
from mockserver.core.scenario import ClockSpec, Scenario
from mockserver.coverage.tally import Tally
from mockserver.kit.catalogue import catalogue
from mockserver.kit.provider import Provider
from mockserver.providers.registry import all_providers
from mockserver.sandbox.sandbox import Sandbox
from mockserver.scenario.library import Library, SourceErrors
from mockserver.scenario.library import is_path as means_file
from mockserver.settings import Settings
from mockserver.testing.call_router import CallRouter
from mockserver.testing.errors import MockServerError
from mockserver.testing.loop import LoopThread
from mockserver.testing.socket_server import HOST, SocketServer
from mockserver.wire.server import Server

if TYPE_CHECKING:
    from mockserver.coverage.report import Report

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

T = TypeVar("T")
ScenarioLike = str | Path | Mapping[str, Any] | Scenario


class Host:
    """A server on its own event loop. It listens on a socket once its address is needed: on `port`, or a free one.

    `remote` is true for a server that runs elsewhere.
    """

    remote = False

    def __init__(self, settings: Settings | None = None, port: int = 0) -> None:
        self._port = port
        self.settings = settings = settings or Settings()
        self.providers: tuple[Provider, ...] = all_providers()
        self.catalogue = catalogue(self.providers)
        self._library = Library(self.catalogue, self.providers, settings.scenario_dirs)
        self._programs: dict[tuple[str, int], Program] = {}
        self._loop = LoopThread()
        self._begin(settings)

    def _begin(self, settings: Settings) -> None:
        """Create the server."""
        self.call_router = CallRouter(allow_public=settings.allow_public_webhooks)
        self._opening = threading.Lock()
        self._socket_server: SocketServer | None = None
        self.app: Server = self.run(_create(settings, self.call_router))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop, and return its result."""
        return self._loop.run(work)

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine on the server's loop."""
        return self._loop.start(work)

    @property
    def base(self) -> str:
        """The URL of the server. The first access starts to listen."""
        return f"http://{HOST}:{self.socket_server.port}"

    @property
    def socket_server(self) -> SocketServer:
        """The socket of the server. The first access starts to listen."""
        with self._opening:
            if self._socket_server is None:
                self._socket_server = self.run(self._open_socket())
            return self._socket_server

    async def _open_socket(self) -> SocketServer:
        server = SocketServer(self.app, self._port)
        await server.open()
        self.call_router.add_own_ports(server.port)
        return server

    # Scenarios.

    def program(self, scenario: ScenarioLike | None, base_directory: Path | None = None) -> Program:
        """Return the program of a scenario, given by its name, as a path or as data.

        A path is relative to `base_directory` if the file exists there. A mapping without a name extends `default`.
        Raises MockServerError with every mistake.
        """
        try:
            if scenario is None:
                return self.app.sandboxes.initial
            if isinstance(scenario, Scenario):
                return self._library.program_of_data(scenario, "scenario")
            if isinstance(scenario, Mapping):
                named = "scenario" in scenario
                complete = scenario if named else {"scenario": "test", "extends": "default", **scenario}
                return self._library.program_of_data(complete, "scenario")
            return self._program_by_reference(str(scenario), isinstance(scenario, Path), base_directory)
        except SourceErrors as errors:
            raise MockServerError("\n".join(errors.lines())) from None
        except LookupError as error:
            raise MockServerError(str(error.args[0])) from None

    def _program_by_reference(self, reference: str, is_path: bool, base_directory: Path | None) -> Program:
        path = None
        if "\n" not in reference and (is_path or "\\" in reference or means_file(reference)):
            path = Path(reference)
            if base_directory is not None and (base_directory / path).is_file():
                path = base_directory / path
            reference = str(path.absolute())
        modified_at = path.stat().st_mtime_ns if path is not None and path.is_file() else 0
        program = self._programs.get((reference, modified_at))
        if program is None:
            library = self._library
            program = library.program_typed(reference) if path is None else library.program_of_file(Path(reference))
            self._programs[reference, modified_at] = program
        return program

    # Sandboxes.

    async def create(self, name: str, program: Program, seed: int | None, clock: ClockSpec) -> Sandbox:
        """Create a sandbox. An existing one with the same name is deleted."""
        await self.app.sandboxes.delete(name)
        # The same test gets the same bytes, however often it runs.
        return self.app.sandboxes.create(name, program, seed, clock, generation=0)

    async def delete(self, name: str) -> None:
        """Delete a sandbox."""
        await self.app.sandboxes.delete(name)

    def provider(self, name: str) -> Provider:
        """Return the provider with this name. Raises MockServerError with a similar name, or else all names."""
        for provider in self.providers:
            if provider.name == name:
                return provider
        from mockserver.source.suggestions import did_you_mean, display_name

        names = [provider.name for provider in self.providers]
        raise MockServerError(f"there is no provider {display_name(name)}{did_you_mean(name, names)}")

    async def act(self, sandbox: Sandbox, action: Callable[[int], Awaitable[T]]) -> T:
        """Run an action of the control API in a sandbox, with the current time of its clock, and return its result.

        Raises MockServerError with the error messages of the control API.
        """
        if sandbox.clock.mode == "auto":
            await sandbox.catch_up()
        now = sandbox.clock.now()
        await sandbox.settling.settle(now)
        try:
            return await action(now)
        except ControlError as error:
            raise MockServerError("\n".join(error.errors or [error.detail])) from None

    def coverage(self) -> "Report":
        """Return the coverage of all sandboxes, also of those that were deleted."""
        from mockserver.coverage.report import Report
        from mockserver.kit.ledger import ledger

        async def tally() -> Tally:
            return self.app.sandboxes.tally()

        names = [provider.name for provider in self.providers]
        return Report.from_tally(names, ledger(self.providers).rows, self.run(tally()))

    def close(self) -> None:
        """Close the server with all its sandboxes and connections."""
        self.run(self._close())
        self._loop.stop()

    async def _close(self) -> None:
        await self.app.close()
        if self._socket_server is not None:
            await self._socket_server.close()
        await self.call_router.close()


async def _create(settings: Settings, call_router: CallRouter) -> Server:
    return create_app(settings, sender=call_router)
