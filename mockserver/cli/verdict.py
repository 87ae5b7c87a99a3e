"""`verdict`: the command that judges the clients of a running server, or those of a bundle."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error, report_file_error
from mockserver.cli.options import add_token, add_url
from mockserver.cli.remote import token_of, url_of
from mockserver.core.addresses import sandbox_prefix

if TYPE_CHECKING:
    from mockserver.verdict.configured import Configured
    from mockserver.verdict.parts import Part

EXIT_FINDINGS = 1
EXIT_NOTHING_OBSERVED = 3
_FORMATS = ("text", "json", "junit", "sarif", "markdown", "html")
_SEVERITIES = ("error", "warning", "note")

_DESCRIPTION = """\
Judge the clients of a running server, or of a bundle, by what they have sent so far: jobs that were paid for twice,
polls that come too fast, refusals that were ignored, webhooks that were accepted without a valid signature, and more.
The `expect` of the sandbox's scenario is judged too.

The exit code is 0 if there is no finding, 1 if there is one that is at least as severe as --fail-on, 2 for wrong
input, and 3 if nothing was observed.
"""
_EXAMPLES = """\
examples:
  mockserver verdict                                  the findings for the server on http://localhost:8080
  mockserver verdict --sandbox alice --fail-on error  one sandbox; only errors give exit code 1
  mockserver verdict red-test.mock.zip                a bundle, which pytest or `mockserver bundle save` has written
  mockserver verdict --format sarif --output v.sarif  for a code scanning service; junit and html are others
"""


def add(commands: Any) -> None:
    """Add the command."""
    verdict = commands.add_parser(
        "verdict",
        help="judge the clients of a running server or of a bundle",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verdict.add_argument("bundle", metavar="BUNDLE", nargs="?", help="a bundle, instead of a server")
    verdict.add_argument("--sandbox", metavar="NAME", help="the sandbox (default: default)")
    verdict.add_argument("--format", choices=_FORMATS, default="text", help="the format (default: text)")
    verdict.add_argument("--output", metavar="FILE", help="write to a file instead of the terminal")
    verdict.add_argument(
        "--fail-on",
        choices=_SEVERITIES,
        help="exit with code 1 for findings of this severity and above (default: that of pyproject.toml, or warning)",
    )
    add_token(verdict)
    add_url(verdict)
    verdict.set_defaults(run=_verdict)


def _verdict(options: argparse.Namespace) -> int:
    from mockserver.bundle.invalid import InvalidBundle
    from mockserver.cli.client import RemoteError
    from mockserver.verdict.configured import InvalidConfiguration, configured
    from mockserver.verdict.formats import rendered
    from mockserver.verdict.parts import findings_of

    if options.bundle is not None and (options.url or options.sandbox is not None):
        return report_error("--url and --sandbox need a server: leave them out, or leave out the bundle")
    try:
        project = configured(Path())
        part = _fetch(options, project) if options.bundle is None else _read(options.bundle, project)
        threshold = options.fail_on or project.fail_on or "warning"
        _write(rendered(options.format, [part], threshold), options.output)
    except (RemoteError, InvalidConfiguration, InvalidBundle) as error:
        return report_error(str(error))
    except OSError as error:
        return report_file_error(error)
    if any(findings_of([part], threshold)):
        return EXIT_FINDINGS
    if part.observed:
        return 0
    if options.output is not None or options.format != "text":
        print("nothing was observed: no request to a provider, and no webhook", file=sys.stderr)
    return EXIT_NOTHING_OBSERVED


def _read(name: str, project: "Configured") -> "Part":
    """Return the verdict on a bundle. Raises InvalidBundle and OSError."""
    from mockserver.bundle.files import read_bundle
    from mockserver.bundle.judged import verdict
    from mockserver.providers.registry import providers
    from mockserver.verdict.parts import Part

    bundle = read_bundle(Path(name))
    return Part(f"sandbox {bundle.manifest.sandbox}", verdict(bundle, providers(), project.policy()))


def _fetch(options: argparse.Namespace, project: "Configured") -> "Part":
    from urllib.parse import urlencode

    from mockserver.cli.client import get
    from mockserver.verdict.parts import Part

    query: list[tuple[str, str]] = [("allow", rule) for rule in project.allow]
    query += [("deny", rule) for rule in project.deny]
    query += [("severity", f"{rule}={severity}") for rule, severity in project.severities.items()]
    if project.longest_poll is not None:
        query.append(("longest_poll", f"{project.longest_poll}ms"))
    sandbox = options.sandbox or "default"
    prefix = sandbox_prefix(sandbox)
    path = f"{prefix}/_mock/verdict" + (f"?{urlencode(query)}" if query else "")
    return Part(f"sandbox {sandbox}", get(url_of(options), path, token_of(options)))


def _write(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, "utf-8")
