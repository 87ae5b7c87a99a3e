"""`coverage`: what a client's suite has met of what a server simulates."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.messages import bad, said
from mockserver.cli.remote import add_token, add_url, token_of, url_of

if TYPE_CHECKING:
    from mockserver.coverage.report import Report

EXIT_BELOW = 1

_DESCRIPTION = """\
Tell which operations, errors, states of jobs, webhook events and endings of streams the clients of a running server
have met, and which of them never, each with a bundled scenario that shows it. Given files, tell it of those together:
reports that parallel jobs saved with --format json.
"""
_EXAMPLES = """\
examples:
  mockserver coverage                                   of the server on http://localhost:8080, as a table
  mockserver coverage --fail-under 80                   exit 1 when less was met; 2 for wrong input
  mockserver coverage --format html --output page.html  as a page; json and junit are for machines
  mockserver coverage --provider nanophoto --reset      of one provider, and count anew from now on
  mockserver coverage job-1.json job-2.json             of two runs together
"""


def add(commands: Any) -> None:
    """Add the command."""
    coverage = commands.add_parser(
        "coverage",
        help="what clients have met of what is simulated, and what never",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_what(coverage)
    _add_how(coverage)
    add_token(coverage)
    add_url(coverage)
    coverage.set_defaults(run=_coverage)


def _add_what(coverage: argparse.ArgumentParser) -> None:
    coverage.add_argument("files", nargs="*", metavar="FILE", help="reports saved as JSON, in the place of a server")
    coverage.add_argument("--sandbox", metavar="NAME", help="one sandbox (default: all, those thrown away included)")
    coverage.add_argument(
        "--provider",
        action="append",
        metavar="NAME",
        help="a provider that counts, or `all`; may be given again (default: those that were called)",
    )
    coverage.add_argument(
        "--class",
        dest="bases",
        action="append",
        choices=("documented", "observed", "assumed"),
        help="count only what stands on this word; may be given again (default: on any)",
    )


def _add_how(coverage: argparse.ArgumentParser) -> None:
    forms = ("table", "json", "junit", "html")
    coverage.add_argument("--format", choices=forms, default="table", help="how it is told (default: table)")
    coverage.add_argument("--output", metavar="FILE", help="where the report goes (default: here)")
    coverage.add_argument("--fail-under", type=_percent, metavar="PERCENT", help="exit 1 when less than that was met")
    coverage.add_argument("--reset", action="store_true", help="begin to count anew once this is told")


def _percent(text: str) -> float:
    """A percentage. Raises ValueError."""
    value = float(text)
    if not 0 <= value <= 100:
        raise ValueError(text)
    return value


# What argparse calls the type in its message.
_percent.__name__ = "percentage from 0 to 100"


def _coverage(asked: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError
    from mockserver.coverage.formats import rendered, verdict
    from mockserver.coverage.report import UnknownProvider
    from mockserver.coverage.saved import InvalidReport

    if asked.files and (asked.reset or asked.sandbox is not None or asked.url):
        return bad("coverage of files asks no server: leave out --url, --sandbox and --reset, or the files")
    try:
        report = _chosen(_read(asked.files) if asked.files else _asked(asked), asked)
        told = rendered(asked.format, report, asked.fail_under)
        _write(told, asked.output)
        if asked.reset:
            _forget(asked)
    except (RemoteError, InvalidReport, UnknownProvider) as error:
        return bad(said(error))
    except OSError as error:
        return bad(f"{error.filename}: {error.strerror}")
    wrong = None if asked.fail_under is None else verdict(report, asked.fail_under)
    if wrong is None:
        return 0
    print(wrong, file=sys.stderr)
    return EXIT_BELOW


def _read(files: list[str]) -> "Report":
    from mockserver.coverage.report import Report
    from mockserver.coverage.saved import InvalidReport, parsed

    reports = []
    for name in files:
        try:
            reports.append(parsed(Path(name).read_bytes()))
        except InvalidReport as error:
            raise InvalidReport(f"{name}: {error}") from None
    return Report.merged(reports)


def _asked(asked: argparse.Namespace) -> "Report":
    from mockserver.cli.client import get
    from mockserver.coverage.saved import loaded

    return loaded(get(url_of(asked), _path(asked), token_of(asked)))


def _forget(asked: argparse.Namespace) -> None:
    from mockserver.cli.client import delete

    delete(url_of(asked), _path(asked), token_of(asked))


def _path(asked: argparse.Namespace) -> str:
    from urllib.parse import quote

    return "/_mock/coverage" + ("" if asked.sandbox is None else f"?sandbox={quote(asked.sandbox, safe='')}")


def _chosen(report: "Report", asked: argparse.Namespace) -> "Report":
    wanted = asked.provider or []
    found = report if "all" in wanted else report.of(*wanted)
    return found.on(*asked.bases) if asked.bases else found


def _write(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, "utf-8")
