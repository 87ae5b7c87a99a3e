"""`sweep`: the command that runs a test suite or a program with one fault at each of its calls."""

import argparse
import sys
from pathlib import Path
from typing import Any

from mockserver.cli.errors import report_error, report_file_error
from mockserver.cli.sweep_runs import (
    EXIT_RED,
    add_common,
    cannot_run,
    changing,
    command_of,
    file_of,
    path_of,
    problem_of,
    run_sweep,
    seconds,
)

_INTERRUPTED = 130

_DESCRIPTION = """\
Run a test suite or a program with one fault at a time: two runs without faults, and then one run for each of its calls
and each fault that the provider documents there, such as errors, lost replies, lost webhooks and unknown fields. pytest
runs once, and repeats its own tests with the fixture `mockserver`. Other programs run once for each cell, with the
providers' own hosts redirected as by `mockserver exec`.

A cell is judged by the tests or the exit code, by the verdict on the client, and by its credits. What the verdict
finds without a fault is a cell too, with the name of its rule. The exit code is 0 if every cell survived, 1 if one did
not, 2 for wrong input, and 3 if the sweep cannot be run.
"""
_EXAMPLES = """\
examples:
  mockserver sweep -- pytest -k video                     all cells, equivalent ones once
  mockserver sweep --budget 10m -- pytest                 the cells that can cost most first, for ten minutes
  mockserver sweep --resume -- pytest                     go on with what is left
  mockserver sweep --only 'prompttovideo.generate#1=reset-after' -- pytest
  mockserver sweep --only poll_storm -- pytest            what the verdict finds without faults
  mockserver sweep --format html --output sweep.html -- node my_app.mjs
"""


def add(commands: Any) -> None:
    """Add the command."""
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
        help="run one cell, such as `prompttovideo.generate#1=reset-after` or the rule `poll_storm`, or several: `*` "
        "stands for any characters, and the option can be repeated",
    )
    sweep.add_argument("--all", dest="every", action="store_true", help="also run cells that others stand for")
    sweep.add_argument("--budget", type=seconds, metavar="DURATION", help="stop after this time, such as 10m")
    sweep.add_argument("--resume", action="store_true", help="keep the results of the last sweep of this command")
    formats = ("text", "json", "junit", "html")
    sweep.add_argument("--format", choices=formats, default="text", help="format of the report (default: text)")
    sweep.add_argument("--output", metavar="FILE", help="file for the report (default: standard output)")
    add_common(sweep)
    sweep.set_defaults(run=_sweep)


def _sweep(options: argparse.Namespace) -> int:
    from mockserver.sweep.recording import Request
    from mockserver.sweep.report import Report, rendered

    command = command_of(options)
    problem = problem_of(command)
    if problem is not None:
        return report_error(problem)
    file = file_of(options, command)
    if not options.resume and not options.only:
        file.clear()
    request = Request(str(path_of(options, command)), options.only, options.every, options.budget, options.resume,
                      options.timeout)  # fmt: skip
    interrupted = run_sweep(command, request, file, options)
    saved = file.load()
    if saved.error or not saved.plan:
        return cannot_run(saved)
    report = Report(command, saved, changing(options))
    output = rendered(report, options.format)
    if options.output is None:
        sys.stdout.write(f"\n{output}" if options.format == "text" else output)
    else:
        try:
            Path(options.output).write_text(output, "utf-8")
        except OSError as error:
            return report_file_error(error)
    if interrupted:
        return _INTERRUPTED
    return EXIT_RED if report.red else 0
