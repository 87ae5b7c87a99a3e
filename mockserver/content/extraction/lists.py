# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The fields that a prompt lists, as in "return title, price and brand", and where in the prompt they are."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from mockserver.content.extraction.members import (
    BULLET,
    FORMS,
    LONGEST,
    QUOTED,
    MemberReader,
    Members,
    is_type,
    separated,
)
from mockserver.content.extraction.shapes import Many, Row
from mockserver.content.extraction.vocabulary import Found
from mockserver.content.extraction.words import Words

# What introduces fields: after the first three, a list has fields whatever its members are.
_STRONG = ("fields", "object", "json")
_CUES = (*_STRONG, "with", "task")
_SENTENCE = re.compile(r"[.。！!?？؟](?=\s|$|[^\x00-\x7f])|[;；](?=\s)|\n\s*\n")
_BULLETED = re.compile(rf"[^\n]{{0,80}}\n\s*((?:[ \t]*{BULLET}[^\n]+(?:\n|$))+)")
# A colon that introduces the list, as in "the following: title, price", is the only one outside brackets.
_COLON = re.compile(r"^([^:：()\n\"`]{0,80})[:：]([^:：]+)$", re.DOTALL)
_VERB_LAST = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_LIST = 600  # characters that are read as a list
_TRIED = 6  # words of a kind after which a list is looked for
_MARKS = 2  # characters between two cues, as in "an object, with"
_NEAR = 24  # characters between "each" and what it is about


class Fields(NamedTuple):
    """The fields that a prompt lists, the rest of the prompt, and whether they are fields whatever they are."""

    members: Members
    before: str
    strong: bool


def fields_in(prompt: str, words: Words, asked: Sequence[Found], *, table: bool = False) -> Fields | None:
    """Return the fields that a prompt lists. In a `table`, also bars and semicolons separate them."""
    reader = _Reader(prompt, words, asked, table=table)
    cues = [found for key in _CUES for found in [each for each in asked if each.key == key][:_TRIED]]
    behind = (reader.after(cue) for cue in cues)
    if not _VERB_LAST.search(prompt):
        return next(filter(None, behind), None)
    first = sorted((cue for cue in cues if cue.key != "task"), key=lambda cue: cue.start)
    return next(filter(None, (*map(reader.before, first), *behind)), None)


