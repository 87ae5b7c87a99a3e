"""The language of a result: that of `lang`, or the one that the custom instructions ask for (FACTS section 6)."""

from collections.abc import Iterator
from functools import lru_cache

from mockserver.content.languages import WRITTEN
from mockserver.kit import languages

_ASKED_FOR = "mockserver has no phrases in the language that custom_instructions ask for, so the result is in English"
_NOT_READ = "mockserver has no words of the language of custom_instructions, so most of them change nothing"


def rows_of(language: str, instructions: str | None) -> Iterator[str]:
    """Yield the rows of the ledger: one if the result is in English for lack of phrases."""
    yield from (languages.IN_ENGLISH,) if _note_on(instructions) == _ASKED_FOR else languages.rows_of(language)


def note_on(language: str, instructions: str | None) -> str | None:
    """Return the note for the journal on a language without phrases, or None."""
    return _note_on(instructions) or languages.note_on(language)


@lru_cache(maxsize=64)
def _note_on(instructions: str | None) -> str | None:
    if not instructions:
        return None
    from mockserver.content.extraction.language import written_in  # few jobs have instructions
    from mockserver.content.instructions.reading import MAX_READ, read

    if read(instructions).foreign:
        return _ASKED_FOR
    written = written_in(instructions[:MAX_READ])
    return None if written is None or written in WRITTEN else _NOT_READ
