"""`health` and `push`: the commands for a running server."""

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import message_of, report_error
from mockserver.cli.options import add_token, add_url
from mockserver.core.addresses import sandbox_prefix

if TYPE_CHECKING:
    from mockserver.settings import Settings


def add(commands: Any) -> None:
    """Add the commands."""
    health = commands.add_parser(
        "health",
        help="check that a running server answers",
        description="Check that a running server answers. The exit code is 1 if it does not.",
        epilog="examples:\n  mockserver health --url http://localhost:9000\n"
        "  MOCKSERVER_URL=https://mock.example.com mockserver health",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_url(health)
    health.set_defaults(run=_health)
    push = commands.add_parser(
        "push",
        help="use a scenario in a running server",
        description="Upload a scenario file to a running server, or name one that the server has, and switch a sandbox "
        "to it.",
        epilog="examples:\n  mockserver push my-scenario.yaml --sandbox alice\n  mockserver push tour",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    push.add_argument("file", metavar="SCENARIO", help="a scenario file, the name of a scenario, or - (stdin)")
    push.add_argument("--sandbox", metavar="NAME", default="default", help="the sandbox to switch (default: default)")
    add_token(push)
    add_url(push)
    push.set_defaults(run=_push)


def url_of(options: argparse.Namespace) -> str:
    """Return the URL of the server: the option, MOCKSERVER_URL, or this machine with the port of the settings.

    Raises RemoteError.
    """
    return options.url or os.environ.get("MOCKSERVER_URL") or f"http://127.0.0.1:{_settings().port}"


def token_of(options: argparse.Namespace) -> str:
    """Return the token of the server: the option, or that of the settings. Raises RemoteError."""
    return options.token or _settings().token


def _settings() -> "Settings":
    """Load the settings. Raises RemoteError if they are wrong."""
    from mockserver.cli.client import RemoteError
    from mockserver.settings import SettingsError, load

    try:
        return load({})
    except SettingsError as error:
        raise RemoteError(str(error)) from None


def _health(options: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError, get

    try:
        print(get(url_of(options), "/_mock/health")["status"])
    except RemoteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _push(options: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError, put_json, put_yaml
    from mockserver.cli.references import label, text_of
    from mockserver.source.document import SourceErrors

    try:
        text = text_of(options.file, _settings().scenario_dirs)
    except (SourceErrors, LookupError, RemoteError) as error:
        return report_error(message_of(error))
    path = f"{sandbox_prefix(options.sandbox)}/_mock/scenario"
    try:
        if text is None:
            reply = put_json(url_of(options), path, {"name": options.file}, token_of(options))
        else:
            reply = put_yaml(url_of(options), path, text, token_of(options))
    except RemoteError as error:
        return report_error(str(error).replace("upload:", f"{label(options.file)}:"))
    details = f"{reply['rules']} rules, clock {reply['clock']}"
    print(f"sandbox {options.sandbox} of {url_of(options)} now uses the scenario {reply['scenario']}: {details}")
    return 0
