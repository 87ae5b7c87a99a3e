"""The pytest plugin: the fixture `mockserver` and related fixtures, the marker, and the options.

This module is fast to load: a run that does not use the fixture imports nothing else of the package. One server serves
the whole run (each worker of pytest-xdist has its own). It starts for the first test that uses it. Every test gets a
new sandbox, which is deleted at its end.
"""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.pytest_options import SWEEP, add_options, check_remote, clock_of, remote_url, seed_of, setting

if TYPE_CHECKING:
    from mockserver.core.verdict.policy import Policy
    from mockserver.settings import Settings
    from mockserver.sweep.pytest_suite import SweepPlugin
    from mockserver.testing.bundles import FailedTests
    from mockserver.testing.coverage import CoveragePlugin
    from mockserver.testing.handle import MockServer
    from mockserver.testing.host import Host
    from mockserver.testing.interception import Interception
    from mockserver.testing.ui import UiPlugin
    from mockserver.testing.verdicts import VerdictPlugin

# Hides the frames of this module, so that a failing test shows its own lines.
__tracebackhide__ = True

MARKER = "mockserver"
_handle: "pytest.StashKey[MockServer]" = pytest.StashKey()
_session: "pytest.StashKey[MockServer]" = pytest.StashKey()
_sweep: "pytest.StashKey[SweepPlugin]" = pytest.StashKey()
_coverage: "pytest.StashKey[CoveragePlugin]" = pytest.StashKey()
_verdict: "pytest.StashKey[VerdictPlugin]" = pytest.StashKey()
_ui: "pytest.StashKey[UiPlugin]" = pytest.StashKey()
_bundles: "pytest.StashKey[FailedTests]" = pytest.StashKey()
_CLIENT_ONLY = (
    "only the client is installed. Set MOCKSERVER_URL to the URL of a server, or install ai-video-mockserver "
    "instead of ai-video-mockserver-client"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check the settings. Raises UsageError for a wrong setting."""
    text = (
        "configures the `mockserver` fixture of the test: scenario (a name, a path or a mapping), seed and clock; "
        "allow is a list of rules of the verdict whose findings are not reported"
    )
    config.addinivalue_line("markers", f"{MARKER}(*, scenario, seed, clock, allow): {text}")
    seed_of(config)
    clock_of(config)
    if remote_url(config) is not None:
        check_remote(config)
    outputs, fail_under = setting(config, "coverage"), setting(config, "coverage_fail_under")
    if outputs or fail_under:
        from mockserver.testing.coverage import CoveragePlugin

        config.stash[_coverage] = CoveragePlugin.of(config, outputs, fail_under)
        config.pluginmanager.register(config.stash[_coverage], "mockserver-coverage")
    if SWEEP in os.environ:
        from mockserver.sweep.pytest_suite import SweepPlugin
        from mockserver.sweep.recording import Request

        config.stash[_sweep] = SweepPlugin(config, Request.read(os.environ[SWEEP]))
        config.pluginmanager.register(config.stash[_sweep], "mockserver-sweep")
    verdicts = setting(config, "verdict")
    if verdicts:
        from mockserver.testing.verdicts import VerdictPlugin

        config.stash[_verdict] = VerdictPlugin.of(config, verdicts, setting(config, "verdict_fail_on"))
        config.pluginmanager.register(config.stash[_verdict], "mockserver-verdict")
    if config.getoption("mockserver_ui"):
        from mockserver.testing.ui import UiPlugin

        config.stash[_ui] = UiPlugin.of(config, config.getoption("mockserver_ui_port"), partial(_settings, config))
        config.pluginmanager.register(config.stash[_ui], "mockserver-ui")


@pytest.fixture(scope="session")
def _mockserver_host(request: pytest.FixtureRequest) -> "Iterator[Host]":
    with _without_garbage_collection():
        # Everything that tests may need is imported here, so that the first test is not slower than others.
        from anyio.lowlevel import checkpoint

        import mockserver.control.actions
        import mockserver.outgoing.stream  # noqa: F401
        from mockserver.content.locales import locale
        from mockserver.testing.handle import MockServer  # noqa: F401

        locale("en")

    config = request.config
    ui = config.stash.get(_ui, None)
    host = _new_host(config) if ui is None else ui.host
    host.run(checkpoint())  # loads the modules for outgoing calls
    yield host
    if _coverage in config.stash:
        config.stash[_coverage].add_server(host)
    if ui is None:
        host.close()


def _settings(config: pytest.Config) -> "Settings":
    from mockserver.settings import Settings

    directory = config.rootpath / (setting(config, "scenario_dir") or "scenarios")
    strict, no_assumed, additive = (bool(setting(config, name)) for name in ("strict", "no_assumed", "additive"))
    return Settings(scenario_dir=str(directory), strict=strict, no_assumed=no_assumed, additive=additive)


def _new_host(config: pytest.Config) -> "Host":
    """Start a server in this process, or connect to the one that the run is for."""
    from mockserver.testing.host import Host

    settings, url = _settings(config), remote_url(config)
    if url is None:
        if find_spec("fastapi") is None:
            pytest.fail(f"mockserver: {_CLIENT_ONLY}", pytrace=False)
        return Host(settings)
    from mockserver.testing.errors import MockServerError
    from mockserver.testing.remote.host import RemoteHost

    token, receiver_host = os.environ.get("MOCKSERVER_TOKEN", ""), os.environ.get("MOCKSERVER_RECEIVER_HOST")
    try:
        host = RemoteHost(url, token, settings, receiver_host)
    except MockServerError as error:
        pytest.fail(f"mockserver: {error}", pytrace=False)
    host.collects_coverage = _coverage in config.stash
    return host


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable garbage collection while modules are imported: they leave no garbage, and the search takes time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@pytest.fixture
def mockserver(request: pytest.FixtureRequest, _mockserver_host: "Host") -> "Iterator[MockServer]":
    """A fresh sandbox of five AI-video provider APIs for this test alone: a `mockserver.MockServer`."""
    # The name of the sandbox depends only on the test, so its values are the same in any order and on any worker.
    handle = _new_handle(request, _mockserver_host, _sandbox_name(request.node.nodeid))
    problem = _open(handle)
    if problem is not None:
        pytest.fail(f"mockserver: {problem}", pytrace=False)
    request.node.stash[_handle] = handle
    if _ui in request.config.stash:
        request.config.stash[_ui].opened(request.node.nodeid, handle)
    sweep = request.config.stash.get(_sweep, None)
    if sweep is not None:
        sweep.opened(handle)
    try:
        yield handle
    finally:
        del request.node.stash[_handle]
        if sweep is not None:
            sweep.closing()
        _judge(request, request.node.nodeid, handle)
        handle.close()


@pytest.fixture(scope="session")
def mockserver_session(request: pytest.FixtureRequest, _mockserver_host: "Host") -> "Iterator[MockServer]":
    """One sandbox for the whole run of this worker: for an application that is configured once, at its start."""
    with _new_handle(request, _mockserver_host, "session") as handle:
        request.config.stash[_session] = handle
        if _ui in request.config.stash:
            request.config.stash[_ui].opened("mockserver_session", handle)
        yield handle
        _judge(request, "mockserver_session", handle)


@pytest.fixture
def mockserver_intercept(mockserver: "MockServer") -> "Interception":
    """A proxy that makes programs, run with its `environment()`, use this test's sandbox for the providers' hosts."""
    return mockserver.intercept()


def _judge(request: pytest.FixtureRequest, name: str, handle: "MockServer") -> None:
    if _verdict in request.config.stash:
        request.config.stash[_verdict].judge(name, handle)


def _new_handle(request: pytest.FixtureRequest, host: "Host", name: str) -> "MockServer":
    from mockserver.testing.handle import MockServer

    marker, config, node = _marker_arguments(request.node), request.config, request.node
    base_directory = config.rootpath if request.scope == "session" else Path(node.path).parent
    scenario = marker.get("scenario")
    if scenario is None:
        scenario, base_directory = setting(config, "scenario") or None, config.rootpath
    seed, clock = marker.get("seed", seed_of(config)), marker.get("clock", clock_of(config))
    handle = MockServer.within(host, name, scenario, seed, clock, base_directory)
    handle.project_policy = partial(_project_policy, config)
    if marker.get("allow"):
        handle.allowed_rules = _allowed(marker["allow"])
    return handle


def _project_policy(config: pytest.Config) -> "Policy":
    from mockserver.testing.verdicts import policy_in

    return policy_in(config.rootpath)


def _allowed(names: Any) -> "frozenset[str]":
    """Return the rules that a marker allows. Fails the test if they are not a list of names of rules."""
    from mockserver.core.verdict.policy import checked

    if isinstance(names, str):
        pytest.fail(f"mockserver: allow= of the marker must be a list of rules, not {names!r}", pytrace=False)
    try:
        return checked(names)
    except (TypeError, ValueError) as error:
        pytest.fail(f"mockserver: allow= of the marker: {error}", pytrace=False)


def _open(handle: "MockServer") -> str | None:
    from mockserver.testing.errors import MockServerError

    try:
        handle.open()
    except MockServerError as error:
        return str(error)
    return None


def _marker_arguments(node: Any) -> dict[str, Any]:
    """Return the arguments of a test's markers. For each argument the closest marker wins."""
    arguments: dict[str, Any] = {}
    for mark in node.iter_markers(MARKER):
        unknown = set(mark.kwargs) - {"scenario", "seed", "clock", "allow"}
        if mark.args or unknown:
            wrong = ", ".join(sorted(unknown)) or "positional arguments"
            pytest.fail(f"mockserver: the marker takes scenario=, seed=, clock= and allow=, not {wrong}", pytrace=False)
        arguments = {**mark.kwargs, **arguments}
    return arguments


def _sandbox_name(nodeid: str) -> str:
    """Return a name for the sandbox of a test. It is a hash, because `free` in the name would select the free plan."""
    return f"t{blake2b(nodeid.encode('utf-8', 'surrogatepass'), digest_size=6).hexdigest()}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check the expectations of a test that has passed, so that the test fails instead of its teardown."""
    result = yield
    handle = item.stash.get(_handle, None)
    problem = handle.problem() if handle is not None else None
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a description of what happened in the sandbox to the report of a failed test."""
    report = yield
    if report.failed and report.when != "teardown":
        report.sections += [("mockserver", handle.report()) for handle in _handles(item)]
        if setting(item.config, "bundle"):
            report.sections += [("mockserver bundle", text) for text in _saved_bundles(item)]
    return report


def _saved_bundles(item: pytest.Item) -> "Iterator[str]":
    """Save the sandboxes of a failed test, and yield what its report says about each."""
    from mockserver.testing.bundles import FailedTests

    config = item.config
    if _bundles not in config.stash:
        config.stash[_bundles] = FailedTests(config.invocation_params.dir / setting(config, "bundle"))
    own = item.stash.get(_handle, None)
    for handle in _handles(item):
        name = item.nodeid if handle is own else f"{item.nodeid}::mockserver_session"
        yield config.stash[_bundles].save(name, handle)


def _handles(item: pytest.Item) -> "Iterator[MockServer]":
    own, shared = item.stash.get(_handle, None), item.config.stash.get(_session, None)
    if own is not None:
        yield own
    if shared is not None and "mockserver_session" in getattr(item, "fixturenames", ()):
        yield shared
