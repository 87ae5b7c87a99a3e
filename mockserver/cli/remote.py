"""`health` and `push`: the commands for a running server."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error
from mockserver.cli.options import add_token, add_url

if TYPE_CHECKING:
    from mockserver.settings import Settings


def add(commands: Any) -> None:
    """Add the commands."""
    health = commands.add_parser(
        "health",
        help="check that a running server answers",
        description="Check that a running server answers. The exit code is 1 if it does not.",
        epilog="example:\n  mockserver health --url http://localhost:9000",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_url(health)
    health.set_defaults(run=_health)
    push = commands.add_parser(
        "push",
        help="use a scenario file in a running server",
        description="Upload a scenario file to a running server, and switch a sandbox to it.",
        epilog="example:\n  mockserver push my-scenario.yaml --sandbox alice",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    push.add_argument("file", metavar="FILE", help="the scenario file")
    push.add_argument("--sandbox", metavar="NAME", default="default", help="the sandbox to switch (default: default)")
    add_token(push)
    add_url(push)
    push.set_defaults(run=_push)


def url_of(options: argparse.Namespace) -> str:
    """Return the URL of the server: the option, or this machine with the port of the settings."""
    return options.url or f"http://127.0.0.1:{_settings().port}"


def token_of(options: argparse.Namespace) -> str:
    """Return the token of the server: the option, or that of the settings."""
    return options.token or _settings().token


def _settings() -> "Settings":
    from mockserver.settings import Settings, SettingsError, load

    try:
        return load({})
    except SettingsError:
        return Settings()


def _health(options: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError, get

    try:
        print(get(url_of(options), "/_mock/health")["status"])
    except RemoteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _push(options: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError, put_yaml
    from mockserver.source.document import SourceErrors
    from mockserver.source.files import read_bytes

    try:
        text = read_bytes(Path(options.file))
    except SourceErrors as errors:
        return report_error(str(errors))
    prefix = "" if options.sandbox == "default" else f"/~{options.sandbox}"
    try:
        reply = put_yaml(url_of(options), f"{prefix}/_mock/scenario", text, token_of(options))
    except RemoteError as error:
        return report_error(str(error).replace("upload:", f"{options.file}:"))
    details = f"{reply['rules']} rules, clock {reply['clock']}"
    print(f"sandbox {options.sandbox} of {url_of(options)} now uses the scenario {reply['scenario']}: {details}")
    return 0
