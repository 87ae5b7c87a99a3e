"""Mistakes in scenarios, and warnings about them, as the control API describes them."""

from collections.abc import Sequence

from mockserver.kit.models import Shape
from mockserver.source.document import SourceError, dotted


class ScenarioMistake(Shape):
    """What is wrong in a scenario, or has no effect in it.

    The line and the column are null if it was not read from a text, or if its file could not be read. `path` leads to
    the value, as in `rules.0.when`; it is null if the mistake is in the YAML itself.
    """

    file: str
    line: int | None
    column: int | None
    path: str | None
    message: str


def mistakes_of(errors: Sequence[SourceError]) -> list[ScenarioMistake]:
    """Return errors, or warnings, as the control API describes them."""
    return [
        ScenarioMistake(
            file=each.name,
            line=each.line,
            column=each.column,
            path=dotted(each.path) if each.path else None,
            message=each.message,
        )
        for each in errors
    ]
