"""The pytest plugin: the fixture `mockserver` and those beside it, its marker and its options.

Loading this costs next to nothing: a run that does not use the fixture imports no more of the package than this.
One server serves a whole run (each worker of pytest-xdist has its own), from the first test that asks for it; every
test gets a sandbox of its own, which is thrown away at its end.
"""

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.testing.coverage import Coverage
    from mockserver.testing.handle import MockServer
    from mockserver.testing.host import Host
    from mockserver.testing.interception import Interception

# A failing test shows its own lines, and not the way through here.
__tracebackhide__ = True

MARKER = "mockserver"
MODES = ("auto", "manual", "real", "scaled")
_SETTINGS = {
    "scenario": "the scenario of every test that names none: a name or a path",
    "scenario-dir": "where scenarios are looked for by name before the bundled ones (default: scenarios)",
    "seed": "the seed of every test that names none: a whole number",
    "clock": f"how time passes where neither test nor scenario says it: {', '.join(MODES)} (default: auto)",
}
_STRICT = "hold clients to each provider's contract: refuse also what published clients send against it"
_NO_ASSUMED = "answer 501 where the provider's behaviour is an assumption, and say which"
_COVERAGE = "tell what the run met of what is simulated: as a table, or as json:PATH, junit:PATH, html:PATH; repeatable"
_LEAST = "fail the run when it met less than that many per cent of what is simulated of the providers that it called"
_handle: "pytest.StashKey[MockServer]" = pytest.StashKey()
_session: "pytest.StashKey[MockServer]" = pytest.StashKey()
_coverage: "pytest.StashKey[Coverage]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings: each is an option of the command line and, with underscores, of the configuration file."""
    group = parser.getgroup("mockserver", "mockserver, a sandbox for AI-video provider APIs")
    for name, told in _SETTINGS.items():
        group.addoption(f"--mockserver-{name}", default=None, metavar=name.rpartition("-")[2].upper(), help=told)
        parser.addini(f"mockserver_{name.replace('-', '_')}", told, type="string", default="")
    for name, told in (("strict", _STRICT), ("no-assumed", _NO_ASSUMED)):
        group.addoption(f"--mockserver-{name}", action="store_true", default=None, help=told)
        parser.addini(f"mockserver_{name.replace('-', '_')}", told, type="bool", default=False)
    group.addoption(
        "--mockserver-coverage", action="append", nargs="?", const="table", metavar="FORM", default=None, help=_COVERAGE
    )
    parser.addini("mockserver_coverage", _COVERAGE, type="linelist", default=[])
    group.addoption("--mockserver-coverage-fail-under", default=None, metavar="PERCENT", help=_LEAST)
    parser.addini("mockserver_coverage_fail_under", _LEAST, type="string", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known. Raises UsageError for a setting that cannot be used."""
    told = "the sandbox of this test's `mockserver` fixture: its scenario (a name, a path or a mapping), seed and clock"
    config.addinivalue_line("markers", f"{MARKER}(*, scenario, seed, clock): {told}")
    _seed(config)
    _clock(config)
    forms, least = _setting(config, "coverage"), _setting(config, "coverage_fail_under")
    if forms or least:
        from mockserver.testing.coverage import Coverage

        config.stash[_coverage] = Coverage.of(config, forms, least)
        config.pluginmanager.register(config.stash[_coverage], "mockserver-coverage")


@pytest.fixture(scope="session")
def _mockserver_host(request: pytest.FixtureRequest) -> "Iterator[Host]":
    with _uncollected():
        # All that a test may need, webhooks included, so that no test is slow for being the first.
        from anyio.lowlevel import checkpoint

        import mockserver.control.actions
        import mockserver.outgoing.stream  # noqa: F401
        from mockserver.content.locales import locale
        from mockserver.settings import Settings
        from mockserver.testing.handle import MockServer  # noqa: F401
        from mockserver.testing.host import Host

        locale("en")

    config = request.config
    directory = config.rootpath / (_setting(config, "scenario_dir") or "scenarios")
    strict, no_assumed = (bool(_setting(config, name)) for name in ("strict", "no_assumed"))
    host = Host(Settings(scenario_dir=str(directory), strict=strict, no_assumed=no_assumed))
    host.run(checkpoint())  # loads what outgoing calls run on
    yield host
    if _coverage in config.stash:
        config.stash[_coverage].take(host)
    host.close()


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: modules that load leave none, and looking for it is a sixth of their time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@pytest.fixture
def mockserver(request: pytest.FixtureRequest, _mockserver_host: "Host") -> "Iterator[MockServer]":
    """A fresh sandbox of five AI-video provider APIs for this test alone: a `mockserver.MockServer`."""
    # What is told apart by the test's name is the same in any order and on any worker.
    handle = _made(request, _mockserver_host, _name(request.node.nodeid))
    problem = _open(handle)
    if problem is not None:
        pytest.fail(f"mockserver: {problem}", pytrace=False)
    request.node.stash[_handle] = handle
    try:
        yield handle
    finally:
        del request.node.stash[_handle]
        handle.close()


@pytest.fixture(scope="session")
def mockserver_session(request: pytest.FixtureRequest, _mockserver_host: "Host") -> "Iterator[MockServer]":
    """One sandbox for the whole run of this worker: for an application that is configured once, at its start."""
    with _made(request, _mockserver_host, "session") as handle:
        request.config.stash[_session] = handle
        yield handle


@pytest.fixture
def mockserver_intercept(mockserver: "MockServer") -> "Interception":
    """The providers' own hosts lead to this test's sandbox, for programs run with its `environment()`."""
    return mockserver.intercept()


def _made(request: pytest.FixtureRequest, host: "Host", name: str) -> "MockServer":
    from mockserver.testing.handle import MockServer

    told, config, node = _marked(request.node), request.config, request.node
    near = config.rootpath if request.scope == "session" else Path(node.path).parent
    scenario = told.get("scenario")
    if scenario is None:
        scenario, near = _setting(config, "scenario") or None, config.rootpath
    seed, clock = told.get("seed", _seed(config)), told.get("clock", _clock(config))
    return MockServer.within(host, name, scenario, seed, clock, near)


def _open(handle: "MockServer") -> str | None:
    from mockserver.testing.errors import MockServerError

    try:
        handle.open()
    except MockServerError as error:
        return str(error)
    return None


def _seed(config: pytest.Config) -> int | None:
    given = _setting(config, "seed")
    try:
        return int(given) if given else None
    except ValueError:
        raise pytest.UsageError(f"mockserver: the seed must be a whole number, not {given!r}") from None


def _clock(config: pytest.Config) -> Any:
    given = _setting(config, "clock") or None
    if given is not None and given not in MODES:
        raise pytest.UsageError(f"mockserver: the clock must be one of {', '.join(MODES)}, not {given!r}")
    return given


def _setting(config: pytest.Config, name: str) -> Any:
    given = config.getoption(f"mockserver_{name}")
    return config.getini(f"mockserver_{name}") if given is None else given


def _marked(node: Any) -> dict[str, Any]:
    """What the markers of a test say: the nearest to it wins, argument by argument."""
    told: dict[str, Any] = {}
    for mark in node.iter_markers(MARKER):
        unknown = set(mark.kwargs) - {"scenario", "seed", "clock"}
        if mark.args or unknown:
            wrong = ", ".join(sorted(unknown)) or "positional arguments"
            pytest.fail(f"mockserver: the marker takes scenario=, seed= and clock=, not {wrong}", pytrace=False)
        told = {**mark.kwargs, **told}
    return told


def _name(nodeid: str) -> str:
    """A sandbox's name that says nothing: one with `free` in it would make its keys keys of the free plan."""
    return f"t{blake2b(nodeid.encode('utf-8', 'surrogatepass'), digest_size=6).hexdigest()}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Check what the test expected, once it has passed otherwise: a failure of the test, not an error after it."""
    result = yield
    handle = item.stash.get(_handle, None)
    problem = handle.problem() if handle is not None else None
    if problem is not None:
        pytest.fail(problem, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what happened in its sandbox to the report of a test that failed."""
    report = yield
    if report.failed and report.when != "teardown":
        report.sections += [("mockserver", handle.report()) for handle in _handles(item)]
    return report


def _handles(item: pytest.Item) -> "Iterator[MockServer]":
    own, shared = item.stash.get(_handle, None), item.config.stash.get(_session, None)
    if own is not None:
        yield own
    if shared is not None and "mockserver_session" in getattr(item, "fixturenames", ()):
        yield shared
