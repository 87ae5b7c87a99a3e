"""`serve` and `exec`: the commands that run a server."""

import argparse
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.intercept import add_clock, add_exec, add_intercept, program_of
from mockserver.cli.messages import bad, said

if TYPE_CHECKING:
    from mockserver.settings import Settings

_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"


def add(commands: Any) -> None:
    """Add the commands."""
    serve = commands.add_parser(
        "serve",
        help="run the server",
        description="Run the server. Options are also variables (MOCKSERVER_PORT) and keys of mockserver.toml (port).",
        epilog="examples:\n  mockserver serve --scenario tour --seed 7\n  MOCKSERVER_SCENARIO=tour mockserver serve",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.set_defaults(run=_serve)
    _add_world(serve)
    _add_policy(serve)
    _add_access(serve)
    add_intercept(serve)
    add_exec(commands)
    commands.choices["exec"].set_defaults(run=_exec)


def _add_world(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on; 0 is any free one (default: 8080)")
    serve.add_argument("--scenario", help="name or path of the scenario (default: default)")
    serve.add_argument("--scenario-dir", help="where your own scenarios are found by name (default: ./scenarios)")
    serve.add_argument("--seed", type=int, help="the seed of everything that looks random (default: the scenario's)")
    add_clock(serve)
    serve.add_argument("--public-url", help="the URL that clients reach this server by, for links in replies")


def _add_policy(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--allow-public-webhooks", action="store_true", default=None, help="send webhooks to public addresses too"
    )
    serve.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="refuse what published clients send but the provider's contract does not allow",
    )
    serve.add_argument(
        # No BooleanOptionalAction: it takes whatever begins with `--no-` for the contrary of what it turns on.
        "--no-assumed",
        action="store_true",
        default=None,
        help="answer 501 where the provider's behaviour is an assumption, and say which",
    )
    serve.add_argument(
        "--rule-header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="name in X-Mock-Rule the documented, observed or assumed behaviours that a reply rests on",
    )


def _add_access(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--access-log", action=argparse.BooleanOptionalAction, default=None, help="print a line for each request"
    )
    serve.add_argument("--token", help="what the control API asks for (default: none; beyond localhost one is made up)")
    serve.add_argument("--head-timeout", type=int, help="seconds that the head of a request may take (default: 10)")
    serve.add_argument("--body-timeout", type=int, help="seconds without progress of a body (default: 30)")
    serve.add_argument("--sandbox-memory", type=int, help="MiB that a sandbox keeps before it drops the oldest (64)")
    serve.add_argument("--server-memory", type=int, help="MiB that all sandboxes keep together (512)")
    serve.add_argument(
        "--config", metavar="FILE", help="the settings file (default: ./mockserver.toml, if there is one)"
    )


def _serve(asked: argparse.Namespace) -> int:
    def run(settings: "Settings") -> int:
        if asked.intercept:
            from mockserver.intercept.serving import serve_intercepting

            serve_intercepting(settings, allow_external=asked.allow_external)
        else:
            from mockserver.serving.serve import serve

            serve(settings)
        return 0

    with _starting_fast():
        return _with_settings(asked, run)


@contextmanager
def _starting_fast() -> Iterator[None]:
    """Leave out what takes a good part of the start, and what a server has no use for."""
    # Next to nothing that loading makes is garbage; looking for it takes a fifth of the start. `serve` goes on with it.
    gc.disable()
    # Before it builds its first model, pydantic reads the metadata of all that is installed, to find plugins. Not so
    # for `exec`, whose program inherits the environment.
    chosen = _PLUGINS in os.environ
    os.environ.setdefault(_PLUGINS, "__all__")
    try:
        yield
    finally:
        gc.enable()
        if not chosen:
            del os.environ[_PLUGINS]


def _exec(asked: argparse.Namespace) -> int:
    program = program_of(asked)
    if not program:
        return bad("exec needs the program to run: mockserver exec -- COMMAND ...")

    def run(settings: "Settings") -> int:
        from mockserver.intercept.command import execute

        return execute(settings, program, allow_external=asked.allow_external, with_report=asked.report)

    return _with_settings(asked, run)


def _with_settings(asked: argparse.Namespace, run: Callable[["Settings"], int]) -> int:
    """Run with the settings that hold, and say what cannot be used."""
    from mockserver.settings import SettingsError, load

    try:
        settings = load(vars(asked), file=Path(asked.config) if asked.config else None)
        from mockserver.source.document import SourceErrors

        try:
            return run(settings)
        except (SourceErrors, LookupError) as error:
            return bad(said(error))
    except SettingsError as error:
        return bad(str(error))
