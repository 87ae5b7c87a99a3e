"""Facts that are more than text: rows of a list, lengths of time, and positions in a video."""

from typing import Any


class Fact(dict[str, Any]):
    """A row of a list: its facts in the order of an answer, and what only is in an answer if a prompt asks for it.

    `also` has other names of its facts.
    """

    def __init__(self, also: dict[str, str], hidden: dict[str, Any], **facts: Any) -> None:
        super().__init__(facts)
        self._also, self._hidden = also, hidden

    def fact(self, concept: str | None) -> Any:
        """Return the fact for a concept, or None if the row has none."""
        key = self._also.get(concept or "", concept or "")
        return self[key] if key in self else self._hidden.get(key)


class Seconds(float):
    """A length of time in seconds, which is whole where a whole number is asked for."""


class Moment(Seconds):
    """A position in the video in seconds, written as `MM:SS` in text."""
