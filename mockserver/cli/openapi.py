"""`openapi`: the command that prints OpenAPI documents."""

import argparse
import json
from typing import Any

from mockserver.cli.errors import report_error


def add(commands: Any) -> None:
    """Add the command."""
    openapi = commands.add_parser(
        "openapi",
        help="print the OpenAPI document of a provider, or of the control API",
        description="Print the OpenAPI document of a provider, or of the control API.",
        epilog="examples:\n  mockserver openapi videotoprompt > api.json\n  mockserver openapi --yaml control",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    openapi.add_argument(
        "document",
        metavar="DOCUMENT",
        help="the name of a provider, or control",
    )
    openapi.add_argument("--yaml", action="store_true", help="print YAML instead of JSON")
    openapi.set_defaults(run=_openapi)


def _openapi(options: argparse.Namespace) -> int:
    from mockserver.openapi import UnknownDocument, as_yaml, document

    try:
        content = document(options.document)
    except UnknownDocument as error:
        return report_error(str(error))
    print(as_yaml(content) if options.yaml else json.dumps(content, indent=2, ensure_ascii=False))
    return 0
