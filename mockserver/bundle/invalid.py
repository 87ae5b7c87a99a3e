"""What makes a file no bundle. This module imports nothing, so that everything can import it."""

# The end of the name of a bundle's file.
ENDING = ".mock.zip"
MIB = 1_048_576
# The most bytes that the file of a bundle has.
MAX_BYTES = 16 * MIB


class InvalidBundle(ValueError):
    """The file is not a bundle, or one that is not safe to read. The message says why."""
