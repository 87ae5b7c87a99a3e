"""What every test can use: a server in this process, a client for it, and scenarios made on the spot."""

import os
import socket
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

# Where the package is installed, pytest finds the plugin by itself; naming it there as well would load it twice.
_FOUND = entry_points(group="pytest11", name="mockserver")
pytest_plugins = ["pytester", *([] if _FOUND else ["mockserver.pytest_plugin"])]

# How long an example takes says more of the machine than of the code; and what failed once must fail again.
hypothesis_settings.register_profile("mockserver", deadline=None, derandomize=True)
hypothesis_settings.load_profile("mockserver")


@pytest.fixture(scope="session", autouse=True)
def _a_developer_who_has_nothing_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that is set where the tests are started reaches them, or a program that they start.

    Neither variables, nor a `mockserver.toml` or scenarios in the working directory.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MOCKSERVER_", "NODE_")) or "proxy" in name.lower():
                patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("nothing"))
        # Programs find the package from there too where it is not installed.
        patch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
        yield


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port of this machine at which nobody listens, nor can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, which is what the server runs on."""
    return "asyncio"
