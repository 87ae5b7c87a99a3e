"""`exec`: the command that runs a program against a sandbox."""

import argparse
from typing import Any

from mockserver.cli.options import add_allow_external, add_config, add_scenario_options

_DESCRIPTION = """\
Run an unmodified program against a sandbox server. The program may call the providers' own hosts, such as
https://api.videotoprompt.org. A proxy and a temporary certificate authority send these calls to the sandbox.
"""
_EXAMPLES = """\
examples:
  mockserver exec -- python my_app.py
  mockserver exec --scenario nanophoto-rate-limited --report -- npm test
  mockserver exec --clock 60x -- ./upload.sh
"""


def add_exec(commands: Any) -> argparse.ArgumentParser:
    """Add `exec` and its options."""
    command: argparse.ArgumentParser = commands.add_parser(
        "exec",
        help="run an unmodified program against a sandbox",
        usage="mockserver exec [options] -- COMMAND ...",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_scenario_options(command)
    command.add_argument(
        "--report", action="store_true", help="print to stderr at the end which operations were called"
    )
    add_allow_external(command)
    add_config(command)
    command.add_argument("command_line", metavar="COMMAND", nargs=argparse.REMAINDER, help="the program to run")
    return command


def program_of(options: argparse.Namespace) -> list[str]:
    """Return the program to run and its arguments."""
    words: list[str] = options.command_line
    return words[1:] if words[:1] == ["--"] else words
