"""`export`: the command that writes collections of requests for API clients."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mockserver.cli.errors import report_error, report_file_error

_FORMATS = ("postman", "bruno", "insomnia", "http")
_DESCRIPTION = """\
Write a collection of requests to all operations, with variables for the base URL and the keys, and with an example for
each documented error, which a magic word causes in the scenario `default`. `postman` is a collection of format 2.1,
`insomnia` an export of format 4, `bruno` a folder, and `http` a file for the HTTP clients of editors.
"""
_EXAMPLES = """\
examples:
  mockserver export postman > mockserver.json
  mockserver export bruno --output requests              bruno needs a folder
  mockserver export http --provider nanophoto --url http://localhost:9000
"""


def add(commands: Any) -> None:
    """Add the command."""
    export = commands.add_parser(
        "export",
        help="write a collection of requests for Postman, Bruno, Insomnia or an editor",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("format", metavar="FORMAT", choices=_FORMATS, help=", ".join(_FORMATS))
    export.add_argument(
        "--provider", action="append", metavar="NAME", help="a provider to include; can be repeated (default: all)"
    )
    export.add_argument("--url", help="value of the variable base_url (default: http://localhost:8080)")
    export.add_argument("--output", metavar="PATH", help="the file, or for bruno the folder (default: standard output)")
    export.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> int:
    from mockserver.exports.formats import FORMATS
    from mockserver.exports.requests import collection
    from mockserver.kit.catalogue import catalogue_of
    from mockserver.providers.registry import providers
    from mockserver.scenario.library import Library
    from mockserver.source.suggestions import did_you_mean

    known = providers()
    for name in options.provider or ():
        if name not in known:
            return report_error(f"there is no provider {name!r}{did_you_mean(name, list(known))}")
    if options.format == "bruno" and options.output is None:
        return report_error("a collection of Bruno is a folder: give it with --output")
    chosen = [each for name, each in known.items() if options.provider is None or name in options.provider]
    program = Library(catalogue_of(known.summaries), known.values()).program("default")
    made = collection(chosen, program)
    if options.url:
        made = made._replace(variables={**made.variables, "base_url": options.url.rstrip("/")})
    try:
        return _write(FORMATS[options.format](made), options)
    except OSError as error:
        return report_file_error(error)


def _write(files: Mapping[str, str], options: argparse.Namespace) -> int:
    if options.format != "bruno":
        (text,) = files.values()
        if options.output is None:
            sys.stdout.write(text)
        else:
            Path(options.output).write_text(text, "utf-8")
        return 0
    folder = Path(options.output)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    print(f"{len(files)} files written to {folder}")
    return 0
