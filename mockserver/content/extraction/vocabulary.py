"""Finds the words of a language in a text: inflected, compound, or in a script without spaces."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_WORD = re.compile(r"[^\W\d_]+(?:'(?=[^\W\d_]))?")
# Scripts that are searched anywhere within a run of letters: Chinese, Japanese and Korean.
SOLID = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONGEST_SOLID, _LONGEST_PHRASE = 10, 4
_ARTICLES = ("وال", "بال", "ال", "لل", "و", "ب", "ل")
# Shorter words have no endings, words of this length only these, and longer words any of up to three letters.
_SHORTEST, _SHORT_ENDINGS = 3, frozenset(("s", "e", "es", "n", "en", "x"))
_INFLECTION = 3
_ARABIC, _NOT_LATIN = "\u0600", "\u0250"
_REMEMBERED, _RECENT = 2000, 16  # words whose meaning is kept, and texts whose words are kept


class Found(NamedTuple):
    """A word of the vocabulary in a text, from position `start` up to `end`, and what it means."""

    key: str
    start: int
    end: int


class Vocabulary:
    """The words of one language by meaning. An asterisk after a word accepts any ending, `_` is a space."""

    def __init__(self, words: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._keys: dict[str, str] = {}
        self._open: set[str] = set()
        self._known: dict[str, str | None] = {}
        self._recent: dict[str, list[Found]] = {}
        for key, stems in words:
            for stem in stems:
                plain = stem.rstrip("*").replace("_", " ").lower()
                self._keys.setdefault(plain, key)
                if plain != stem and stem.endswith("*"):
                    self._open.add(plain)
        for plain, key in list(self._keys.items()):
            folded = _without_accents(plain)
            if self._keys.setdefault(folded, key) == key and plain in self._open:
                self._open.add(folded)

    @classmethod
    def of(cls, words: Mapping[str, str]) -> "Vocabulary":
        """Create a vocabulary from words separated by spaces, by meaning."""
        return cls((key, stems.split()) for key, stems in words.items())

    def find(self, text: str) -> list[Found]:
        """Return the words in `text`, longest first where several begin together, without overlaps."""
        found = self._recent.get(text)
        if found is None:
            if len(self._recent) >= _RECENT:
                self._recent.clear()
            found = self._recent[text] = self._find(text)
        return list(found)

    def _find(self, text: str) -> list[Found]:
        lowered = text.lower()
        tokens = [(match[0], match.start(), match.end()) for match in _WORD.finditer(lowered)]
        found: list[Found] = []
        at = 0
        while at < len(tokens):
            solid = SOLID.search(tokens[at][0]) is not None
            for count in range(min(_LONGEST_PHRASE, len(tokens) - at), int(solid), -1):
                phrase = tokens[at : at + count]
                key = self.meaning(" ".join(token for token, _, _ in phrase))
                if key is not None:
                    found.append(Found(key, phrase[0][1], phrase[-1][2]))
                    break
            else:
                count = 1
                found += self._within(*tokens[at][:2]) if solid else ()
            at += count
        return found

    def meaning(self, word: str) -> str | None:
        """Return the meaning of a word or phrase in lower case, inflected or not."""
        if word not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[word] = self._meaning(word)
        return self._known[word]

    def _meaning(self, word: str) -> str | None:
        articles = [article for article in _ARTICLES if word.startswith(article)] if word[0] >= _ARABIC else []
        for part in (word, *(word.removeprefix(article) for article in articles)):
            for cut in range(len(part)):
                stem = part[: len(part) - cut]
                key = self._keys.get(stem)
                if key is not None and _is_ending(stem, part[len(stem) :], any_length=stem in self._open):
                    return key
        return None

    def _within(self, run: str, start: int) -> Iterable[Found]:
        at = 0
        while at < len(run):
            length = next(
                (n for n in range(min(_LONGEST_SOLID, len(run) - at), 0, -1) if run[at : at + n] in self._keys), 0
            )
            if length:
                yield Found(self._keys[run[at : at + length]], start + at, start + at + length)
            at += length or 1


def _without_accents(word: str) -> str:
    """Return a word in the Latin script as people write it without accents."""
    if max(word, default="") >= _NOT_LATIN:
        return word
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def _is_ending(stem: str, rest: str, *, any_length: bool) -> bool:
    if not rest or len(stem) < _SHORTEST or " " in rest:
        return not rest
    return any_length or (rest in _SHORT_ENDINGS if len(stem) == _SHORTEST else len(rest) <= _INFLECTION)
