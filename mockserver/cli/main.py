"""The command line."""

import argparse
import errno
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from mockserver.cli.parser import Parser

_EXAMPLES = """\
examples:
  mockserver serve                              run a server on http://localhost:8080
  mockserver serve --port 0 --scenario tour     use a free port and another scenario
  mockserver exec -- python my_app.py           run a program that calls https://api.videotoprompt.org
  mockserver check my-scenario.yaml             check a scenario; errors have file:line:column
  mockserver show default                       print the rules and the plans of a scenario
  mockserver push my-scenario.yaml              use a scenario in a running server
  mockserver coverage --fail-under 80           report which behaviours the tests have covered
  mockserver exam http://localhost:9000/hook --provider descrideo --secret s   check a receiver of webhooks
  mockserver tail status:4xx                    print the refused requests of a running server as they come
  mockserver verdict                            judge the clients: paid twice, polled too fast, and more
  mockserver bundle replay run.mock.zip         repeat what happened in a test or a server
  mockserver sweep -- pytest                    run the tests with one fault at each of their calls
  mockserver mcp                                offer a running server to an agent
  mockserver doctor                             find out what is wrong with the set-up
  mockserver openapi videotoprompt > api.json   print the OpenAPI document of a provider
  mockserver export postman > collection.json   write a collection of requests
  mockserver providers nanophoto                list what is simulated, with class and source

`mockserver COMMAND --help` describes a command.
"""
# Errors of writing to a full disk, or to a terminal that is gone.
_NOT_WRITTEN = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)
# These need the server. The distribution of the client is installed without what only the server depends on.
_OF_SERVER = ("serve", "exec", "sweep", "prove", "openapi", "schema", "export")
# The modules of the commands, in the order in which they are listed.
COMMANDS = {
    "serve": "serve",
    "exec": "serve",
    "check": "scenarios",
    "show": "scenarios",
    "scenarios": "scenarios",
    "schema": "scenarios",
    "openapi": "openapi",
    "export": "export",
    "providers": "providers",
    "health": "remote",
    "push": "remote",
    "tail": "tail",
    "top": "top",
    "coverage": "coverage",
    "verdict": "verdict",
    "exam": "exam",
    "bundle": "bundle",
    "sweep": "sweep",
    "prove": "prove",
    "mcp": "mcp",
    "doctor": "doctor",
    "completion": "completion",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: success; 1: failure; 2: wrong input; 3: the server cannot listen on its address.
    """
    if arguments is not None:
        return _run(arguments)
    try:
        return _run(sys.argv[1:])
    finally:
        # The process ends now. Another Ctrl+C would make the interpreter print a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] == "help":
        arguments = [*arguments[1:2], "--help"]
    parser = parser_for(arguments[0] if arguments else "")
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    if options.command in _OF_SERVER and not _has_server():
        advice = "Install ai-video-mockserver instead of ai-video-mockserver-client"
        print(f"`mockserver {options.command}` needs the server, which is not installed. {advice}", file=sys.stderr)
        return 1
    return _exit_code(options)


def _exit_code(options: argparse.Namespace) -> int:
    """Run the command, and return its exit code also if it is interrupted or cannot write."""
    try:
        code = int(options.run(options))
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        # Ctrl+C before the server is ready, or in a command. A program that a signal ends has this code in shells.
        return 130
    except BrokenPipeError:
        # The program that reads the output, such as `head`, has ended. This is not an error.
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.filename is not None or error.errno not in _NOT_WRITTEN:
            raise
        from mockserver.serving.output import discard_output

        discard_output()
        print(f"cannot write the output: {error.strerror}", file=sys.stderr)
        return 1


def _has_server() -> bool:
    from importlib.util import find_spec

    return find_spec("fastapi") is not None


def parser_for(command: str) -> Parser:
    """Return a parser for `command`, or for all commands if it is not the name of one.

    Setting up only one command saves two milliseconds of every start.
    """
    from mockserver import __version__

    parser = Parser(
        prog="mockserver",
        description="A sandbox server that simulates five AI-video provider APIs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mockserver {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for module in [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values()):
        import_module(f"mockserver.cli.{module}").add(commands)
    return parser
