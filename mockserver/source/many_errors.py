"""The first errors of a document that has very many. Pydantic lists all of them, which takes long."""

from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails, ValidationError

# More errors than this are not listed at once.
MOST_LISTED = 600
# Keys and values of the first part of the document. A value has some errors at most.
_FIRST_NODES = 1_500


def first_details(error: ValidationError, data: Any, model: type[BaseModel]) -> tuple[list[ErrorDetails], int]:
    """Return the first errors of validating `data`, and how many there are beside them."""
    count = error.error_count()
    if count > MOST_LISTED:
        part = _Part()
        try:
            model.model_validate(part.of(data))
        except ValidationError as first:
            details = [each for each in first.errors(include_url=False) if not part.is_cut(each)][:MOST_LISTED]
            if details:
                return details, count - len(details)
    details = error.errors(include_url=False)
    return details[:MOST_LISTED], max(0, count - MOST_LISTED)


class _Part:
    """The first keys and values of a document, in its order. Around its end, values are incomplete."""

    def __init__(self) -> None:
        self._left = _FIRST_NODES
        self._cut: tuple[str | int, ...] | None = None

    def of(self, value: Any, loc: tuple[str | int, ...] = ()) -> Any:
        """Return a copy of the value, or of its first part."""
        self._left -= 1
        if isinstance(value, dict):
            copied: Any = {}
            for key, each in value.items():
                if not self._has_room(loc):
                    break
                copied[key] = self.of(each, (*loc, key))
        elif isinstance(value, list):
            copied = []
            for index, each in enumerate(value):
                if not self._has_room(loc):
                    break
                copied.append(self.of(each, (*loc, index)))
        else:
            copied = value
        return copied

    def _has_room(self, loc: tuple[str | int, ...]) -> bool:
        if self._left <= 0 and self._cut is None:
            self._cut = loc
        return self._left > 0

    def is_cut(self, detail: ErrorDetails) -> bool:
        """Return True if an error can be about what is left out, not about what is wrong."""
        loc = detail["loc"][:-1] if detail["type"] == "missing" else detail["loc"]
        return self._cut is not None and self._cut[: len(loc)] == loc
