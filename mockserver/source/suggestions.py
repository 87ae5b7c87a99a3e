"""Texts for error messages: how a value is written in one, and which known word a wrong one resembles."""

from collections.abc import Iterable
from itertools import islice

from mockserver.core.synonyms import meant_by

# These four limit the time to create an error and the length of its message, whatever the file contains.
_MAX_LENGTH = 60
_MAX_WORD = 80
_MAX_COMPARED = 500
_MAX_LISTED = 15

# Transposed letters in a word of three (`nht` for `nth`) score 0.667; unrelated keys of scenario files stay below 0.6.
_CUTOFF = 0.65


def clip(text: str, length: int = _MAX_LENGTH) -> str:
    """Return the text. If it is longer than `length` characters, cut it and end it with `...`."""
    return text if len(text) <= length else text[: length - 3] + "..."


def describe(value: object) -> str:
    """Return a short text for a value in an error message, as YAML writes it: `'text'`, `5`, `true`, `a list`."""
    if isinstance(value, str):
        return repr(clip(value))
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 128 else "a very large number"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a {type(value).__name__}"


def display_name(text: str) -> str:
    """Return a name, shortened if it is long. An empty name or one with unprintable characters is quoted."""
    return clip(text) if text and text.isprintable() else describe(text)


def as_word(value: object) -> str:
    """Return the value as a word that can be compared with known words."""
    return value if isinstance(value, str) else describe(value)


def nearest(word: str, options: Iterable[str]) -> str | None:
    """Return the option that resembles `word` most, or None. Case, `-` and `_` make no difference."""
    if len(word) > _MAX_WORD:
        return None
    folded: dict[str, str] = {}
    for option in islice(options, _MAX_COMPARED):
        if len(option) <= _MAX_WORD:
            folded.setdefault(_fold(option), option)
    import difflib  # imported here because most runs have nothing to suggest

    if (meant := meant_by(word, folded.values())) is not None:
        return meant
    close = difflib.get_close_matches(_fold(word), folded, n=1, cutoff=_CUTOFF)
    return folded[close[0]] if close else None


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return the end of an error about an unknown word: `; did you mean 'x'?`, or `; one of: a, b, c`.

    At most 15 options are listed, and at most 500 are compared. Without options it is empty.
    """
    known = list(options)
    suggestion = nearest(word, known)
    if suggestion is not None:
        return f"; did you mean {describe(suggestion)}?"
    if not known:
        return ""
    listed = ", ".join(display_name(option) for option in known[:_MAX_LISTED])
    return f"; one of: {listed}" + (f" and {len(known) - _MAX_LISTED} more" if len(known) > _MAX_LISTED else "")


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_")
