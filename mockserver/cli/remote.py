"""`health` and `push`: the commands that talk to a server that is running."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.messages import bad

if TYPE_CHECKING:
    from mockserver.settings import Settings


def add(commands: Any) -> None:
    """Add the commands."""
    health = commands.add_parser("health", help="ask a running server whether it is well; exit 1 when not")
    add_url(health)
    health.set_defaults(run=_health)
    push = commands.add_parser("push", help="use a scenario file in a running server")
    push.add_argument("file", metavar="FILE")
    push.add_argument("--sandbox", default="default", help="the sandbox that uses it (default: default)")
    add_token(push)
    add_url(push)
    push.set_defaults(run=_push)


def add_url(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a server."""
    parser.add_argument("--url", help="the server (default: http://127.0.0.1:8080, or the port that is set)")


def add_token(parser: argparse.ArgumentParser) -> None:
    """Add the token of a server."""
    parser.add_argument("--token", help="the token of the server's control API (default: MOCKSERVER_TOKEN)")


def url_of(asked: argparse.Namespace) -> str:
    """The server that is meant: as a rule the one of this machine, on the port that its settings give it."""
    return asked.url or f"http://127.0.0.1:{_settings().port}"


def token_of(asked: argparse.Namespace) -> str:
    """The token of the server that is meant."""
    return asked.token or _settings().token


def _settings() -> "Settings":
    from mockserver.settings import Settings, SettingsError, load

    try:
        return load({})
    except SettingsError:
        return Settings()


def _health(asked: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError, get

    try:
        print(get(url_of(asked), "/_mock/health")["status"])
    except RemoteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _push(asked: argparse.Namespace) -> int:
    from mockserver.cli.client import RemoteError, put_yaml
    from mockserver.source.document import SourceErrors
    from mockserver.source.files import read_bytes

    try:
        text = read_bytes(Path(asked.file))
    except SourceErrors as errors:
        return bad(str(errors))
    prefix = "" if asked.sandbox == "default" else f"/~{asked.sandbox}"
    try:
        done = put_yaml(url_of(asked), f"{prefix}/_mock/scenario", text, token_of(asked))
    except RemoteError as error:
        return bad(str(error).replace("upload:", f"{asked.file}:"))
    print(f"{url_of(asked)} now runs {done['scenario']}: {done['rules']} rules, clock {done['clock']}")
    return 0
