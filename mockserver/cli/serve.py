"""`serve` and `exec`: the commands that run a server."""

import argparse
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.cli.errors import report_error, run_reporting
from mockserver.cli.exec import add_exec, program_of
from mockserver.cli.options import add_allow_external, add_config, add_scenario_options, whole_number

if TYPE_CHECKING:
    from mockserver.settings import Settings

_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"
_DESCRIPTION = """\
Run the server. Every option can also be an environment variable (MOCKSERVER_PORT=9000) or a key of mockserver.toml
(port = 9000). The exit code is 2 for a wrong setting or scenario, and 3 if the server cannot listen on its address.
"""


def add(commands: Any) -> None:
    """Add the commands."""
    serve = commands.add_parser(
        "serve",
        help="run the server",
        description=_DESCRIPTION,
        epilog="examples:\n  mockserver serve --scenario tour --seed 7\n  mockserver serve --log json\n"
        "  mockserver serve --store sqlite:state.db\n"
        "  mockserver serve --store valkey://localhost:6379/0 --workers 2\n"
        "  MOCKSERVER_SCENARIO=tour mockserver serve",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.set_defaults(run=_serve)
    _add_address(serve)
    add_scenario_options(serve)
    _add_policy(serve)
    _add_access(serve)
    _add_store(serve)
    _add_intercept(serve)
    add_exec(commands).set_defaults(run=_exec)


def _add_address(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=whole_number, help="port to listen on; 0 for a free port (default: 8080)")
    serve.add_argument(
        "--workers",
        type=whole_number,
        metavar="N",
        help="processes that serve together; more than one needs --store valkey://HOST:PORT/DB (default: 1)",
    )
    serve.add_argument("--public-url", metavar="URL", help="the URL of this server for clients, for links in replies")
    serve.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="stop when the standard input is closed, as it is when the program that started the server has ended",
    )


def _add_policy(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--watch",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="load the scenario again when its file changes (default: if the scenario is a path)",
    )
    serve.add_argument(
        "--allow-public-webhooks", action="store_true", default=None, help="allow webhooks to public addresses"
    )
    serve.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="refuse every request that deviates from a provider's contract, even if published clients send it",
    )
    serve.add_argument(
        # Not a BooleanOptionalAction, which treats an option that begins with `--no-` as the negation of another.
        "--no-assumed",
        action="store_true",
        default=None,
        help="answer 501 where a provider's behaviour is an assumption, and name the assumption",
    )
    serve.add_argument(
        "--rule-header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="add the header X-Mock-Rule, with the documented, observed or assumed behaviours of each reply",
    )
    serve.add_argument(
        "--additive",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="add unknown fields and other additive changes to every reply and webhook",
    )
    serve.add_argument(
        "--cors",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="let web pages of all sites read the replies of all providers (never those of the control API)",
    )


def _add_access(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--mcp",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="offer tools for agents at /_mock/mcp (Model Context Protocol)",
    )
    serve.add_argument(
        "--log",
        metavar="FORM",
        help="form of the log, which has a line for each request and webhook: text, json or off (default: text)",
    )
    serve.add_argument("--quiet", dest="log", action="store_const", const="off", help="the same as --log off")
    serve.add_argument(
        "--access-log",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="also print a line with the address of the client for each HTTP request, to the control API too",
    )
    serve.add_argument(
        "--token",
        help="token of the control API; `none` for none (default: none on localhost, otherwise a random one, which is "
        "printed)",
    )
    serve.add_argument(
        "--allow-host",
        action="append",
        dest="allow_hosts",
        metavar="NAME",
        help="host name under which the control API answers, apart from localhost, IP addresses and the host of "
        "--public-url; can be repeated (MOCKSERVER_ALLOW_HOSTS: names separated by commas)",
    )
    serve.add_argument(
        "--head-timeout",
        type=whole_number,
        metavar="SECONDS",
        help="seconds for the head of a request to arrive (default: 10)",
    )
    serve.add_argument(
        "--body-timeout",
        type=whole_number,
        metavar="SECONDS",
        help="seconds without progress of a request body (default: 30)",
    )
    serve.add_argument(
        "--body-memory",
        type=whole_number,
        metavar="MIB",
        help="MiB of request bodies in memory at once; more get the provider's 503 (default: 256)",
    )
    serve.add_argument(
        "--sandbox-memory",
        type=whole_number,
        metavar="MIB",
        help="memory of a sandbox; above it the oldest data is dropped (default: 64)",
    )
    serve.add_argument(
        "--server-memory",
        type=whole_number,
        metavar="MIB",
        help="memory of all sandboxes; above it the largest sandbox drops its oldest data (default: 512)",
    )
    add_config(serve)


def _add_store(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--store",
        metavar="STORE",
        help="where the state is kept: memory, sqlite:FILE to continue after a restart, or valkey://HOST:PORT/DB for "
        "several processes (default: memory)",
    )
    serve.add_argument(
        "--resume",
        metavar="HOW",
        help="with sqlite:FILE, what running clocks do about the time in which the server did not run: `now` counts "
        "it, `paused` does not (default: now)",
    )


def _add_intercept(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--intercept",
        action="store_true",
        help="intercept programs that call the providers' own hosts, and print the variables that they need",
    )
    add_allow_external(serve)


def _serve(options: argparse.Namespace) -> int:
    def run(settings: "Settings") -> int:
        if options.stop_with_stdin:
            from mockserver.cli.parent import stop_with_stdin

            stop_with_stdin()
        if settings.workers > 1:
            from mockserver.cli.workers import check_workers, serve_with_workers

            check_workers(settings, intercept=options.intercept)
            return serve_with_workers(settings)
        if options.intercept:
            from mockserver.intercept.serving import serve_intercepting

            serve_intercepting(settings, allow_external=options.allow_external)
        else:
            from mockserver.serving.serve import serve

            serve(settings)
        return 0

    with faster_start():
        return _with_settings(options, run)


@contextmanager
def faster_start() -> Iterator[None]:
    """Disable garbage collection and plugins of pydantic, which account for much of the start-up time."""
    # Pydantic would read the metadata of all installed packages to find plugins. `exec` does not disable this, because
    # its program inherits the environment.
    already_set = _PLUGINS in os.environ
    os.environ.setdefault(_PLUGINS, "__all__")
    try:
        with _without_garbage_collection():
            yield
    finally:
        if not already_set:
            del os.environ[_PLUGINS]


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable garbage collection until the server runs, which enables it again.

    Imports leave hardly any garbage, and searching for it takes up to a fifth of the start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _exec(options: argparse.Namespace) -> int:
    program = program_of(options)
    if not program:
        return report_error("exec needs a program to run: mockserver exec -- COMMAND ...")

    def run(settings: "Settings") -> int:
        from mockserver.intercept.command import execute

        return execute(settings, program, allow_external=options.allow_external, with_report=options.report)

    with _without_garbage_collection():
        return _with_settings(options, run)


def _with_settings(options: argparse.Namespace, run: Callable[["Settings"], int]) -> int:
    """Load the settings and run with them. Reports wrong settings and invalid scenarios."""
    from mockserver.settings import load

    config = Path(options.config) if options.config else None
    return run_reporting(lambda: run(load(vars(options), file=config)))
