"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

_EXAMPLES = """\
examples:
  mockserver serve                              serve on http://localhost:8080
  mockserver serve --port 0 --scenario tour     any free port, another scenario
  mockserver exec -- python my_app.py           run a program whose code says https://api.videotoprompt.org
  mockserver check my-scenario.yaml             is it right? exit 2 and file:line:column when not
  mockserver show default                       rules in order, plans as timelines
  mockserver push my-scenario.yaml              use it in a server that is running
  mockserver coverage --fail-under 80           what did my tests meet of it, and what never?
  mockserver openapi videotoprompt > api.json   the OpenAPI document of a provider
"""
# The modules of the commands, in the order in which they are listed.
COMMANDS = {
    "serve": "serve",
    "exec": "serve",
    "check": "scenarios",
    "show": "scenarios",
    "scenarios": "scenarios",
    "schema": "scenarios",
    "openapi": "openapi",
    "health": "remote",
    "push": "remote",
    "coverage": "coverage",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 for success, 1 for failure, 2 for wrong input."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = parser_for(given[0] if given else "")
    asked = parser.parse_args(given)
    if asked.command is None:
        parser.print_help()
        return 0
    try:
        return int(asked.run(asked))
    except BrokenPipeError:
        # The reader of our output (head, say) went away: not an error.
        sys.stderr.close()
        return 0


def parser_for(command: str) -> argparse.ArgumentParser:
    """The parser that knows `command`; that knows all commands, where it is none.

    The others would only be set up for nothing: two milliseconds of every start.
    """
    from mockserver import __version__

    parser = argparse.ArgumentParser(
        prog="mockserver",
        description="A sandbox server that stands in for five AI-video provider APIs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mockserver {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for module in [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values()):
        import_module(f"mockserver.cli.{module}").add(commands)
    return parser