class _Reader:
    def __init__(self, prompt: str, words: Words, asked: Sequence[Found], *, table: bool) -> None:
        self._prompt, self._words, self._asked = prompt, words, asked
        self._reader = MemberReader(words, table=table)
        # In front of a "with" that belongs to one field, as in `"scenes": a list with "start" and "end"`.
        self._of_one_field = re.compile(rf"[\"`]\W*\w*\W*(?:{separated(words, ('array', 'list'))})\s*$", re.IGNORECASE)

    def after(self, cue: Found) -> Fields | None:
        """Return the fields behind a cue."""
        if cue.key == "with" and self._of_one_field.search(self._prompt[: cue.start]):
            return None
        start, end = self._segment(cue)
        inner = next((each for each in self._asked if each.key == "each" and each.start > start), None)
        end_of_list = min(end, inner.start) if inner else end
        members = self._reader.read(self._prompt[start:end_of_list])
        nested = self._nested(inner, members) if inner and members else None
        if nested is None:
            members |= self._typed_later(members)
        if not self._are_meant(members, cue, self._prompt[start:end], nested=nested is not None):
            return None
        rest, members = (nested[1], members | nested[0]) if nested else (end_of_list, members)
        return Fields(members, self._prompt[:start] + " ; " + self._prompt[rest:], cue.key in _STRONG)

    def before(self, cue: Found) -> Fields | None:
        """Return the fields in front of a cue, where the verb comes last, as in Japanese and Korean."""
        ends = [found.end() for found in _SENTENCE.finditer(self._prompt, 0, cue.start)]
        start = max(ends, default=0)
        text = re.sub(r"(?:を|が|は|の|を含む|を持つ|를|을|로|와|과)\s*$", "", self._prompt[start : cue.start].rstrip())
        members = self._reader.read(text)
        if not self._are_meant(members, cue, text) or len(members) < 2:
            return None
        return Fields(members, self._prompt[:start] + " " + self._prompt[cue.start :], cue.key in _STRONG)

    def _segment(self, cue: Found) -> tuple[int, int]:
        """Return where the list behind a cue begins and ends: its lines with bullets, or the rest of the sentence."""
        rest = self._prompt[cue.end : cue.end + _LIST]
        if lines := _BULLETED.match(rest):
            return cue.end + lines.start(1), cue.end + lines.end(1)
        skipped = len(rest) - len(rest.lstrip(" \t\n:：は는은"))
        end = next((each for each in _SENTENCE.finditer(rest, skipped) if not self._separates(rest, each)), None)
        if end and end[0] in "?？؟":
            return cue.end, cue.end
        start, stop = skipped, end.start() if end else len(rest)
        start = self._after_cues(rest, start, stop, cue)
        colon = _COLON.match(rest[start:stop])
        if colon and cue.key != "fields" and not is_type(colon[2]):
            start += colon.start(2)
        if cue.key == "json" and not rest[:skipped].strip() and not colon:
            return cue.end, cue.end
        return cue.end + start, cue.end + stop

    def _separates(self, rest: str, mark: re.Match[str]) -> bool:
        """Return whether a semicolon separates fields, as in "title; mood", rather than sentences."""
        following = re.split(r"[;；,.\n]", rest[mark.end() :], maxsplit=1)[0]
        return mark[0] in ";；" and len(following.split()) <= LONGEST

    def _after_cues(self, rest: str, start: int, stop: int, cue: Found) -> int:
        """Return where a list begins behind other cues, as in "a JSON object that contains"."""
        found = [each for each in self._words.ask.find(rest) if each.key in (*_STRONG, "with", "array")]
        for each in found:
            if start <= each.start <= start + _MARKS:
                start = each.end
        quoted = QUOTED.search(rest, start)
        later = next((each for each in found if start < each.start < stop and each.key in ("with", "fields")), None)
        if cue.key == "object" and ":" not in rest[:start] and later and not (quoted and quoted.start() < later.start):
            return later.end
        return start

    def _nested(self, each: Found, members: Members) -> tuple[Members, int] | None:
        """Return the rows of one of the fields, as in "scenes, each with start and end", and where they end."""
        rest = self._prompt[each.end : each.end + _LIST]
        end = _SENTENCE.search(rest)
        segment = rest[: end.start() if end else len(rest)]
        token = re.match(r"\W*([\w-]+)", segment)
        owner = next((name for name in members if token and _same(name, token[1])), None)
        if owner is not None and token is not None:
            segment = segment[token.end() :].lstrip("\"'`”» ")
        cue = next((found.end for found in self._words.ask.find(segment) if found.key in ("with", "fields")), None)
        start = min(filter(None, (cue, segment.find(":") + 1, segment.find("：") + 1)), default=_NEAR)
        inside = self._reader.read(segment[start:]) if start < _NEAR else {}
        if not inside:
            return None
        stop = each.end + (end.end() if end else len(rest))
        return {owner or list(members)[-1]: Many(Row(tuple(inside.items())))}, stop

    def _typed_later(self, members: Members) -> Members:
        """Return the types of "..., where tags is an array of strings", which come behind the list."""
        typed: Members = {}
        for name in members:
            match = re.search(rf"(?i)[\"'`]?\b{re.escape(name)}\b[\"'`]?\s+([^,.;()]+)", self._prompt)
            found = self._words.lists.find(match[1])[:1] if match else []
            between = match[1][: found[0].start].split() if match and found else []
            if match and 0 < len(between) <= LONGEST and not any(self._words.ask.find(word) for word in between):
                typed[name] = self._reader.shape(match[1], name, many=False)
        return typed

    def _are_meant(self, members: Members, cue: Found, segment: str, *, nested: bool = False) -> bool:
        known = [
            {found.key for found in self._words.ask.find(name.replace("_", " "))} - {"with", "fields", "task"}
            for name in members
        ]
        if any(each & FORMS for each in known):
            return False
        if len(members) == 1 and _has_rows(members):
            return True
        if cue.key == "task":
            telling = sum(bool(each) or "_" in name for each, name in zip(known, members, strict=True))
            return len(members) > 1 and telling * 2 >= len(members)
        single = cue.key in _STRONG and (QUOTED.search(segment) is not None or any(known))
        return len(members) > 1 or (len(members) == 1 and (single or nested) and self._in_json())

    def _in_json(self) -> bool:
        return any(found.key in ("json", "object") for found in self._asked)


def _has_rows(members: Members) -> bool:
    return any(isinstance(shape, Many) and isinstance(shape.each, Row) for shape in members.values())


def _same(name: str, word: str) -> bool:
    one, two = (text.lower().rstrip("sen") for text in (name, word))
    return bool(one) and one == two
