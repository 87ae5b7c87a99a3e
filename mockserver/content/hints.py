"""Reads hints: what the words of a URL, a file name or a prompt say about a video."""

import re
from typing import NamedTuple

from mockserver.content import themes

_MAX_READ = 1000  # characters of a hint that are used, so that a prompt of 100 KB takes no longer than a page
# Letters with their marks, for scripts that write vowels or tones above and below a letter.
# Compiled by `re` when the first hint is read.
_WORD = r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u064b-\u0652\u0900-\u0dff\u0e31-\u0ece])*(?:\d+(?![^\W_]))?"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{2,5}$")


class Hint(NamedTuple):
    """The words of a hint, and the subject, moment and mood that they name, or None."""

    words: tuple[str, ...]
    subject: str | None
    moment: str | None
    mood: str | None


def read(hint: str) -> Hint:
    """Read the words of a URL's path, a file name or a prompt, and the subject, moment and mood that they name."""
    text = _readable_part(hint[:_MAX_READ])
    words = tuple(w for w in re.findall(_WORD, _CAMEL.sub(" ", text).lower()) if len(w) <= 20)[:60]
    return Hint(words, _subject(words, text), _first(words, themes.moments()), _first(words, themes.moods()))


def title_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return at most six words for a title, without filler words and identifiers."""
    filler = themes.filler()
    kept = dict.fromkeys(w for w in words if w not in filler and len(w) > 2 and _readable(w))
    return tuple(kept)[:6]


def clean(text: str, limit: int = 160) -> str:
    """Return the text on one line of at most `limit` characters, without characters that break tables or terminals."""
    safe = "".join(c if c.isprintable() and c not in "|`<>\\" else " " for c in text[: limit * 4])
    line = " ".join(safe.split())
    if len(line) <= limit:
        return line
    whole, _, rest = line[:limit].rpartition(" ")
    # If the last word is more than half of the line, or the line has no spaces, the word is cut.
    return (whole if len(whole) > len(rest) else line[: limit - 1]).rstrip(" ,.;:") + "…"


def _readable_part(hint: str) -> str:
    if hint[:5].lower() == "data:" or _looks_encoded(hint):
        return ""
    url = _URL.match(hint)
    if url is None:
        return _EXTENSION.sub("", hint) if " " not in hint else hint
    path = re.split(r"[?#]", hint[url.end() :], maxsplit=1)[0]
    if "%" in path:
        from urllib.parse import unquote  # the import takes a millisecond, and most paths do not need it

        path = unquote(path, errors="ignore")
    return _EXTENSION.sub("", path)


def _looks_encoded(hint: str) -> bool:
    # Base64 has no spaces, dots or dashes, and no name has 200 characters without any of them.
    return len(hint) > 200 and not re.search(r"[\s.\-_]", hint[:200])


def _subject(words: tuple[str, ...], text: str) -> str | None:
    # A word for one story counts more than a word for a theme. With equal votes the first subject wins.
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
    # Identifiers such as "dqw" or "xkcd" have no vowel. Words in other scripts have none of these letters, either.
    return not word.isascii() or any(c in "aeiouy" for c in word)
