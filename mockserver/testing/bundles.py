"""Bundles of the sandboxes of the failed tests of a run.

Imported only if it is asked for.
"""

import re
from hashlib import blake2b
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from mockserver.bundle.invalid import ENDING
from mockserver.testing.errors import MockServerError

if TYPE_CHECKING:
    from mockserver.testing.handle import MockServer

# Characters of a test's name in the name of its file, and of the digest behind it.
_NAME, _DIGEST = 80, 6


class FailedTests:
    """Saves the bundles of the failed tests of a run in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written: set[str] = set()

    def save(self, nodeid: str, handle: "MockServer") -> str:
        """Save a bundle, and return what to add to the report of the test."""
        path = self._directory / self._new_name(nodeid)
        try:
            handle.bundle(path)
        except OSError as error:
            return f"the bundle could not be written to {path}: {error.strerror}"
        except MockServerError as error:
            return f"the bundle could not be saved: {error}"
        return f"bundle: {path}\nreplay it: mockserver bundle replay {quote(str(path))}"

    def _new_name(self, nodeid: str) -> str:
        """Return a name that no other test of this run has. A test that runs again gets another one."""
        name = file_name(nodeid)
        count = 1
        while name in self._written:
            count += 1
            name = file_name(nodeid, count)
        self._written.add(name)
        return name


def file_name(nodeid: str, count: int = 1) -> str:
    """Return the name of the bundle of a test: its id without the directory, and a digest of all of it.

    It is safe on every file system, and different for all tests, also where case does not count.
    """
    digest = blake2b(nodeid.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).hexdigest()
    test, bracket, parameters = nodeid.partition("[")
    short = f"{test.rpartition('/')[2].replace('.py::', '-')}{bracket}{parameters}"
    readable = re.sub(r"[^A-Za-z0-9]+", "-", short).strip("-")[:_NAME].strip("-")
    again = f"-{count}" if count > 1 else ""
    return f"{readable or 'test'}-{digest}{again}{ENDING}"
