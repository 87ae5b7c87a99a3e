"""What makes a file no bundle. This module imports hardly anything, so that everything can import it."""

from mockserver.core.terminal import escaped

# The end of the name of a bundle's file.
ENDING = ".mock.zip"
MIB = 1_048_576
# The most bytes that the file of a bundle has.
MAX_BYTES = 16 * MIB
_LONGEST = 1_000


class InvalidBundle(ValueError):
    """The file is not a bundle, or one that is not safe to read. The message says why.

    It can quote the file, so it has at most 1,000 characters, and none that a terminal would obey.
    """

    def __init__(self, message: str) -> None:
        short = message if len(message) <= _LONGEST else f"{message[: _LONGEST - 3]}..."
        super().__init__(escaped(short))
