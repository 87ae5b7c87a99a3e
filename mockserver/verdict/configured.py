"""The verdict's settings of a project: the table `tool.mockserver.verdict` of its `pyproject.toml`."""

from pathlib import Path
from typing import Any

from pydantic import Field

from mockserver.core.expect import VerdictExpectation
from mockserver.core.verdict.finding import Severity
from mockserver.source.document import Document, SourceErrors
from mockserver.source.validation import validate

FILE = "pyproject.toml"


class Configured(VerdictExpectation):
    """What a project has decided: as in a scenario, and from which severity findings fail a run."""

    fail_on: Severity | None = Field(default=None, description="the severity from which findings fail a run")


class InvalidConfiguration(ValueError):
    """The table has mistakes. The message names each of them."""


def configured(directory: Path) -> Configured:
    """Return the settings in the `pyproject.toml` of a directory; the defaults if it has none.

    Raises InvalidConfiguration.
    """
    path = directory / FILE
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Configured()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path}: {error}") from None
    if "tool.mockserver" not in text and "[tool]" not in text:
        return Configured()
    return _parsed(text, str(path))


def _parsed(text: str, name: str) -> Configured:
    import tomllib  # imported here because most projects have no such table

    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration(f"{name}: {error}") from None
    for key in ("tool", "mockserver", "verdict"):
        table = table.get(key, {}) if isinstance(table, dict) else {}
    try:
        return validate(Configured, Document.of(table, f"{name}: tool.mockserver.verdict"))
    except SourceErrors as errors:
        raise InvalidConfiguration("\n".join(errors.lines())) from None
