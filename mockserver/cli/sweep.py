"""`sweep` and `prove`: the commands that run a test suite or a program with one fault at each of its calls."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error

if TYPE_CHECKING:
    from mockserver.sweep.recording import Request
    from mockserver.sweep.state import Saved, StateFile

EXIT_RED, EXIT_CANNOT_RUN = 1, 3
_INTERRUPTED = 130

_DESCRIPTION = """\
Run a test suite or a program with one fault at a time: two runs without faults, and then one run for each of its calls
and each fault that the provider documents there, such as errors, lost replies, lost webhooks and unknown fields. pytest
runs once, and repeats its own tests with the fixture `mockserver`. Other programs run once for each cell, with the
providers' own hosts redirected as by `mockserver exec`.

A cell is judged by the tests or the exit code, by the verdict on the client, and by its credits. The exit code is 0 if
every cell survived, 1 if one did not, 2 for wrong input, and 3 if the sweep cannot be run.
"""
_EXAMPLES = """\
examples:
  mockserver sweep -- pytest -k video                     all cells, equivalent ones once
  mockserver sweep --budget 10m -- pytest                 the cells that can cost most first, for ten minutes
  mockserver sweep --resume -- pytest                     go on with what is left
  mockserver sweep --only 'prompttovideo.generate#1=reset-after' -- pytest
  mockserver sweep --format html --output sweep.html -- node my_app.mjs
