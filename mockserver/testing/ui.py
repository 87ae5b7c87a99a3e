"""`--mockserver-ui`: the page at `/_mock/` for a run of pytest, with a sandbox for each test."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TextIO

import pytest

from mockserver.core.scenario import ClockSpec
from mockserver.settings import CannotListen, Settings
from mockserver.testing.host import Host

if TYPE_CHECKING:
    from mockserver.testing.handle import MockServer

# Sandboxes of tests that have ended. The oldest of tests that have passed are deleted first.
_MAX_ENDED = 200


class KeepingHost(Host):
    """A server whose sandboxes stay when they are deleted, with their clocks stopped, so that they can be looked at."""

    def __init__(self, settings: Settings, port: int) -> None:
        super().__init__(settings, port)
        self._ended: dict[str, None] = {}

    async def delete(self, name: str) -> None:
        """Stop the clock of a sandbox. Above the limit, an older one is deleted."""
        sandbox = self.app.sandboxes.get(name)
        if sandbox is None:
            return
        if sandbox.clock.mode != "manual":
            sandbox.change_clock(ClockSpec(mode="manual"))
        self._ended.pop(name, None)
        self._ended[name] = None
        if len(self._ended) > _MAX_ENDED:
            await super().delete(self._next_to_delete())

    def _next_to_delete(self) -> str:
        by_name = self.app.sandboxes.by_name
        passed = (name for name in self._ended if name in by_name and by_name[name].outcome == "passed")
        name = next(passed, next(iter(self._ended)))
        del self._ended[name]
        return name


class UiPlugin:
    """Serves the page while the tests run. If the run is in a terminal, it waits for the user at the end."""

    def __init__(self, config: pytest.Config, port: int, settings: Callable[[], Settings]) -> None:
        self._config = config
        self._port = port
        self._settings = settings
        self._host: KeepingHost | None = None
        self._names: dict[str, str] = {}
        # That of a run in a terminal, which waits for the user.
        self._reporter: pytest.TerminalReporter | None = None

    @classmethod
    def of(cls, config: pytest.Config, port: int, settings: Callable[[], Settings]) -> Self:
        """Return the plugin for these settings of a run. Raises UsageError for a wrong setting."""
        if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
            raise pytest.UsageError("mockserver: --mockserver-ui shows the tests of one process; run them without -n")
        if not 0 <= port <= 65_535:
            raise pytest.UsageError(f"mockserver: --mockserver-ui-port must be from 1 to 65535, not {port}")
        return cls(config, port, settings)

    @property
    def host(self) -> Host:
        """The server. It starts when it is first used. Raises UsageError if it cannot listen on the port."""
        if self._host is None:
            host = KeepingHost(self._settings(), self._port)
            try:
                host.socket_server  # noqa: B018 - starts to listen
            except CannotListen as error:
                host.close()
                reason = str(error).partition(". ")[0]
                raise pytest.UsageError(f"mockserver: {reason}. Use another --mockserver-ui-port") from None
            self._host = host
        return self._host

    def opened(self, title: str, handle: "MockServer") -> None:
        """Show the sandbox of a test under this title."""
        sandbox = handle.hosted.sandbox
        sandbox.title, sandbox.outcome = title, "running"
        self._names[title] = sandbox.name

    # Not in the header, which is left out with -q.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Print the address of the page, so that it can be opened before the first test."""
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and not self._config.option.collectonly:
            reporter.write_line(f"mockserver: {self.host.base} shows the sandbox of each test")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item):  # type: ignore[no-untyped-def]
        """Remember the outcome of a test."""
        report: pytest.TestReport = yield
        sandbox = self.host.app.sandboxes.get(self._names.get(item.nodeid, ""))
        if sandbox is not None and (report.when == "call" or report.failed):
            sandbox.outcome = report.outcome
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say that the sandboxes are gone, if the user cannot look at them."""
        if self._host is None or not self._names:
            return
        count = f"{len(self._names)} test{'s' if len(self._names) != 1 else ''}"
        if _is_interactive(self._config):
            self._reporter = terminalreporter
        else:
            terminalreporter.write_line(
                f"mockserver: the page with the sandboxes of {count} has ended. In a terminal it stays until you press "
                "Enter."
            )

    def pytest_unconfigure(self) -> None:
        """Wait for the user, and close the server."""
        host, self._host = self._host, None
        if host is None:
            return
        try:
            if self._reporter is not None:
                line = f"mockserver: {host.base} shows the sandbox of each test. Press Enter to end."
                self._reporter.write_line(line)
                with suppress(KeyboardInterrupt, OSError, ValueError):
                    sys.stdin.readline()
        finally:
            host.close()


def _is_interactive(config: pytest.Config) -> bool:
    """Return true if the user can press Enter. Call this when the tests have ended."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        # Until here, pytest captures the input.
        capture.suspend(in_=True)
    return _is_terminal(sys.stdin) and _is_terminal(sys.stdout)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False
