"""Configuration of the tests, and the fixtures that all of them can use."""

import os
import socket
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

# If the package is installed, pytest finds the plugin by itself, and naming it here would load it twice.
_INSTALLED = entry_points(group="pytest11", name="mockserver")
pytest_plugins = ["pytester", "tests.valkey_server", *([] if _INSTALLED else ["mockserver.pytest_plugin"])]

# No deadline, because the time of an example depends on the machine; derandomized, so that a failure repeats.
hypothesis_settings.register_profile("mockserver", deadline=None, derandomize=True)
hypothesis_settings.load_profile("mockserver")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the developer's settings from tests, and from programs that they start.

    These are environment variables, and `mockserver.toml` and scenarios in the working directory.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MOCKSERVER_", "NODE_")) or "proxy" in name.lower():
                patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("nothing"))
        # Programs find the package from there too if it is not installed.
        patch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
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
