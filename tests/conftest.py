"""Configuration of the tests, and the fixtures that all of them can use."""

import gc
import os
import socket
import sys
from collections.abc import Generator, Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests.inner import WITHOUT_SLOW_PLUGINS

# If the package is installed, pytest finds the plugin by itself, and naming it here would load it twice.
_INSTALLED = entry_points(group="pytest11", name="mockserver")
pytest_plugins = ["pytester", "tests.valkey_server", *([] if _INSTALLED else ["mockserver.pytest_plugin"])]

# Without it, httpx2 would search for this module again for each request to an application in this process.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

# No deadline, because the time of an example depends on the machine; derandomized, so that a failure repeats.
hypothesis_settings.register_profile("mockserver", deadline=None, derandomize=True)
hypothesis_settings.load_profile("mockserver")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude the tests and modules from garbage collection: they live until the end, and there are many of them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 50, 50)
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let each worker begin with other files, so that each file of a new clone is compiled by one worker only."""
    report = yield
    if isinstance(collector, pytest.Dir) and (worker := getattr(collector.config, "workerinput", None)):
        number = int(worker["workerid"].removeprefix("gw"))
        first = len(report.result) * number // worker["workercount"]
        report.result = [*report.result[first:], *report.result[:first]]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by their files, because all workers need the same order."""
    items.sort(key=lambda item: item.path)


@pytest.fixture(scope="session", autouse=True)
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the developer's settings from tests, and from programs that they start.

    These are environment variables, and `mockserver.toml` and scenarios in the working directory. A pytest that they
    start leaves out plugins that take long to import.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MOCKSERVER_", "NODE_")) or "proxy" in name.lower():
                patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("nothing"))
        # Programs find the package from there too if it is not installed.
        patch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
        patch.setenv("PYTEST_ADDOPTS", " ".join(WITHOUT_SLOW_PLUGINS))
        yield


@pytest.fixture
def unused_url() -> Iterator[str]:
    """Yield a URL of this machine on which nothing listens. The port stays reserved, so that nothing can start to."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio, which the server uses."""
    return "asyncio"
