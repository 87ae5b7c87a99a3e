"""Fills the shape of an answer with the facts of a video."""

from typing import Any

from mockserver.content.extraction import judge
from mockserver.content.extraction.facts import Fact, Facts, Moment, Seconds
from mockserver.content.extraction.forms import LISTED, Form
from mockserver.content.extraction.shapes import MOST, Leaf, Many, Row, Shape
from mockserver.content.timing import clock

# Names of keys that many things have: another word in the key decides, or what the key is within.
_HOURS = 3  # parts of a time with hours
_VAGUE = frozenset(("name", "title", "text", "time", "number", "description", "category", "score", "reason"))
# Words of keys that ask for what the prompt asks for.
_ANSWERS = frozenset(
    [
        "answer",
        "result",
        "results",
        "value",
        "values",
        "output",
        "response",
        "verdict",
        "decision",
        "data",
        "total",
        "count",
        "list",
    ]
)
_NUMBERS = ("how_many", "numeral")
_NUMERIC = ("integer", "number", "count")
# Lists whose first row has the facts of keys such as `product_name`.
_OWNERS = frozenset(("products", "quotes", "people"))


class Filler:
    """Fills shapes for one video and one prompt."""

    def __init__(self, facts: Facts, form: Form) -> None:
        self._facts, self._form = facts, form
        self._siblings = (
            " ".join(judge.spaced(name) for name, _ in form.shape.fields) if isinstance(form.shape, Row) else ""
        )

    def fill(self, shape: Shape, key: str = "", row: Fact | None = None, around: str | None = None) -> Any:
        """Return the value for a key; in `row`, if it is in one. `around` is the concept of the object it is in."""
        if isinstance(shape, Row):
            concept = self._concept(key, row) or around
            inner = row if row is not None else self._first_row(concept, shape)
            return {name: self.fill(part, name, inner, concept) for name, part in shape.fields}
        if isinstance(shape, Many):
            return self._many(shape, key, row, around)
        if shape.options:
            about = str(_main(row)) if row else f"{judge.spaced(key)} {self._form.question}"
            given = row.fact(self._concept(key, row)) if row else None
            return given if given in shape.options else self._option(shape, about)
        if shape.kind == "boolean":
            return self._flag(key, row)
        value = self._value(key, row, around, shape)
        return _as(value, shape, self._facts)

    def rows(self, concept: str | None) -> list[Fact]:
        """Return the rows of a concept, or of the events, as many as the prompt asks for."""
        rows = self._facts.rows(concept) if concept else []
        return (rows or self._facts.events())[: self._form.count or MOST]

    def _many(self, shape: Many, key: str, row: Fact | None, around: str | None) -> list[Any]:
        if isinstance(shape.each, Row):
            concept = self._listed(key, shape.each) or self._form.concept
            return [self.fill(shape.each, "", each) for each in self.rows(concept)]
        if isinstance(shape.each, Many):
            return [[self.fill(shape.each.each, key, row, around)]]
        own = self._concept(key, row)
        if own in ("time", "start", "end") and not row:
            return [_as(each.fact(own), shape.each, self._facts) for each in self.rows(self._form.concept)]
        if row is not None and row.fact(own) is not None:
            own_values = row.fact(own)
            return [
                _as(each, shape.each, self._facts)
                for each in (own_values if isinstance(own_values, list) else [own_values])
            ]
        if shape.each.options:
            return [self._option(shape.each, judge.spaced(key))]
        value = self._facts.of(self._list_of(key, own) or "")
        values = value if isinstance(value, list) else [] if value is None else [value]
        count = self._form.count or shape.count
        return [_as(_main(each), shape.each, self._facts) for each in (values[:count] if count else values)]

    def _list_of(self, key: str, own: str | None) -> str | None:
        """Return the concept of an array of values: what its key names, or what the prompt asks for."""
        listed = self._listed(key, Leaf())
        if listed or not key or set(judge.spaced(key).lower().split()) & _ANSWERS:
            return listed or self._form.concept or "events"
        flagged = {"safe", "unsafe"} & set(self._keys(self._form.question + " " + self._siblings))
        return None if flagged and own in (None, "category", "reason") else own

    def _listed(self, key: str, each: Shape) -> str | None:
        """Return the concept of an array: what its key names, or what the keys of its rows are typical of."""
        found = [each.key for each in self._facts.words.ask.find(judge.spaced(key))]
        people = any(each.key == "person" for each in self._facts.words.things.find(judge.spaced(key)))
        concept = next((name for name in found if name in LISTED), "people" if people else None)
        if concept or not isinstance(each, Row):
            return concept
        inside = {self._concept(name, None) for name, _ in each.fields}
        if inside & {"price", "brand", "products"}:
            return "products"
        if self._form.concept:
            return self._form.concept
        return "quotes" if inside & {"quotes", "speaker", "transcript"} else None

    def _first_row(self, concept: str | None, shape: Row) -> Fact | None:
        """Return what an object is about, if it is one row of a list, such as a product."""
        inside = {self._concept(name, None) for name, _ in shape.fields}
        if concept in ("products", "quotes"):
            return self._facts.rows(concept)[0]
        first = self._facts.products()[0]
        about = inside & {"price", "brand"} and all(first.fact(name) is not None for name in inside)
        return first if about else None

    def _keys(self, key: str) -> list[str]:
        return [found.key for found in self._facts.words.ask.find(judge.spaced(key))]

    def _concept(self, key: str, row: Fact | None) -> str | None:
        """Return the concept of a key: one that the row has, the specific before the vague, the last word first."""
        found = self._keys(key)[::-1]
        if row is None:
            return min(found, key=lambda name: name in _VAGUE, default=None)
        return min(found, key=lambda name: (row.fact(name) is None, name in LISTED, name in _VAGUE), default=None)

    def _value(self, key: str, row: Fact | None, around: str | None, leaf: Leaf) -> Any:
        words, keys = judge.spaced(key), self._keys(key)
        concept = self._concept(key, row)
        if leaf.low is not None:
            return judge.number(self._facts, words, leaf)
        if row is not None and row.fact(concept) is not None:
            return row.fact(concept)
        if (
            row is None
            and "how_many" not in keys
            and (owner := next((name for name in keys if name in _OWNERS), None))
            and len(keys) > 1
        ):
            first = next(iter(self._facts.rows(owner)), None)
            parts = [first.fact(name) for name in keys[::-1] if name != owner] if first else []
            if any(part is not None for part in parts):
                return next(part for part in parts if part is not None)
        if set(words.lower().split()) & _ANSWERS and (len(words.split()) == 1 or not concept):
            return self._answer(leaf, around)
        things = self._facts.words.things.find(words)
        if leaf.kind in _NUMERIC or any(each in keys for each in _NUMBERS):
            counted = judge.number(self._facts, words)
            if counted is not None:
                return counted
            if any(self._facts.holds(name) is not None for name in keys) and leaf.kind in _NUMERIC:
                return int(judge.truth(self._facts, words))
        if any(each in keys for each in _NUMBERS):
            return judge.number(self._facts, self._form.question)
        if concept is None and things and leaf.kind == "any":
            return self._facts.count(things[0].key)
        if (concept is None or concept in _VAGUE) and around and leaf.kind != "boolean":
            own = self._facts.of(concept) if concept in ("score", "reason") else None
            return own if own is not None else self._facts.of(around)
        if words.split()[:1] and words.split()[0].lower() in ("is", "has", "contains", "are", "was", "can"):
            return judge.truth(self._facts, words)
        return self._facts.of(concept) if concept else None

    def _answer(self, leaf: Leaf, around: str | None) -> Any:
        question = self._form.question
        if leaf.kind in _NUMERIC or "how_many" in self._keys(question):
            counted = judge.number(self._facts, question)
            return counted if counted is not None else judge.number(self._facts, self._siblings)
        if around:
            return self._facts.of(around)
        return self._facts.of(self._form.concept or "summary")

    def _flag(self, key: str, row: Fact | None) -> bool:
        given = row.fact(self._concept(key, row)) if row is not None else None
        if isinstance(given, bool):
            return given
        words = judge.spaced(key)
        vague = set(words.lower().split()) <= _ANSWERS | {"is", "has", "found", "present", "true", "match"}
        return judge.truth(self._facts, self._form.question if vague else words)

    def _option(self, leaf: Leaf, about: str) -> Any:
        option = judge.choice(self._facts, leaf.options, about)
        if leaf.kind == "integer" and option.lstrip("-").isdigit():
            return int(option)
        return option


