"""What a URL or a prompt gives away about a video."""

import re
from typing import NamedTuple

from mockserver.content import themes

_READ = 1000  # characters of a hint that are looked at: a prompt of 100 KB costs no more than a page
# Letters with the marks that belong to them in scripts which write vowels or tones above and below.
# Compiled by `re` when a first hint is read.
_WORD = r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u064b-\u0652\u0900-\u0dff\u0e31-\u0ece])*(?:\d+(?![^\W_]))?"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{2,5}$")


class Hint(NamedTuple):
    """The words of a hint and what they steer: None where they say nothing."""

    words: tuple[str, ...]
    subject: str | None
    moment: str | None
    mood: str | None


def read(hint: str) -> Hint:
    """The words of a URL's path, a file name or a prompt, and the theme, moment and mood they name."""
    text = _telling_part(hint[:_READ])
    words = tuple(w for w in re.findall(_WORD, _CAMEL.sub(" ", text).lower()) if len(w) <= 20)[:60]
    return Hint(words, _subject(words, text), _first(words, themes.moments()), _first(words, themes.moods()))


def title_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words worth repeating: no filler, no identifiers, at most six."""
    filler = themes.filler()
    kept = dict.fromkeys(w for w in words if w not in filler and len(w) > 2 and _readable(w))
    return tuple(kept)[:6]


def clean(text: str, limit: int = 160) -> str:
    """The text on one line of at most `limit` characters, with nothing that could break a table or a terminal."""
    shown = "".join(c if c.isprintable() and c not in "|`<>\\" else " " for c in text[: limit * 4])
    line = " ".join(shown.split())
    if len(line) <= limit:
        return line
    whole, _, rest = line[:limit].rpartition(" ")
    # A last word of more than half the line, or a line of no words at all, is cut where it must be.
    return (whole if len(whole) > len(rest) else line[: limit - 1]).rstrip(" ,.;:") + "…"


def _telling_part(hint: str) -> str:
    if hint[:5].lower() == "data:" or _looks_encoded(hint):
        return ""
    found = _URL.match(hint)
    if found is None:
        return _EXTENSION.sub("", hint) if " " not in hint else hint
    path = re.split(r"[?#]", hint[found.end() :], maxsplit=1)[0]
    if "%" in path:
        from urllib.parse import unquote  # costs a millisecond to import, and most paths need none of it

        path = unquote(path, errors="ignore")
    return _EXTENSION.sub("", path)


def _looks_encoded(hint: str) -> bool:
    # Base64 has no blanks, dots or dashes, and two hundred characters without any of them are no name.
    return len(hint) > 200 and not re.search(r"[\s.\-_]", hint[:200])


def _subject(words: tuple[str, ...], text: str) -> str | None:
    # A particular word counts more than a general one; among equals the first is the subject of the sentence.
    known = themes.subjects()
    votes: dict[str, int] = {}
    for word in words:
        subject = known.get(word) or known.get(word.removesuffix("s")) or known.get(word.removesuffix("es"))
        if subject is not None:
            votes[subject] = votes.get(subject, 0) + (3 if "." in subject else 2)
    if not text.isascii():
        for subject in themes.named_inside(text.lower()):
            votes[subject] = votes.get(subject, 0) + 2
    return max(votes, key=votes.__getitem__) if votes else None


def _first(words: tuple[str, ...], known: dict[str, str]) -> str | None:
    for word in words:
        if word in known:
            return known[word]
    return None


def _readable(word: str) -> bool:
    # Identifiers such as "dqw" or "xkcd" have no vowel; words of other scripts have none of these letters either.
    return not word.isascii() or any(c in "aeiouy" for c in word)
