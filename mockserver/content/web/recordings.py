"""The facts about a recording that prompts ask for."""

from typing import Any

from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.rows import Fact

# Only pictures have these.
_SEEN = frozenset(
    ("colors", "lighting", "camera", "framing", "movement", "style", "ocr", "objects", "setting", "moment")
)
_TOLD = frozenset(("summary", "description", "reason"))


class AudioFacts(Facts):
    """What prompts ask about recordings: what is said and heard in videos, without what is seen."""

    def of(self, concept: str) -> Any:
        """Return the fact for a concept, or None if recordings have none."""
        if concept in _TOLD:
            return self.summary()
        if concept == "events":
            return self.events()
        return None if concept in _SEEN else super().of(concept)

    def summary(self) -> str:
        """Return what is said, in short."""
        return self.locale.space.join(self.story.said)

    def events(self) -> list[Fact]:
        """Return the spoken lines."""
        return self.lines()
