# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The members of a list of fields, such as `title (string)`, "an array of tags" or "five tags"."""

import re
from collections.abc import Iterator, Sequence

from mockserver.content.extraction.shapes import MOST, Leaf, Many, Row, Shape, of_text
from mockserver.content.extraction.vocabulary import SOLID
from mockserver.content.extraction.words import Words

# Keys of words for the form of an answer, which are no fields.
FORMS = frozenset(
    ("comma", "lines", "bullets", "numbered", "srt", "vtt", "json", "array", "csv", "tsv", "table", "list", "object",
     "only", "numeral")
)  # fmt: skip
LONGEST = 3  # words of a field or an option
QUOTED = re.compile(r"[\"`'“„«「『]([^\"`'”“»」』\n]{1,40})[\"`'”“»」』]\s*(.*)", re.DOTALL)
BULLET = r"(?:[-*•–]|\(?\d{1,2}[.)])[ \t]+"
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?\d{1,2}[.)]\s+")
# Brackets or quotes, in which nothing is separated, and brackets alone.
_ENCLOSED = re.compile(r"[(（][^)）]{0,300}[)）]|\"[^\"\n]*\"|`[^`\n]*`")
_BRACKETS = re.compile(r"[(（][^)）]*")
_SPEC = re.compile(r"^((?:.*?\S)?)\s*(?:[(（]([^)）]{0,300})[)）]|(?:[:：=]|\s[-–—])\s*([^,]+))\s*(.*)$", re.DOTALL)
_LENGTH = re.compile(r"(?i)^(?:\d+|[a-z]+)[- ](?:sentence|word|line|paragraph|character)s?\s")
_AND_IN_ARABIC = r"\s+و(?=ال)"
_OF = frozenset(("of", "to", "de", "du", "des", "del", "do", "da", "dos", "das", "von", "der"))
# Verbs that make a clause of a name: "the values are strings".
_VERBS = frozenset(("is", "are", "was", "were", "ist", "sind", "est", "sont", "es", "son", "é", "são"))

Members = dict[str, Shape]


