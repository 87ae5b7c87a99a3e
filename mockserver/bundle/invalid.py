"""What makes a file no bundle. This module imports nothing, so that every command can."""

# The end of the name of a bundle's file.
ENDING = ".mock.zip"


class InvalidBundle(ValueError):
    """The file is not a bundle, or one that is not safe to read. The message says why."""
