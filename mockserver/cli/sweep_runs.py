"""Runs what a sweep runs: a test suite in a pytest of its own, or a program."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.sweep.recording import Request
    from mockserver.sweep.state import Saved, StateFile

EXIT_RED, EXIT_CANNOT_RUN = 1, 3
_CLOCKS = ("auto", "real", "manual")


def add_common(command: argparse.ArgumentParser) -> None:
    """Add the options that `sweep` and `prove` have in common."""
    command.add_argument("--scenario", metavar="NAME", help="the scenario of a program (default: default)")
    command.add_argument(
        "--clock", choices=_CLOCKS, default="auto", help="the clock of a program's sandbox (default: auto)"
    )
    command.add_argument("--timeout", type=seconds, metavar="DURATION", help="for one test or program in a cell")
    command.add_argument("--state", metavar="FILE", help="file of the results (default: in the user's cache directory)")
    command.add_argument("command_line", metavar="COMMAND", nargs=argparse.REMAINDER, help="what to run")


def seconds(text: str) -> float:
    """Return the seconds of a duration such as `10m`."""
    from mockserver.core.durations import parse

    try:
        return parse(text) / 1000
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def command_of(options: argparse.Namespace) -> list[str]:
    """Return the words of the command to run."""
    words: list[str] = options.command_line
    return words[1:] if words[:1] == ["--"] else words


def is_pytest(command: Sequence[str]) -> bool:
    """Return true for a command that runs pytest, also through `python -m` or a tool such as `uv run`."""
    names = [Path(word).name for word in command]
    return any(name in ("pytest", "py.test") for name in names[:4])


def problem_of(command: Sequence[str]) -> str | None:
    """Return why a command cannot be swept; None if it can."""
    if not command:
        return "the command is missing: mockserver sweep -- pytest"
    if is_pytest(command):
        parallel = [word for word in command if word in ("-n", "--dist") or word.startswith(("-n=", "--numprocesses"))]
        if parallel:
            return f"{parallel[0]}: a sweep runs the tests in one process; leave pytest-xdist out (-n 0)"
    return None


def path_of(options: argparse.Namespace, command: Sequence[str]) -> Path:
    """Return the path of the file with the results of a command."""
    from mockserver.sweep.state import default_path

    return Path(options.state) if options.state is not None else default_path(Path.cwd(), command)


def file_of(options: argparse.Namespace, command: Sequence[str]) -> "StateFile":
    """Return the file with the results of a command."""
    from mockserver.sweep.state import StateFile

    return StateFile(path_of(options, command))


def cannot_run(saved: "Saved") -> int:
    """Report why a sweep could not be run, and return the exit code."""
    if saved.error:
        print(f"sweep: {saved.error}", file=sys.stderr)
    else:
        print("the command ended before the first run was complete; its own output says why", file=sys.stderr)
    return EXIT_CANNOT_RUN


def changing(options: argparse.Namespace) -> list[str]:
    """Return the options that change what a program does, so that they belong to the command that repeats a cell."""
    scenario = [] if options.scenario is None else ["--scenario", options.scenario]
    return scenario if options.clock == _CLOCKS[0] else [*scenario, "--clock", options.clock]


def run_sweep(command: Sequence[str], request: "Request", file: "StateFile", options: argparse.Namespace) -> bool:
    """Run the sweep, and return whether it was interrupted."""
    print(f"sweep: running {shlex.join(command)}", file=sys.stderr, flush=True)
    if is_pytest(command):
        return _run_pytest(command, request)
    return _run_program(command, request, file, options)


def _run_pytest(command: Sequence[str], request: "Request") -> bool:
    """Run pytest, whose plugin does the sweep. It writes neither byte code nor its cache into the user's folders."""
    import subprocess

    from mockserver.sweep.recording import VARIABLE

    environment = {
        **os.environ,
        VARIABLE: request.written(),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": f"{os.environ.get('PYTEST_ADDOPTS', '')} -p no:cacheprovider".strip(),
    }
    try:
        # The command is the user's own.
        process = subprocess.Popen(list(command), env=environment, stdout=sys.stderr)  # noqa: S603
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return False
    interrupted = False
    while True:
        try:
            process.wait()
            return interrupted
        except KeyboardInterrupt:
            # The terminal sends Ctrl+C to pytest too, which ends its tests.
            interrupted = True


def _run_program(command: Sequence[str], request: "Request", file: "StateFile", options: argparse.Namespace) -> bool:
    from mockserver.sweep.program import Program
    from mockserver.sweep.recording import record
    from mockserver.testing.host import Host

    host = Host()
    try:
        suite = Program(host, command, options.scenario, options.clock, request.timeout)
        record(suite, request, file, lambda text: print(text, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        return True
    finally:
        host.close()
    return False
