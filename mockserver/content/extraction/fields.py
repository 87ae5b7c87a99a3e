"""The fields that a prompt names ("return title, price and brand"), and what they are fields of."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

# Patterns are strings: `re` compiles each when it is first used, and caches it.
_TEMPLATE = r"[\"'`](\w[\w -]{0,40}?)[\"'`]\s*:"
# Words that introduce a list of fields, the clearest first: "with the fields a, b" before "extract a and b".
_INTRODUCED = tuple(
    rf"(?i)\b(?:{words})\b:?\s+(?=((?:[^.;:\n]|\.(?=\w)){{3,300}}))"
    for words in (
        "fields?|keys?|properties|columns|attributes",
        r"with|including|include|contain\w*",
        "return|extract|provide|output|give(?: me)?|list|get|find|identify|capture",
    )
)
_MAX_TRIED = 40  # lists of each kind that are tried
_END = r"(?i)\b(?:of|from|for|in|on|as|that|which|to|using|when|where|per|shown|mentioned|about|with|including)\b"
_BETWEEN = r"(?i)\s*(?:,|&|\band\b|\bor\b|/|\+)\s*"
_LEADING = (
    r"(?i)^(?:(?:the|an?|its|their|his|her|all|any|each|every|main|following|only|just|json|these|are|named)\s+)+"
)
_GROUP = (
    r"(?i)\b(?:each|every|list of(?: all)?(?: the)?|array of|all(?: of)?(?: the)?) "
    r"(product|item|brand|event|scene|shot|moment|step|chapter|quote|speaker|person|people|object)s?\b"
)
_ARRAY = r"(?i)\bjson array\b|\b(?:array|list) of (?:json )?objects\b"
_PLURALS = {"people": "people", "person": "people"}


class Fields(NamedTuple):
    """The keys that a prompt names, and what they are fields of.

    `group` is the plural of the things that have these fields (`products` for "for each product"), or None for the
    video itself. `array` means that the answer must be a JSON array without an object around it.
    """

    keys: tuple[str, ...]
    group: str | None
    array: bool


def named_in(prompt: str) -> Fields | None:
    """Return the fields in a prompt: the keys of a JSON template, or a list after a word such as "return" or "fields".

    A list needs at least two members of at most three words each. At most 20 fields are used.
    """
    keys = tuple(dict.fromkeys(_key(name) for name in re.findall(_TEMPLATE, prompt)))
    keys = keys or next((members for listed in _lists(prompt) if len(members := _members(listed)) > 1), ())
    if not keys:
        return None
    array = bool(re.search(_ARRAY, prompt))
    group = re.search(_GROUP, re.sub(_ARRAY, " ", prompt))
    noun = group.group(1).lower() if group else None
    return Fields(keys[:20], _PLURALS.get(noun, noun + "s") if noun else None, array)


def _lists(prompt: str) -> Iterator[str]:
    for introduced in _INTRODUCED:
        yield from (match[1] for match in islice(re.finditer(introduced, prompt), _MAX_TRIED))


def _members(listed: str) -> tuple[str, ...]:
    head = re.split(_END, listed, maxsplit=1)[0]
    names = [re.sub(_LEADING, "", name).strip(" \"'`()[]{}*-") for name in re.split(_BETWEEN, head)]
    names = [name for name in names if name]
    # A member of more than three words is a clause, so this is not a list of names.
    if any(len(name.split()) > 3 or not re.fullmatch(r"[\w -]{1,40}", name) for name in names):
        return ()
    return tuple(dict.fromkeys(_key(name) for name in names))


def _key(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip())[:40]
