"""The languages that a request can name (FACTS section 6)."""

from functools import cache
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from mockserver.content.languages import ISO_639_1, WRITTEN

# The type of the problem of a language that is no ISO 639-1 code.
NOT_A_LANGUAGE = "language_code"
IN_ENGLISH = "rule.language_in_english"


@cache
def _codes() -> frozenset[str]:
    return frozenset(ISO_639_1)


def _iso_code(value: str) -> str:
    if value in _codes():
        return value
    meant = value[:2].lower()
    text = f"must be an ISO 639-1 code such as 'en', not {value[:35]!r}"
    if meant in _codes() and not value[2:3].isalpha():
        text += f"; did you mean {meant!r}?"
    # Braces would be slots of the message.
    raise PydanticCustomError(NOT_A_LANGUAGE, text.replace("{", "(").replace("}", ")"))


IsoLanguage = Annotated[str, AfterValidator(_iso_code), WithJsonSchema({"type": "string", "enum": list(ISO_639_1)})]


def rows_of(language: str) -> tuple[str, ...]:
    """Return the rows of the ledger for a reply in that language: one if it is in English for lack of phrases."""
    return () if language in WRITTEN else (IN_ENGLISH,)


def note_on(language: str) -> str | None:
    """Return the note for the journal on a reply in that language, or None."""
    if language in WRITTEN:
        return None
    return f"mockserver has no phrases in the language {language!r}, so the result is in English"
