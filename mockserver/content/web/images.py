"""The facts about a picture that prompts ask for."""

from typing import Any

from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.rows import Fact

# Only videos have these.
_SPOKEN = ("transcript", "quotes", "speaker", "sound", "music", "effects", "language", "language_code")
_MOVING = frozenset((*_SPOKEN, "events", "duration", "start", "end", "time", "movement"))


class ImageFacts(Facts):
    """What prompts ask about pictures: what videos show at one moment, without times and sound."""

    def of(self, concept: str) -> Any:
        """Return the fact for a concept, or None if pictures have none."""
        if concept in ("summary", "description", "reason"):
            return self.summary()
        return None if concept in _MOVING else super().of(concept)

    def summary(self) -> str:
        """Return two sentences: what is shown, and the mood."""
        stop = ". " if self.locale.space else "。"
        shown = self.locale.space.join((self.phrases["Subject"], self.phrases["moment"]))
        return f"{shown}{stop}{self.locale.description.mood[0].format_map(self.phrases)}"

    def events(self) -> list[Fact]:
        """Return the things in the picture, as the rows of an answer."""
        return self.objects()

    def holds(self, flag: str) -> bool | None:
        """Return whether a statement about the picture is true."""
        return False if flag in ("music", "sound", "transcript", "quotes", "speaker") else super().holds(flag)
