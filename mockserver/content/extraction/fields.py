# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The fields that a prompt lists, such as `title (string)`, "an array of tags" or "five tags"."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mockserver.content.extraction.amounts import COUNTED, UNITS
from mockserver.content.extraction.shapes import MOST, Leaf, Many, Row, Shape, is_type, of_text
from mockserver.content.extraction.vocabulary import Found
from mockserver.content.extraction.words import LONGEST, QUOTED, Words, common

# What introduces fields: after the first three, a list has fields whatever its members are.
_STRONG = ("fields", "object", "json")
_CUES = (*_STRONG, "each", "with", "task")
_EACH = re.compile(r"\s?\w*\s?[:：]")  # "for each scene:"
_DEEPEST = 2  # lists in lists
_TRIED, _LIST, _NEAR = 6, 600, 24  # cues of a kind, characters of a list, characters between "each" and its list
_BULLET = r"(?:[-*•–]|\(?\d{1,2}[.)])[ \t]+"
_BULLETED = re.compile(rf"[^\n]{{0,80}}\n\s*((?:[ \t]*{_BULLET}[^\n]+(?:\n|$))+)")
_SENTENCE = re.compile(r"[.。！!?？؟](?=\s|$|[^\x00-\x7f])|\n\s*\n")
# The colon in front of a list, which is the only one outside brackets.
_COLON = re.compile(r"^([^:：()\n\"`]{0,80})[:：]([^:：]+)$", re.DOTALL)
_VERB_LAST = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_PARTICLES = re.compile(r"(?:を|が|は|の|を含む|を持つ|를|을|로|와|과)\s*$")
# Brackets or quotes, in which nothing is separated, and brackets alone.
_ENCLOSED = re.compile(r"[(（][^)）]{0,300}[)）]|\"[^\"\n]*\"|`[^`\n]*`")
_BRACKETS = re.compile(r"[(（][^)）]*")
_SPEC = re.compile(r"^((?:.*?\S)?)\s*(?:[(（]([^)）]{0,300})[)）]|(?:[:：=]|\s[-–—])\s*([^,]+))\s*(.*)$", re.DOTALL)

# Keys of words for the form of an answer, which are no fields.
FORMS = frozenset(
    ("comma", "lines", "bullets", "numbered", "srt", "vtt", "json", "array", "csv", "tsv", "table", "list", "object",
     "only", "numeral")
)  # fmt: skip

# In front of a noun in Chinese and Japanese: "of the video".
_OWNER = re.compile("^(?:[^(（:：]*[的の](?=.)|其)")

Members = dict[str, Shape]


class Fields(NamedTuple):
    """The fields that a prompt lists, the rest of the prompt, and whether they are fields whatever they are."""

    members: Members
    before: str
    strong: bool


def fields_in(prompt: str, words: Words, asked: Sequence[Found]) -> Fields | None:
    """Return the fields that a prompt lists."""
    reader = _Reader(prompt, words, asked)
    each = [
        found._replace(end=colon.end())
        for found in asked
        if found.key == "each" and prompt[: found.start][-1:] not in "(（" and (colon := _EACH.match(prompt, found.end))
    ]
    listed = [found for found in asked if found.key != "each"] + each
    cues = [found for key in _CUES for found in [cue for cue in listed if cue.key == key][:_TRIED]]
    behind = map(reader.behind, cues)
    if not _VERB_LAST.search(prompt):
        return next(filter(None, behind), None)
    in_front = map(reader.in_front, sorted(cues, key=lambda cue: cue.start))
    return next(filter(None, (*in_front, *behind)), None)