class MemberReader:
    """Reads lists of fields in one language. In a `table`, also bars separate them."""

    def __init__(self, words: Words, *, table: bool) -> None:
        self._words = words
        marks = r"[,،、，;；|/]" if table else r"[,،、，;；\n]"
        ands = "|".join(each for each in (separated(words, ("and",)), _AND_IN_ARABIC) if each)
        self._between = re.compile(rf"\s*{marks}(?:\s*(?:{ands})\s)?\s*|\s*(?:{ands})\s*|\s+&\s+", re.IGNORECASE)
        self._or = re.compile(rf"\b(?:{separated(words, ('or',))})\b", re.IGNORECASE)

    def read(self, segment: str) -> Members:
        """Return the fields of a list; none if it is no list of names."""
        members: Members = {}
        for part, end in self._parts(segment):
            if rows := self._rows(part, segment[end:]):
                return members | rows
            last = (
                bool(members)
                and self._words.ask.meaning(part.split(maxsplit=1)[0].lower() if part.split() else "?") == "only"
            )
            field = None if last else self._field(part)  # "title, only the text"
            if field is None:
                return {} if len(members) < 2 else members
            name, shape = field
            if name:
                members[name] = shape
        return members

    def _rows(self, part: str, rest: str) -> Members:
        """Return the field of "an array of scenes with start, end", which has the rest of the list; or none."""
        outside = _BRACKETS.sub(_blank, part)
        found = next(iter(self._words.lists.find(outside)), None)
        behind = outside[found.end :] if found else ""
        cue = next((each for each in self._words.ask.find(behind) if each.key == "with"), None)
        if found is None or cue is None:
            return {}
        named, kind = outside[: found.start], outside[found.end : found.end + cue.start]
        quoted = QUOTED.search(named)
        name = quoted[1] if quoted else self._name(named) or self._name(kind)
        inside = self.read(part[found.end + cue.end :] + rest)
        return {name: Many(Row(tuple(inside.items())))} if name and inside else {}

    def _parts(self, segment: str) -> Iterator[tuple[str, int]]:
        """Yield the parts of a list and where they end. Separators are outside brackets and quotes."""
        lines = [line for line in segment.splitlines() if line.strip()]
        if len(lines) > 1 and all(re.match(rf"\s*{BULLET}", line) for line in lines):
            yield from ((re.sub(rf"^\s*{BULLET}", "", line), len(segment)) for line in lines)
            return
        segment = re.sub(rf"^\s*{BULLET}", "", segment)
        hidden = _ENCLOSED.sub(_blank, segment)
        if self._or.search(hidden):
            return
        if "/" in hidden and not self._between.search(hidden):
            hidden = hidden.replace("/", ",")
        hidden = _NUMBERED.sub(lambda found: "," * len(found[0]), hidden)
        start = 0
        for between in self._between.finditer(hidden):
            yield segment[start : between.start()], between.start()
            start = between.end()
        yield segment[start:], len(segment)

    def _field(self, part: str) -> tuple[str, Shape] | None:
        """Return the name of a field and its shape; no name for nothing, and None for a clause."""
        part, many = self._without_list(part.strip(" \t\n.:：-*•"))
        if part and self._words.ask.meaning(part.split()[0].lower()) in ("no", "not", "without"):
            return None
        if quoted := QUOTED.match(part):
            spec = quoted[2].strip(" ()（）:：-–—=")
            known = self._words.ask.find(spec) or self._words.lists.find(spec)
            typed = bool(known) or re.match(r"[(（:：=]|[-–—]\s", quoted[2]) is not None
            return quoted[1].strip(), self.shape(spec if typed else "", quoted[1], many=many)
        spec = _SPEC.match(part)
        kind, named, count = self._counted(spec[1] if spec else part)
        name = self._name(named)
        if not name:
            return name if name is None else (name, Leaf())
        shape = self.shape((spec[2] or spec[3] or "") if spec else kind, name, many=many)
        return name, Many(shape.each if isinstance(shape, Many) else shape, count) if count else shape

    def _counted(self, text: str) -> tuple[str, str, int | None]:
        """Return the type, the name and the number of "a boolean is_safe" and "five tags"."""
        text = _LENGTH.sub("", self._without_articles(text))
        first, _, rest = self._without_articles(text).partition(" ")
        count = int(first) if first.isdecimal() else self._words.counts.get(first.lower())
        if rest and count and 1 < count <= MOST:
            return "", rest, count
        typed = (
            rest and is_type(first) and first.lower() != "text" and rest.split()[0].lower() not in self._words.function
        )
        return (first, rest, None) if typed else ("", text, None)

    def _without_list(self, part: str) -> tuple[str, bool]:
        """Return "keywords" for "an array of keywords", and whether it is a list."""
        found = next(iter(self._words.lists.find(part)), None)
        if found is None or re.search(r"[\w)]\s*[^\s\w]?$|[(:：]", self._without_articles(part[: found.start])):
            return part, False
        rest = self._without_articles(part[found.end :])
        return (rest, True) if rest.strip() else (part, False)

    def _without_articles(self, text: str) -> str:
        tokens = text.split()
        while tokens and tokens[0].lower() in self._words.function:
            tokens.pop(0)
        return " ".join(tokens)

    def _name(self, text: str) -> str | None:
        """Return the name of a field as a key, without the words around it; None for a clause."""
        tokens = [token.strip(" \t\n\"'`()[]{}*•“”„«»:：.") for token in self._without_articles(text).split()]
        tokens = [token for token in tokens if token]
        end = next((n for n, token in enumerate(tokens) if self._is_end(tokens, n, token.lower())), len(tokens))
        clause = end < len(tokens) and self._words.ask.meaning(tokens[end].lower()) not in (*FORMS, "without", "fields")
        if end > LONGEST + any(token in _OF for token in tokens) or (clause and not self._may_end(tokens[end])):
            return None
        while end and end < len(tokens) and tokens[end - 1].lower() in _OF:
            end -= 1
        if any(token.isdecimal() for token in tokens) or (end < len(tokens) and tokens[end].lower() in _VERBS):
            return None
        name = "_".join(re.split(r"[\s-]+", " ".join(tokens[:end])))[:40]
        if {found.key for found in self._words.ask.find(name)} & {"json", "csv", "array"}:
            return None
        return name if re.fullmatch(r"[\w.$]*", name) else None

    def _is_end(self, tokens: list[str], n: int, token: str) -> bool:
        if token in _OF and 0 < n < len(tokens) - 1:
            return False
        return token in self._words.function or (
            n > 0 and self._words.ask.meaning(token) in (*FORMS, "without", "fields")
        )

    def _may_end(self, token: str) -> bool:
        """Return whether a field can end before a word, such as "title for each scene" or "titel zurück"."""
        return token.lower() in self._words.function

    def shape(self, spec: str, name: str, *, many: bool) -> Shape:
        """Return the shape that a description gives a field: a type, values, a list, or rows."""
        found = self._words.lists.find(spec)
        if found or many:
            rest = spec[found[0].end :] if found else spec
            keys = [each for each in self._words.ask.find(rest) if each.key in ("with", "object", "fields")]
            if keys and (members := self.read(rest[keys[0].end :])):
                return Many(Row(tuple(members.items())))
            kind = self._without_articles(rest).removesuffix("s")
            return Many(of_text(kind) if is_type(kind) else Leaf())
        cue = next((each for each in self._words.ask.find(spec) if each.key == "choose"), None)
        listed = spec[cue.end :] if cue else spec
        options = [
            each.strip("\"'`“”«»: ") for each in re.split(separator(self._words, ("or",)), listed, flags=re.IGNORECASE)
        ]
        options = [option for option in options if option]
        if len(options) > 1 and all(len(option.split()) <= LONGEST for option in options):
            return Leaf("string", tuple(options))
        if any(found.key == "numeral" for found in self._words.ask.find(spec)):
            return Leaf("number")
        return of_text(spec) if spec else Leaf()


def _blank(found: re.Match[str]) -> str:
    return "\0" * len(found[0])


def is_type(text: str) -> bool:
    """Return whether a text is the name of a type, such as `boolean`."""
    shape = of_text(text)
    return (isinstance(shape, Leaf) and shape.kind != "string") or text.strip().lower() in ("string", "text")


def separated(words: Words, keys: Sequence[str]) -> str:
    """Return a pattern of the words with some meanings, as "and" and "or"."""
    stems = [stem.replace("_", " ") for key in keys for stem in words.asked[key].split()] + list(keys)
    return "|".join(re.escape(stem) if SOLID.search(stem) else rf"\b{re.escape(stem)}\b" for stem in stems)


def separator(words: Words, keys: Sequence[str]) -> str:
    """Return the pattern between values in a list: a comma, or the words for "and" or "or"."""
    listed = separated(words, keys)
    return rf"\s*(?:[,،、，|/;](?:\s*(?:{listed}))?|&|{listed})\s*"
