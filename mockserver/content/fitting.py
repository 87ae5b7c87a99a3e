# ruff: noqa: RUF001 — letters of other scripts are meant.
"""Fits texts into limits of words, characters or sentences, without cutting a sentence if possible."""

import re
from typing import NamedTuple

# Scripts without spaces between words: each character counts as a word.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# Words that a text does not end with, and what separates words.
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "and",
        "with",
        "to",
        "from",
        "by",
        "ein",
        "eine",
        "der",
        "die",
        "das",
        "mit",
        "und",
        "im",
        "le",
        "la",
        "les",
        "de",
        "du",
        "des",
        "un",
        "une",
        "et",
        "el",
        "los",
        "las",
        "y",
        "con",
        "en",
        "o",
        "os",
        "as",
        "e",
        "com",
        "em",
        "do",
        "da",
        "в",
        "на",
        "с",
        "и",
        "у",
        "по",
    ]
)
_SEPARATORS = " \t\r\n,;:–—-"


class Limits(NamedTuple):
    """The most words, characters and sentences that a text may have; None is unlimited.

    `least` is how many words it must have, or characters if these are limited.
    """

    words: int | None = None
    characters: int | None = None
    sentences: int | None = None
    least: int | None = None


class Part(NamedTuple):
    """A part of a text. Parts with a lower rank are kept first. `sentences` is how many it counts as.

    A part of several alternatives, the longest first, is the first one that fits.
    """

    alternatives: tuple[str, ...]
    rank: int
    sentences: int = 1


def count_words(text: str) -> int:
    """Return the number of words. In scripts without spaces each character counts as a word."""
    return len(_UNSPACED.findall(text)) + len(_UNSPACED.sub(" ", text).split())


def fitted(parts: list[Part], joint: str, limits: Limits) -> str:
    """Return the parts in their order, as many as fit, joined. If none fits, the first one is cut."""
    chosen: dict[int, str] = {}
    sentences = 0
    for at in sorted(range(len(parts)), key=lambda at: (parts[at].rank, at)):
        part = parts[at]
        if limits.sentences is not None and sentences + part.sentences > limits.sentences:
            continue
        for text in part.alternatives:
            tried = {**chosen, at: text}
            if _fits(joint.join(tried[i] for i in sorted(tried)), limits):
                chosen, sentences = tried, sentences + part.sentences
                break
    if not chosen and parts:
        return cut(parts[min(range(len(parts)), key=lambda at: parts[at].rank)].alternatives[-1], limits)
    text = joint.join(chosen[at] for at in sorted(chosen))
    if not _is_short(text, limits):
        return text
    wholes = [joint.join(part.alternatives[0] for part in parts[at:]) for at in range(len(parts))]
    filled = [each for whole in wholes if not _is_short(each := _filled(whole, limits), limits)]
    # A text that must have just as many words should not end with "of the".
    return next((each for each in filled if _without_small_words(each[:-1]) == each[:-1]), next(iter(filled), text))


def _is_short(text: str, limits: Limits) -> bool:
    return limits.least is not None and (count_words(text) if limits.words else len(text)) < limits.least


def _filled(whole: str, limits: Limits) -> str:
    """Return as much of a text as fits, cut between words."""
    stop = whole[-1:] if whole[-1:] in (".", "。") else "."
    while whole and not _fits(whole.rstrip(_SEPARATORS) + stop, limits):
        whole = whole.rpartition(" ")[0] if " " in whole else whole[:-1]
    return whole.rstrip(_SEPARATORS + ".。") + stop


def cut(text: str, limits: Limits) -> str:
    """Return the beginning of a text that fits, cut between words."""
    text = text.rstrip(" .。")
    while text and not _fits(text, limits):
        shorter = text.rpartition(" ")[0]
        text = _without_small_words(shorter).rstrip(" ,;:|") if shorter else text[:-1]
    return text


def _without_small_words(text: str) -> str:
    """Return a text without the words at its end that begin what was cut off."""
    while True:
        start = max(text.rfind(each) for each in _SEPARATORS) + 1
        if not start or text[start:].lower() not in _SMALL_WORDS:
            return text
        text = text[:start].rstrip(_SEPARATORS)


def _fits(text: str, limits: Limits) -> bool:
    if limits.characters is not None and len(text) > limits.characters:
        return False
    return limits.words is None or count_words(text) <= limits.words
