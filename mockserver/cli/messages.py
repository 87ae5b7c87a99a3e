"""What goes wrong, said to a person, and the exit code for it."""

import sys

EXIT_BAD = 2


def bad(message: str) -> int:
    """Say what is wrong with the input, and give the exit code for that."""
    print(message, file=sys.stderr)
    return EXIT_BAD


def said(error: Exception) -> str:
    """The text of an error for people; that of a LookupError is its argument."""
    return str(error.args[0]) if isinstance(error, LookupError) else str(error)
