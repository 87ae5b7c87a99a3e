"""A pytest suite in its own process. The tests of a cell are run again by the session that has collected them."""

import signal
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from mockserver.kit.provider import Provider
from mockserver.sweep.calls import Injection
from mockserver.sweep.judging import Outcome
from mockserver.sweep.observing import Observation
from mockserver.sweep.recording import Request, record
from mockserver.sweep.state import StateFile

if TYPE_CHECKING:
    from mockserver.testing.handle import MockServer

_MESSAGE = 200


class _Next(pytest.Item):
    """Stands for the next test, so that the fixtures of the module and the session are kept between runs."""

    def runtest(self) -> None: ...


class TimedOut(Exception):
    """A test took longer than a run of a cell may take."""


class SweepPlugin:
    """Replaces the loop of the session: runs the tests twice without faults, and then once for each cell.

    `opened` and `closing` are called by the fixture with the sandbox of each test.
    """

    reports_errors = False

    def __init__(self, config: pytest.Config, request: Request) -> None:
        self._config = config
        self._request = request
        self._items: dict[str, pytest.Item] = {}
        self._observation: Observation | None = None
        self._injection: Injection | None = None
        self._observed: Outcome | None = None
        self._loud = True
        self._timeout: float | None = request.timeout
        self.providers: Sequence[Provider] = ()

    # The fixture.

    def opened(self, handle: "MockServer") -> None:
        """Begin to observe the sandbox of the test that is being set up."""
        self.providers = handle._hosted.host.providers
        self._observation = Observation(handle, self._injection)

    def closing(self) -> None:
        """Read the results of the sandbox of the test that is being torn down."""
        if self._observation is not None:
            self._observed, self._observation = self._observation.end(), None

    # The session.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the sweep in place of the tests."""
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            raise session.Interrupted(f"{session.testsfailed} error(s) during collection")
        self._items = {item.nodeid: item for item in session.items}
        try:
            record(self, self._request, StateFile(Path(self._request.state)), self._say)
        finally:
            # The last test has kept the fixtures of its module and of the session.
            session._setupstate.teardown_exact(None)
        return True

    def run(self, tests: Collection[str] | None, injection: Injection | None) -> Mapping[str, Outcome]:
        """Run some of the collected tests, and return what those did that use a sandbox."""
        found: dict[str, Outcome] = {}
        from mockserver.clock import monotonic

        self._injection = injection
        began = monotonic()
        for name in list(self._items) if tests is None else tests:
            run = self._run_test(self._items[name])
            if run is not None:
                found[name] = run
        if self._loud and self._request.timeout is None:
            self._timeout = max(10.0, 20 * (monotonic() - began))
        self._loud = False
        return found

    def _run_test(self, item: pytest.Item) -> Outcome | None:
        self._observed = None
        parent = item.parent
        assert parent is not None  # only the session has none
        following: Any = _Next.from_parent(parent, name="next")
        self._leave_module(item)
        with _limited(self._timeout, item):
            reports = runtestprotocol(item, log=self._loud, nextitem=following)
        failed = [report for report in reports if report.failed]
        skipped = any(report.skipped for report in reports)
        observed = self._taken()
        if observed is None or skipped:
            return None
        return observed._replace(passed=not failed, message=_message(failed[0]) if failed else "")

    def _leave_module(self, following: pytest.Item) -> None:
        """Tear the fixtures down that were kept for the module of the test before, if this one is in another module."""
        try:
            following.session._setupstate.teardown_exact(following)
        except Exception as error:  # noqa: BLE001 - the fixture of a user can raise anything
            self._say(f"sweep: a fixture failed when it was torn down: {error}")

    def _taken(self) -> Outcome | None:
        observed, self._observed = self._observed, None
        return observed

    def _say(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(text)
            reporter._tw.flush()


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = text.strip().splitlines()
    return f"{report.when}: {lines[0]}"[:_MESSAGE] if lines else f"{report.when} failed"


@contextmanager
def _limited(seconds: float | None, item: pytest.Item) -> Iterator[None]:
    """Raise TimedOut in the test after some seconds, where the system has timers (not on Windows)."""
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise TimedOut(f"{item.nodeid} took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
