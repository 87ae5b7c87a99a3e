"""`prove`: the command that runs a failed cell of a sweep again, to show that it is fixed."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error
from mockserver.cli.sweep_runs import (
    EXIT_CANNOT_RUN,
    EXIT_RED,
    add_common,
    cannot_run,
    changing,
    command_of,
    file_of,
    path_of,
    problem_of,
    run_sweep,
)

if TYPE_CHECKING:
    from mockserver.sweep.judging import Result
    from mockserver.sweep.state import Saved

_DESCRIPTION = """\
Run a cell of the last sweep again after a change. It is `fixed` only if that sweep had a failure there and there is
none now. The name of a rule, such as `poll_storm`, runs everything once without faults and asks the verdict. The exit
code is 0 if it is fixed, 1 if not, 2 for wrong input, and 3 if that cannot be told.
"""
_EXAMPLES = """\
examples:
  mockserver prove 'prompttovideo.generate#1=reset-after' -- pytest -k video
  mockserver prove poll_storm -- pytest -k video
"""


def add(commands: Any) -> None:
    """Add the command."""
    prove = commands.add_parser(
        "prove",
        help="run a failed cell of a sweep again, to show that it is fixed",
        usage="mockserver prove [options] CELL -- COMMAND ...",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    prove.add_argument("cell", metavar="CELL", help="the cell, as the sweep names it, or a rule of the verdict")
    add_common(prove)
    prove.set_defaults(run=_prove)


def _prove(options: argparse.Namespace) -> int:
    from mockserver.sweep.recording import Request
    from mockserver.sweep.report import Report

    words = command_of(options)
    problem = problem_of(words)
    if problem is not None:
        return report_error(problem.replace("sweep --", "prove CELL --"))
    file = file_of(options, words)
    saved = file.load()
    before = saved.red.get(options.cell)
    if before is None:
        last = saved.results.get(options.cell)
        seen = "it has no result" if last is None else f"its result is: {last.status}"
        sweep = Report(words, saved, changing(options)).reproduction(options.cell)
        print(f"not proven: no sweep has seen {options.cell} fail ({seen}). First run: {sweep}", file=sys.stderr)
        return EXIT_CANNOT_RUN
    run_sweep(words, Request(str(path_of(options, words)), (options.cell,), timeout=options.timeout), file, options)
    return _verdict(options.cell, before, file.load())


def _verdict(cell: str, before: "Result", saved: "Saved") -> int:
    from mockserver.sweep.judging import RED

    after = saved.results.get(cell)
    if saved.error or after is None:
        return cannot_run(saved)
    missing = [test for test in before.tests if test not in saved.plan.get("tests", {})]
    if after.status not in RED and missing:
        print(f"not proven: {cell} was {before.status} in {missing[0]}, which makes no calls now", file=sys.stderr)
        return EXIT_CANNOT_RUN
    if after.status == "survived":
        print(f"fixed: {cell}: {before.status} before, {after.status} now")
        return 0
    not_fixed = "not fixed" if after.status in RED else "not proven"
    print(f"{not_fixed}: {cell}: {before.status} before, {after.status} now")
    for reason in after.reasons:
        print(f"    {reason}")
    return EXIT_RED if after.status in RED else EXIT_CANNOT_RUN
