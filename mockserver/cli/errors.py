"""Error messages of the command line, and the exit codes that belong to them."""

import sys
from collections.abc import Callable

EXIT_WRONG_INPUT = 2
EXIT_CANNOT_LISTEN = 3


def report_error(message: str) -> int:
    """Print what is wrong with the input, and return the exit code for wrong input."""
    print(message, file=sys.stderr)
    return EXIT_WRONG_INPUT


def message_of(error: Exception) -> str:
    """Return the message of an error. That of a LookupError is its argument."""
    return str(error.args[0]) if isinstance(error, LookupError) else str(error)


def run_reporting(run: Callable[[], int]) -> int:
    """Run, and return the exit code. Reports wrong settings and invalid scenarios."""
    from mockserver.settings import CannotListen, SettingsError
    from mockserver.source.document import SourceErrors

    try:
        return run()
    except CannotListen as error:
        report_error(str(error))
        return EXIT_CANNOT_LISTEN
    except (SettingsError, SourceErrors, LookupError) as error:
        return report_error(message_of(error))


def report_file_error(error: OSError) -> int:
    """Report a file that cannot be used, and return the exit code. An error of the output has no file: it is raised."""
    if error.filename is None:
        raise error
    return report_error(f"{error.filename}: {error.strerror}")
