"""What the command line offers for interception. Imports nothing, so that `--help` is quick."""

import argparse
from typing import Any

_DESCRIPTION = """\
Run a program whose code names the providers' own hosts, such as https://api.videotoprompt.org, against a sandbox
server of its own. A proxy and a throw-away certificate authority take its calls there; nothing in it is edited.
"""
_EXAMPLES = """\
examples:
  mockserver exec -- python my_app.py
  mockserver exec --scenario nanophoto-rate-limited --report -- npm test
  mockserver exec --clock 60x -- ./upload.sh
"""


def add_exec(commands: Any) -> None:
    """Add `exec` and its options."""
    command = commands.add_parser(
        "exec",
        help="run a program that names the providers' own hosts against a sandbox",
        usage="mockserver exec [options] -- COMMAND ...",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--scenario", help="name or path of the scenario (default: default)")
    command.add_argument("--scenario-dir", help="where your own scenarios are found by name (default: ./scenarios)")
    command.add_argument("--seed", type=int, help="the seed of everything that looks random (default: the scenario's)")
    add_clock(command)
    command.add_argument("--report", action="store_true", help="say on stderr at the end what was called")
    add_allow_external(command)
    command.add_argument("--config", metavar="FILE", help="the settings file (default: ./mockserver.toml, if any)")
    command.add_argument("command_line", metavar="COMMAND", nargs=argparse.REMAINDER, help="the program to run")


def add_intercept(serve: argparse.ArgumentParser) -> None:
    """Add to `serve` what makes it intercept."""
    serve.add_argument(
        "--intercept", action="store_true", help="print what leads programs here that name the providers' own hosts"
    )
    add_allow_external(serve)


def add_clock(command: argparse.ArgumentParser) -> None:
    """Add the choice of a clock."""
    command.add_argument(
        "--clock", metavar="MODE", help="real, manual, auto, or a speed such as 60x (default: the scenario's)"
    )


def add_allow_external(command: argparse.ArgumentParser) -> None:
    """Add the consent to other hosts."""
    command.add_argument("--allow-external", action="store_true", help="let intercepted programs reach other hosts too")


def program_of(asked: argparse.Namespace) -> list[str]:
    """The program to run and its arguments."""
    words: list[str] = asked.command_line
    return words[1:] if words[:1] == ["--"] else words
