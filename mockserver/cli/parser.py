"""The parser of the command line. An unknown command or option is reported with the name that resembles it."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines: what is wrong, and how to get help."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and report what no option takes in the name of the command that it follows."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unrecognized(unknown))
        return namespace, unknown

    def error(self, message: str) -> NoReturn:
        """Print an error and exit with code 2."""
        of_command = " " in self.prog
        what = "describes the command and its options" if of_command else "lists the commands"
        self.exit(2, f"{self.prog}: {message}\n`{self.prog} --help` {what}.\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            from mockserver.source.suggestions import did_you_mean

            self.error(f"there is no command {value!r}{did_you_mean(str(value), action.choices)}")
        super()._check_value(action, value)

    def _unrecognized(self, unknown: Sequence[str]) -> str:
        from mockserver.source.suggestions import did_you_mean, nearest

        option = unknown[0].partition("=")[0]
        if not option.startswith("-"):
            return f"unexpected argument {option!r}"
        options = [name for name in self._option_string_actions if name.startswith("--")]
        # A list of all options would hide what is wrong. `--help` prints it.
        suggestion = did_you_mean(option, options) if nearest(option, options) else ""
        return f"there is no option {option!r}{suggestion}"
