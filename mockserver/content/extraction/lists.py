# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The fields that a prompt lists, as in "return title, price and brand"."""

import re
from collections.abc import Sequence

from mockserver.content.extraction.shapes import Leaf, Shape, of_text
from mockserver.content.extraction.vocabulary import SOLID, Found
from mockserver.content.extraction.words import Words

# Keys of words for the form of an answer, which are no fields.
FORMS = frozenset(
    ("comma", "lines", "bullets", "numbered", "srt", "vtt", "one_word", "one_sentence", "json", "array", "csv", "tsv",
     "table", "list", "only", "numeral")
)  # fmt: skip
LONGEST = 3  # words of a field or an option
_SENTENCE = re.compile(r"[.;。；!?？！؟](?=\s|$|[^\x00-\x7f])|\n\s*\n")
_LIST = 400  # characters that are read as a list
_TRIED = 6  # words of a kind after which a list is looked for

Fields = tuple[tuple[str, Shape], ...]


def fields_in(prompt: str, words: Words, asked: Sequence[Found]) -> tuple[Fields, str, bool]:
    """Return the fields that a prompt lists, the prompt without them, and whether it calls them fields.

    There are at least two, of at most three words each.
    """
    for key in ("fields", "with", "task"):
        for found in [found for found in asked if found.key == key][:_TRIED]:
            rest = prompt[found.end :]
            end = _SENTENCE.search(rest)
            segment = rest[: end.start() if end else len(rest)]
            asks = end is not None and end[0] in "?？؟"
            members = {} if asks else _members(segment, words)
            clear = key != "task" or _are_names(members, words)
            if len(members) > 1 and clear:
                return tuple(members.items()), prompt[: found.start] + " " + rest[len(segment) :], key == "fields"
    return (), prompt, False


def _are_names(members: dict[str, Shape], words: Words) -> bool:
    keys = [{found.key for found in words.ask.find(name.replace("_", " "))} for name in members]
    known = sum(bool(each) or "_" in name for each, name in zip(keys, members, strict=True))
    return known * 2 >= len(members) and not any(each & FORMS for each in keys)


def _members(segment: str, words: Words) -> dict[str, Shape]:
    members: dict[str, Shape] = {}
    outside = re.sub(r"\([^)]*\)", " ", segment[:_LIST])
    if any(found.key == "or" for found in words.ask.find(outside)):
        return {}
    between = separator(words, ("and",)) + r"(?![^()]*\))"
    parts = re.split(between, _after_particle(segment[:_LIST]), flags=re.IGNORECASE)
    for number, part in enumerate(parts):
        spec = re.search(r"\(([^)]*)\)|:\s*(\w+)$", part)
        name = part[: spec.start()] if spec else part
        kept = _name(name, words, last=number == len(parts) - 1)
        if kept == "" and spec:  # "the following: name"
            kept, spec = _name(part, words, last=True), None
        if kept is None:
            return {}
        if kept:
            inner = (spec[1] or spec[2]) if spec else None
            members[re.sub(r"[\s-]+", "_", kept)[:40]] = _specified(inner, words) if inner else Leaf()
    return members


def _after_particle(text: str) -> str:
    """Return a text without the colon, or the particle of Japanese or Korean, at its beginning."""
    text = text.lstrip()
    return text[1:] if text.startswith((":", "：", "は", "는", "은")) else text


def _name(text: str, words: Words, *, last: bool) -> str | None:
    """Return a member of a list without function words around it; None for a clause."""
    tokens = [token.strip(" \t\n\"'`()[]{}*-•“”„«»:：") for token in text.split()]
    tokens = [token for token in tokens if token]
    while tokens and tokens[0].lower() in words.function:
        tokens.pop(0)
    inner = next((n for n, token in enumerate(tokens) if token.lower() in words.function), len(tokens))
    if (inner < len(tokens) and not last) or inner > LONGEST:
        return None
    while inner > 1 and words.ask.meaning(tokens[inner - 1].lower()) == "fields":  # "name and price fields"
        inner -= 1
    return " ".join(tokens[:inner]) if all(re.fullmatch(r"[\w-]+", token) for token in tokens[:inner]) else None


def _specified(text: str, words: Words) -> Shape:
    options = [part for part in re.split(separator(words, ("or",)), text, flags=re.IGNORECASE) if part]
    return Leaf("string", tuple(option.strip("\"'` ") for option in options)) if len(options) > 1 else of_text(text)


def separator(words: Words, keys: Sequence[str]) -> str:
    """Return the pattern between members of a list: a comma, or the words for "and" or "or"."""
    stems = [stem for key in keys for stem in words.asked[key].split()] + list(keys)
    solid = "|".join(re.escape(stem) for stem in stems if SOLID.search(stem))
    plain = "|".join(re.escape(stem.replace("_", " ")) for stem in stems if not SOLID.search(stem))
    return rf"\s*(?:[,،、，|/;](?:\s*\b(?:{plain})\b)?|&|\b(?:{plain})\b{'|' + solid if solid else ''})\s*"
