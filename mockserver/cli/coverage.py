"""`coverage`: the command that reports which simulated behaviours clients have covered."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import message_of, report_error, report_file_error
from mockserver.cli.options import add_token, add_url, percentage
from mockserver.cli.remote import token_of, url_of

if TYPE_CHECKING:
    from mockserver.coverage.report import Report

EXIT_BELOW_THRESHOLD = 1

_DESCRIPTION = """\
Report which operations, errors, job states, webhook events and stream endings the clients of a running server have
covered, and which not, each with a bundled scenario that produces it. With files, combine reports that were saved with
--format json, for example by parallel CI jobs, and bundles.
"""
_EXAMPLES = """\
examples:
  mockserver coverage                                   a table for the server on http://localhost:8080
  mockserver coverage --fail-under 80                   exit code 1 below 80 %, 2 for wrong input
  mockserver coverage --format html --output page.html  a page; json and junit are for other programs
  mockserver coverage --provider nanophoto --reset      only NanoPhoto, and start counting again
  mockserver coverage job-1.json job-2.json             the combined report of two runs
"""


def add(commands: Any) -> None:
    """Add the command."""
    coverage = commands.add_parser(
        "coverage",
        help="report which simulated behaviours clients have covered, and which not",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_selection(coverage)
    _add_output(coverage)
    add_token(coverage)
    add_url(coverage)
    coverage.set_defaults(run=_coverage)


def _add_selection(coverage: argparse.ArgumentParser) -> None:
    coverage.add_argument(
        "files", nargs="*", metavar="FILE", help="saved JSON reports and bundles, instead of a server"
    )
    coverage.add_argument("--sandbox", metavar="NAME", help="one sandbox (default: all, including deleted ones)")
    coverage.add_argument(
        "--provider",
        action="append",
        metavar="NAME",
        help="a provider to include, or `all`; can be repeated (default: the providers that were called)",
    )
    coverage.add_argument(
        "--class",
        dest="bases",
        action="append",
        choices=("documented", "observed", "assumed"),
        help="count only behaviours of this class; can be repeated (default: all classes)",
    )


def _add_output(coverage: argparse.ArgumentParser) -> None:
    formats = ("table", "json", "junit", "html")
    coverage.add_argument("--format", choices=formats, default="table", help="format of the report (default: table)")
    coverage.add_argument("--output", metavar="FILE", help="file for the report (default: standard output)")
    coverage.add_argument(
        "--fail-under", type=percentage, metavar="PERCENT", help="exit with code 1 if less than this was covered"
    )
    coverage.add_argument("--reset", action="store_true", help="start counting again after this report")


def _coverage(options: argparse.Namespace) -> int:
    from mockserver.bundle.invalid import InvalidBundle
    from mockserver.cli.client import RemoteError
    from mockserver.coverage.formats import rendered, verdict
    from mockserver.coverage.report import UnknownProvider
    from mockserver.coverage.saved import InvalidReport

    if options.files and (options.reset or options.sandbox is not None or options.url):
        return report_error("--url, --sandbox and --reset need a server: leave them out, or leave out the files")
    try:
        report = _select(_read(options.files) if options.files else _fetch(options), options)
        _write(rendered(options.format, report, options.fail_under), options.output)
        if options.reset:
            _reset(options)
    except (RemoteError, InvalidReport, InvalidBundle, UnknownProvider) as error:
        return report_error(message_of(error))
    except OSError as error:
        return report_file_error(error)
    failure = None if options.fail_under is None else verdict(report, options.fail_under)
    if failure is None:
        return 0
    print(failure, file=sys.stderr)
    return EXIT_BELOW_THRESHOLD


def _read(files: list[str]) -> "Report":
    from mockserver.coverage.report import Report
    from mockserver.coverage.saved import InvalidReport, parsed

    reports = []
    for name in files:
        try:
            reports.append(_of_bundle(name) if name.endswith(".zip") else parsed(Path(name).read_bytes()))
        except InvalidReport as error:
            raise InvalidReport(f"{name}: {error}") from None
    return Report.merged(reports)


def _of_bundle(name: str) -> "Report":
    """Return what the clients of a bundle have covered. Raises InvalidBundle and OSError."""
    from mockserver.bundle.files import read_bundle
    from mockserver.bundle.judged import coverage
    from mockserver.providers.registry import providers

    return coverage(read_bundle(Path(name)), providers()).of()


def _fetch(options: argparse.Namespace) -> "Report":
    from mockserver.cli.client import get
    from mockserver.coverage.saved import loaded

    return loaded(get(url_of(options), _path(options), token_of(options)))


def _reset(options: argparse.Namespace) -> None:
    from mockserver.cli.client import delete

    delete(url_of(options), _path(options), token_of(options))


def _path(options: argparse.Namespace) -> str:
    from urllib.parse import quote

    return "/_mock/coverage" + ("" if options.sandbox is None else f"?sandbox={quote(options.sandbox, safe='')}")


def _select(report: "Report", options: argparse.Namespace) -> "Report":
    names = options.provider or []
    selected = report if "all" in names else report.of(*names)
    return selected.on(*options.bases) if options.bases else selected


def _write(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, "utf-8")
