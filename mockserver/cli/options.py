"""Options that several commands have, and the types of their values."""

import argparse


def whole_number(text: str) -> int:
    """Parse a whole number. Raises ArgumentTypeError."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}") from None


def percentage(text: str) -> float:
    """Parse a percentage. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"must be a percentage from 0 to 100, not {text!r}")
    return value


def add_scenario_options(command: argparse.ArgumentParser) -> None:
    """Add the options for the scenario, its seed and its clock."""
    command.add_argument("--scenario", metavar="NAME", help="name or path of the scenario (default: default)")
    command.add_argument(
        "--scenario-dir", metavar="DIR", help="directory with your own scenarios (default: ./scenarios)"
    )
    command.add_argument(
        "--seed",
        type=whole_number,
        metavar="NUMBER",
        help="seed of all values that look random (default: the scenario's)",
    )
    command.add_argument(
        "--clock", metavar="MODE", help="real, manual, auto, or a speed such as 60x (default: the scenario's)"
    )


def add_allow_external(command: argparse.ArgumentParser) -> None:
    """Add `--allow-external`."""
    command.add_argument(
        "--allow-external",
        action="store_true",
        help="allow intercepted programs to call other hosts than the providers'",
    )


def add_config(command: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    command.add_argument("--config", metavar="FILE", help="settings file (default: ./mockserver.toml, if it exists)")


def add_url(command: argparse.ArgumentParser) -> None:
    """Add `--url`, the URL of a running server."""
    default = "MOCKSERVER_URL, or else http://127.0.0.1 with the port of the settings"
    command.add_argument("--url", help=f"URL of the server (default: {default})")


def add_token(command: argparse.ArgumentParser) -> None:
    """Add `--token`, the token of a running server."""
    command.add_argument("--token", help="token of the server's control API (default: MOCKSERVER_TOKEN)")
