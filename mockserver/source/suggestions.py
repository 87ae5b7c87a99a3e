"""Words for people: how a value is shown in an error, and which right word a wrong one is nearest to."""

from collections.abc import Iterable
from itertools import islice

# All four bound what an error costs and how long it gets, whoever wrote the file it is about.
_SHOWN = 60
_LONGEST_WORD = 80
_MOST_COMPARED = 500
_MOST_LISTED = 15

# Transposed letters in a word of three (`nht` for `nth`) score 0.667; unrelated keys of scenario files stay below 0.6.
_CUTOFF = 0.65


def clip(text: str, length: int = _SHOWN) -> str:
    """The text, or its beginning and `...` where it is longer than `length` characters."""
    return text if len(text) <= length else text[: length - 3] + "..."


def shown(value: object) -> str:
    """A short name of a value for an error message, in YAML's words: `'text'`, `5`, `true`, `nothing`, `a list`."""
    if isinstance(value, str):
        return repr(clip(value))
    if value is None:
        return "nothing"
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


def plain(text: str) -> str:
    """A short name as it is, and in quotes where it would not read as one."""
    return clip(text) if text and text.isprintable() else shown(text)


def word_of(value: object) -> str:
    """The value as one word, to compare with the right ones: a text as it is, anything else as it is shown."""
    return value if isinstance(value, str) else shown(value)


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that `word` was most likely meant to be, or None; case, `-` and `_` make no difference."""
    if len(word) > _LONGEST_WORD:
        return None
    folded: dict[str, str] = {}
    for option in islice(options, _MOST_COMPARED):
        if len(option) <= _LONGEST_WORD:
            folded.setdefault(_fold(option), option)
    import difflib  # most starts have nothing to suggest

    close = difflib.get_close_matches(_fold(word), folded, n=1, cutoff=_CUTOFF)
    return folded[close[0]] if close else None


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """The end of an error about a wrong word: `; did you mean 'x'?`, or `; one of: a, b, c`, empty without options.

    At most 15 options are listed, and at most 500 compared.
    """
    known = list(options)
    near = nearest(word, known)
    if near is not None:
        return f"; did you mean {shown(near)}?"
    if not known:
        return ""
    listed = ", ".join(plain(option) for option in known[:_MOST_LISTED])
    return f"; one of: {listed}" + (f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else "")


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_")
