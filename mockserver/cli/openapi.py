"""`openapi`: the command that prints documents."""

import argparse
import json
from typing import Any

from mockserver.cli.messages import bad


def add(commands: Any) -> None:
    """Add the command."""
    openapi = commands.add_parser("openapi", help="print the OpenAPI document of a provider, or of the control API")
    openapi.add_argument("provider", help="the name of a provider, or control")
    openapi.add_argument("--yaml", action="store_true", help="as YAML")
    openapi.set_defaults(run=_openapi)


def _openapi(asked: argparse.Namespace) -> int:
    from mockserver.openapi import UnknownDocument, as_yaml, document

    try:
        found = document(asked.provider)
    except UnknownDocument as error:
        return bad(str(error))
    print(as_yaml(found) if asked.yaml else json.dumps(found, indent=2, ensure_ascii=False))
    return 0
