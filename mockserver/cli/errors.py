"""Error messages of the command line, and the exit code for wrong input."""

import sys

EXIT_WRONG_INPUT = 2


def report_error(message: str) -> int:
    """Print what is wrong with the input, and return the exit code for wrong input."""
    print(message, file=sys.stderr)
    return EXIT_WRONG_INPUT


def message_of(error: Exception) -> str:
    """Return the message of an error. That of a LookupError is its argument."""
    return str(error.args[0]) if isinstance(error, LookupError) else str(error)