class _Reader:
    def __init__(self, prompt: str, words: Words, asked: Sequence[Found]) -> None:
        self._prompt, self._words = prompt, words
        self._in_json = any(found.key in ("json", "object") for found in asked)
        ands = f"{words.joined('and')}|\\s+و(?=ال)"
        self._between = re.compile(rf"\s*[,،、，;；\n](?:\s*(?:{ands})\s)?\s*|\s*(?:{ands})\s*|\s+&\s+", re.IGNORECASE)
        self._or = re.compile(rf"\b(?:{words.joined('or')})\b", re.IGNORECASE)

    def behind(self, cue: Found) -> Fields | None:
        """Return the fields behind a cue."""
        start, end = self._segment(cue)
        members = self._members(self._prompt[start:end])
        if not self._are_meant(members, cue):
            return None
        return Fields(members, f"{self._prompt[:start]} ; {self._prompt[end:]}", cue.key in _STRONG)

    def in_front(self, cue: Found) -> Fields | None:
        """Return the fields in front of a cue, where the verb comes last, as in Japanese and Korean."""
        start = max((found.end() for found in _SENTENCE.finditer(self._prompt, 0, cue.start)), default=0)
        text = _PARTICLES.sub("", self._prompt[start : cue.start].rstrip())
        members = self._members(text)
        if len(members) < 2 or not self._are_meant(members, cue):
            return None
        return Fields(members, f"{self._prompt[:start]} {self._prompt[cue.start :]}", cue.key in _STRONG)

    def _segment(self, cue: Found) -> tuple[int, int]:
        """Return where the list behind a cue begins and ends: its lines with bullets, or the rest of the sentence."""
        rest = self._prompt[cue.end : cue.end + _LIST]
        if lines := _BULLETED.match(rest):
            return cue.end + lines.start(1), cue.end + lines.end(1)
        skipped = len(rest) - len(rest.lstrip(" \t\n:：は는은"))
        # A list goes on behind "scenes. Each scene has start and end".
        marks = _SENTENCE.finditer(rest, skipped)
        end = next((mark for mark in marks if not self._words.starts(rest[mark.end() :], "each")), None)
        if end and end[0] in "?？؟":
            return cue.end, cue.end
        stop = end.start() if end else len(rest)
        start = self._behind_cues(rest, skipped, stop, cue)
        colon = _COLON.match(rest[start:stop])
        if colon:
            start += colon.start(2)
        elif cue.key == "json" and not rest[:skipped].strip():
            stop = start
        return cue.end + start, cue.end + stop

    def _behind_cues(self, rest: str, start: int, stop: int, cue: Found) -> int:
        """Return where a list begins behind other cues, as in "a JSON object that contains"."""
        found = [each for each in self._words.ask.find(rest) if each.key in (*_STRONG, "with", "array")]
        for each in found:
            if start <= each.start <= start + 2:
                start = each.end
        quoted = QUOTED.search(rest, start)
        later = next((each for each in found if start < each.start < stop and each.key in ("with", "fields")), None)
        if cue.key == "object" and ":" not in rest[:start] and later and not (quoted and quoted.start() < later.start):
            return later.end
        return start

    def _are_meant(self, members: Members, cue: Found) -> bool:
        known = [{found.key for found in self._words.ask.find(name.replace("_", " "))} for name in members]
        if any(keys & (FORMS | UNITS) for keys in known):
            return False
        telling = [bool(keys - {"with", "fields", "task"}) for keys in known]
        if len(members) == 1:
            rows = any(isinstance(shape, Many) and isinstance(shape.each, Row) for shape in members.values())
            return self._in_json and (rows or cue.key in _STRONG)
        first = next(iter(members.values()), None)
        counted = isinstance(first, Many) and first.length  # "three questions, which", not "title and three tags"
        return bool(members) and (cue.key != "task" or (sum(telling) * 2 >= len(members) and not counted))

    def _members(self, segment: str, depth: int = 0) -> Members:
        """Return the fields of a list, which is `depth` lists deep; none if it is no list of names."""
        members: Members = {}
        for part, end in self._parts(segment):
            if depth < _DEEPEST and (rows := self._rows(part, segment[end:], members, depth)):
                return members | rows
            field = None if members and self._words.starts(part, "only") else self._field(part)  # "only the text"
            if field is None:
                return {} if len(members) < 2 else members
            if field[0]:
                members[field[0]] = field[1]
        return members

    def _parts(self, segment: str) -> Iterator[tuple[str, int]]:
        """Yield the parts of a list and where they end. Separators are outside brackets and quotes."""
        lines = [line for line in segment.splitlines() if line.strip()]
        if len(lines) > 1 and all(re.match(rf"\s*{_BULLET}", line) for line in lines):
            yield from ((re.sub(rf"^\s*{_BULLET}", "", line), len(segment)) for line in lines)
            return
        hidden = _ENCLOSED.sub(_blank, segment)
        if self._or.search(hidden):
            return
        if not self._between.search(hidden):
            hidden = re.sub(r"[|/]", ",", hidden)
        hidden = re.sub(rf"(?:^|(?<=\s)){_BULLET}", lambda found: "," * len(found[0]), hidden)
        start = 0
        for between in self._between.finditer(hidden):
            yield segment[start : between.start()], between.start()
            start = between.end()
        yield segment[start:], len(segment)

    def _rows(self, part: str, rest: str, members: Members, depth: int) -> Members:
        """Return the field whose rows the rest of a list describes, as behind "an array of scenes with"; or none."""
        outside = _BRACKETS.sub(_blank, part)
        each = next((found for found in self._words.ask.find(outside) if found.key == "each"), None)
        found = each or next(iter(self._words.lists.find(outside)), None)
        start = self._inside(outside[found.end :]) if found else None
        if found is None or start is None:
            return {}
        head, between = part[: found.start], part[found.end : found.end + start]
        quoted, first = QUOTED.search(head), re.match(r"\W*([\w-]+)", between)
        name = quoted[1] if quoted else self._name(head)
        if not name and each:
            owner = next((name for name in members if first and _same(name, first[1])), None)
            name = owner or next(reversed(members), None)
        elif not name:
            name = self._name(between)
        inside = self._members(part[found.end + start :] + rest, depth + 1)
        return {name: Many(Row(tuple(inside.items())))} if name and inside else {}

    def _inside(self, text: str) -> int | None:
        """Return where the fields of rows begin, behind "with" or a colon; None if no fields follow."""
        ends = [found.end for found in self._words.ask.find(text) if found.key in ("with", "fields")]
        ends += [at + 1 for mark in ":：" if (at := text.find(mark)) >= 0]
        return min((end for end in ends if end < _NEAR), default=None)

    def _field(self, part: str) -> tuple[str, Shape] | None:
        """Return the name of a field and its shape; no name for nothing, and None for a clause."""
        if self._words.starts(part, "no", "not", "without", "including"):
            return None
        part = _OWNER.sub("", part)
        part, many = self._without_list(part.strip(" \t\n.:：-*•"))
        if quoted := QUOTED.match(part):
            spec = quoted[2].strip(" ()（）:：-–—=")
            return quoted[1].strip(), self._shape(spec, many=many)
        spec = _SPEC.match(part)
        kind, named, count = self._counted(spec[1] if spec else part)
        name = self._name(named)
        if not name:
            return name if name is None else (name, Leaf())
        shape = self._shape((spec[2] or spec[3] or "") if spec else kind, many=many)
        return name, Many(shape.each if isinstance(shape, Many) else shape, count) if count else shape

    def _without_list(self, part: str) -> tuple[str, bool]:
        """Return "keywords" for "an array of keywords", and whether it is a list."""
        found = next(iter(self._words.lists.find(part)), None)
        if found is None or re.search(r"[\w)]\s*[^\s\w]?$|[(:：]", self._words.bare(part[: found.start])):
            return part, False
        rest = self._words.bare(part[found.end :])
        return (rest, True) if rest.strip() else (part, False)

    def _counted(self, text: str) -> tuple[str, str, int | None]:
        """Return the type, the name and the number of "a boolean is_safe" and "five tags"."""
        text = self._words.bare(text)
        first, _, rest = self._words.bare(text).partition(" ")
        count = int(first) if first.isdecimal() else self._words.counts.get(first.lower())
        if rest and count and 1 < count <= MOST:
            return "", rest, count
        typed = rest and is_type(first) and first != "text" and rest.split()[0].lower() not in self._words.function
        return (first, rest, None) if typed else ("", text, None)

    def _name(self, text: str) -> str | None:
        """Return the name of a field as a key, without the words around it; None for a clause."""
        words = self._words
        tokens = [token.strip(" \t\n\"'`()[]{}*•“”„«»:：.") for token in words.bare(text).split()]
        tokens = [token for token in tokens if token]
        end = next((n for n, token in enumerate(tokens) if self._is_end(tokens, n, token.lower())), len(tokens))
        behind = tokens[end].lower() if end < len(tokens) else ""
        if end > LONGEST + any(token in common()["of"] for token in tokens) or behind in common()["verbs"]:
            return None
        if any(token.isdecimal() for token in tokens) or COUNTED.search(text):
            return None
        name = "_".join(re.split(r"[\s-]+", " ".join(tokens[:end])))[:40]
        is_form = {found.key for found in words.ask.find(name)} & {"json", "csv", "array"}
        return name if re.fullmatch(r"[\w.$]*", name) and not is_form else None

    def _is_end(self, tokens: list[str], n: int, token: str) -> bool:
        if token in common()["of"] and 0 < n < len(tokens) - 1:
            return False
        ends = n > 0 and self._words.ask.meaning(token) in (*FORMS, "without", "fields")
        return token in self._words.function or ends

    def _shape(self, spec: str, *, many: bool = False) -> Shape:
        """Return the shape that a description gives a field: a type, values, a list, or rows."""
        words, found = self._words, self._words.lists.find(spec)
        if found or many or words.starts(spec, "each"):
            rest = spec[found[0].end :] if found else spec
            cue = next(
                (each for each in words.ask.find(rest) if each.key in ("with", "object", "fields", "each")), None
            )
            start = self._inside(rest) or (cue.end if cue else None)
            if cue and (members := self._members(rest[start:])):
                return Many(Row(tuple(members.items())))
            kind = words.bare(rest).removesuffix("s")
            return Many(of_text(kind) if is_type(kind) else Leaf())
        chosen = next((each.end for each in words.ask.find(spec) if each.key == "choose"), 0)
        options = [option for option in words.listed(spec[chosen:], "or") if option]
        if len(options) > 1 and all(len(option.split()) <= LONGEST for option in options):
            return Leaf("string", tuple(options))
        return of_text(spec) if spec else Leaf()


def _blank(found: re.Match[str]) -> str:
    return "\0" * len(found[0])


def _same(name: str, word: str) -> bool:
    one, two = (text.lower().rstrip("sen") for text in (name, word))
    return bool(one) and one == two