def _main(value: Any) -> Any:
    """Return the main fact of a row: its first."""
    return next(iter(value.values())) if isinstance(value, dict) and value else value


def _as(value: Any, leaf: Leaf, facts: Facts) -> Any:
    """Return a fact with the type of a leaf. What the video does not show is empty, 0, or null where that is allowed."""
    if leaf.kind in _NUMERIC:
        amount = len(value) if isinstance(value, list) else value
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            return None if leaf.nullable else 0
        whole = isinstance(amount, Seconds) and leaf.kind in ("integer", "count")
        amount = round(float(amount), 2)
        return int(amount) if whole or amount.is_integer() else round(amount) if leaf.kind == "integer" else amount
    if leaf.clock and isinstance(value, Moment):
        hours, minutes = divmod(int(value) // 60, 60)
        return f"{hours:02}:{minutes:02}:{int(value) % 60:02}" if leaf.clock == _HOURS else clock(value)
    if leaf.kind == "string":
        return "" if value is None and not leaf.nullable else value if value is None else text_of(value, facts)
    if leaf.kind == "null":
        return None
    return plain(value)


def plain(value: Any) -> Any:
    """Return a fact as JSON has it, with times as text."""
    if isinstance(value, Moment):
        return clock(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value


def text_of(value: Any, facts: Facts) -> str:
    """Return a fact as one line of text in the language of the answer."""
    if isinstance(value, Moment):
        return clock(value)
    if isinstance(value, bool):
        return facts.words.say["yes" if value else "no"]
    if isinstance(value, list):
        return facts.locale.comma.join(text_of(_main(each), facts) for each in value) or facts.words.say["none"]
    if value is None:
        return facts.words.say["none"]
    return f"{value:g}" if isinstance(value, float) else str(value)