"""
_PROVE = """\
Run a cell of the last sweep again after a change. It is `fixed` only if that sweep had a failure there and there is
none now. The exit code is 0 if it is fixed, 1 if not, 2 for wrong input, and 3 if that cannot be told.
"""


def add(commands: Any) -> None:
    """Add the commands."""
    sweep = commands.add_parser(
        "sweep",
        help="run a test suite or a program with one fault at each of its calls",
        usage="mockserver sweep [options] -- COMMAND ...",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sweep.add_argument(
        "--only",
        metavar="CELL",
        action="append",
        default=[],
        help="run one cell, such as `prompttovideo.generate#1=reset-after`, or several: `*` stands for any characters, "
        "and the option can be repeated",
    )
    sweep.add_argument("--all", dest="every", action="store_true", help="also run cells that others stand for")
    sweep.add_argument("--budget", type=_seconds, metavar="DURATION", help="stop after this time, such as 10m")
    sweep.add_argument("--resume", action="store_true", help="keep the results of the last sweep of this command")
    formats = ("text", "json", "junit", "html")
    sweep.add_argument("--format", choices=formats, default="text", help="format of the report (default: text)")
    sweep.add_argument("--output", metavar="FILE", help="file for the report (default: standard output)")
    _add_common(sweep)
    sweep.set_defaults(run=_sweep)
    prove = commands.add_parser(
        "prove",
        help="run a failed cell of a sweep again, to show that it is fixed",
        usage="mockserver prove [options] CELL -- COMMAND ...",
        description=_PROVE,
        epilog="example:\n  mockserver prove 'prompttovideo.generate#1=reset-after' -- pytest -k video",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    prove.add_argument("cell", metavar="CELL", help="the cell, as the sweep names it")
    _add_common(prove)
    prove.set_defaults(run=_prove)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--scenario", metavar="NAME", help="the scenario of a program (default: default)")
    command.add_argument("--timeout", type=_seconds, metavar="DURATION", help="for one test or program in a cell")
    command.add_argument("--state", metavar="FILE", help="file of the results (default: in the user's cache directory)")
    command.add_argument("command_line", metavar="COMMAND", nargs=argparse.REMAINDER, help="what to run")


def _seconds(text: str) -> float:
    from mockserver.core.durations import parse

    try:
        return parse(text) / 1000
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _command(options: argparse.Namespace) -> list[str]:
    words: list[str] = options.command_line
    return words[1:] if words[:1] == ["--"] else words


def is_pytest(command: Sequence[str]) -> bool:
    """Return true for a command that runs pytest, also through `python -m` or a tool such as `uv run`."""
    names = [Path(word).name for word in command]
    return any(name in ("pytest", "py.test") for name in names[:4])


def _sweep(options: argparse.Namespace) -> int:
    from mockserver.sweep.recording import Request
    from mockserver.sweep.report import Report, rendered

    command = _command(options)
    problem = _problem(command)
    if problem is not None:
        return report_error(problem)
    file = _file(options, command)
    if not options.resume and not options.only:
        file.clear()
    request = Request(str(_path(options, command)), options.only, options.every, options.budget, options.resume,
                      options.timeout)  # fmt: skip
    interrupted = _run(command, request, file, options.scenario)
    saved = file.load()
    if saved.error or not saved.plan:
        return _cannot_run(saved)
    report = Report(command, saved)
    output = rendered(report, options.format)
    if options.output is None:
        sys.stdout.write(f"\n{output}" if options.format == "text" else output)
    else:
        try:
            Path(options.output).write_text(output, "utf-8")
        except OSError as error:
            return report_error(f"{error.filename}: {error.strerror}")
    if interrupted:
        return _INTERRUPTED
    return EXIT_RED if report.red else 0


def _problem(command: Sequence[str]) -> str | None:
    """Return why a command cannot be swept; None if it can."""
    if not command:
        return "the command is missing: mockserver sweep -- pytest"
    if is_pytest(command):
        parallel = [word for word in command if word in ("-n", "--dist") or word.startswith(("-n=", "--numprocesses"))]
        if parallel:
            return f"{parallel[0]}: a sweep runs the tests in one process; leave pytest-xdist out (-n 0)"
    return None


def _path(options: argparse.Namespace, command: Sequence[str]) -> Path:
    from mockserver.sweep.state import default_path

    return Path(options.state) if options.state is not None else default_path(Path.cwd(), command)


def _file(options: argparse.Namespace, command: Sequence[str]) -> "StateFile":
    from mockserver.sweep.state import StateFile

    return StateFile(_path(options, command))


def _cannot_run(saved: "Saved") -> int:
    if saved.error:
        print(saved.error, file=sys.stderr)
    else:
        print("the command ended before the first run was complete; its own output says why", file=sys.stderr)
    return EXIT_CANNOT_RUN


def _run(command: Sequence[str], request: "Request", file: "StateFile", scenario: str | None) -> bool:
    """Run the sweep, and return whether it was interrupted."""
    print(f"sweep: running {shlex.join(command)}", file=sys.stderr, flush=True)
    if is_pytest(command):
        return _run_pytest(command, request)
    return _run_program(command, request, file, scenario)


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


def _run_program(command: Sequence[str], request: "Request", file: "StateFile", scenario: str | None) -> bool:
    from mockserver.sweep.program import Program
    from mockserver.sweep.recording import record
    from mockserver.testing.host import Host

    host = Host()
    try:
        suite = Program(host, command, scenario, request.timeout)
        record(suite, request, file, lambda text: print(text, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        return True
    finally:
        host.close()
    return False


def _prove(options: argparse.Namespace) -> int:
    from mockserver.sweep.recording import Request

    words = _command(options)
    problem = _problem(words)
    if problem is not None:
        return report_error(problem.replace("sweep --", "prove CELL --"))
    file = _file(options, words)
    saved = file.load()
    before = saved.red.get(options.cell)
    if before is None:
        last = saved.results.get(options.cell)
        seen = "it has no result" if last is None else f"its result is: {last.status}"
        sweep = f"mockserver sweep --only {shlex.quote(options.cell)} -- {shlex.join(words)}"
        print(f"not proven: no sweep has seen {options.cell} fail ({seen}). First run: {sweep}", file=sys.stderr)
        return EXIT_CANNOT_RUN
    _run(words, Request(str(_path(options, words)), (options.cell,), timeout=options.timeout), file, options.scenario)
    return _verdict(options.cell, before, file.load())


def _verdict(cell: str, before: Any, saved: "Saved") -> int:
    from mockserver.sweep.judging import RED

    after = saved.results.get(cell)
    if saved.error or after is None:
        return _cannot_run(saved)
    if after.status == "survived":
        print(f"fixed: {cell} was {before.status}, and survives now")
        return 0
    print(f"not fixed: {cell} was {before.status}, and is {after.status} now")
    for reason in after.reasons:
        print(f"    {reason}")
    return EXIT_RED if after.status in RED else EXIT_CANNOT_RUN
