"""Fills the shape of an answer with the facts of a video."""

from typing import Any

from mockserver.content.extraction import judge
from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.forms import LISTED, Form
from mockserver.content.extraction.rows import Fact
from mockserver.content.extraction.shapes import MOST, Leaf, Many, Row, Shape
from mockserver.content.extraction.values import NUMERIC, entry, main, typed
from mockserver.content.extraction.words import common, elsewhere

# Names of keys that many things have: another word in the key decides, or what the key is within.
_VAGUE = frozenset(("name", "title", "text", "time", "number", "description", "category", "score", "reason"))
_NUMBERS = ("how_many", "numeral")
# Lists whose first row has the facts of keys such as `product_name`.
_OWNERS = frozenset(("products", "quotes", "people"))


class Filler:
    """Fills shapes for one video and one prompt."""

    def __init__(self, facts: Facts, form: Form) -> None:
        self._facts, self._form = facts, form
        keys = [judge.spaced(name) for name, _ in form.shape.fields] if isinstance(form.shape, Row) else []
        self._about = " ".join([form.question, *keys])

    def fill(self, shape: Shape, key: str = "", row: Fact | None = None, around: str | None = None) -> Any:
        """Return the value for a key; in `row`, if it is in one. `around` is the concept of the object it is in."""
        if isinstance(shape, Row):
            concept = self._concept(key, row) or around
            inner = row if row is not None else self._first_row(concept, shape)
            return {name: self.fill(part, name, inner, concept) for name, part in shape.fields}
        if isinstance(shape, Many):
            return self._many(shape, key, row)
        if shape.options:
            about = str(main(row)) if row else f"{judge.spaced(key)} {self._form.question}"
            given = row.fact(self._concept(key, row)) if row else None
            return given if given in shape.options else self._option(shape, about)
        if shape.kind == "boolean":
            return self._flag(key, row)
        return typed(self._value(key, row, around, shape), shape, self._facts)

    def rows(self, concept: str | None) -> list[Fact]:
        """Return the rows of a concept, or of the events, as many as the prompt asks for."""
        rows = self._facts.rows(concept) if concept else []
        return (rows or self._facts.events())[: self._form.most or MOST]

    def _many(self, shape: Many, key: str, row: Fact | None) -> list[Any]:
        each = shape.each
        if isinstance(each, Row):
            return [self.fill(each, "", inner) for inner in self.rows(self._listed(key) or self.concept_of(each))]
        if isinstance(each, Many):
            return [self._many(each, key, row)]
        return [typed(entry(value, each), each, self._facts) for value in self._values(each, key, row, shape.length)]

    def _values(self, each: Leaf, key: str, row: Fact | None, length: int | None) -> list[Any]:
        """Return the members of an array of values: from the row that it is in, or from the video."""
        own = self._concept(key, row)
        fact = row.fact(own) if row is not None else None
        if fact is not None:
            return fact if isinstance(fact, list) else [fact]
        if own in ("time", "start", "end"):
            return [other.fact(own) for other in self.rows(self._form.concept)]
        if each.options:
            return [self._option(each, judge.spaced(key))]
        concept = self._list_of(key, own)
        return self._facts.filled(concept, self.items(concept), self._form.most or length)

    def _list_of(self, key: str, own: str | None) -> str | None:
        """Return the concept of an array of values: what its key names, or what the prompt asks for."""
        listed = self._listed(key)
        if listed or not key or set(judge.spaced(key).lower().split()) & set(common()["answers"]):
            return listed or self._form.concept or "events"
        flagged = {"safe", "unsafe"} & set(self._keys(self._about))
        return None if flagged else own

    def items(self, concept: str | None) -> list[Any]:
        """Return the facts of a list; of products only the prices, if the prompt asks for nothing else of them."""
        asked = self._keys(self._form.question)
        if concept == "products" and "price" in asked and "products" not in asked:
            return [row["price"] for row in self._facts.products()]
        value = self._facts.of(concept or "")
        return value if isinstance(value, list) else [] if value is None else [value]

    def _listed(self, key: str) -> str | None:
        """Return the concept of an array by its key, if it names one."""
        found = self._keys(key)
        people = any(each.key == "person" for each in self._facts.words.things.find(judge.spaced(key)))
        return next((name for name in found if name in LISTED), "people" if people else None)

    def concept_of(self, row: Row) -> str | None:
        """Return what rows with these keys are about: what the keys are typical of, or what the prompt asks for."""
        inside = {key for name, _ in row.fields for key in self._keys(name)}
        if inside & {"price", "brand", "products"}:
            return "products"
        if self._form.concept is None and "how_many" in inside:
            return "objects"
        if "speaker" in inside and inside & {"text", "quotes", "transcript", "time", "start"}:
            return "transcript"
        return self._form.concept

    def _first_row(self, concept: str | None, shape: Row) -> Fact | None:
        """Return what an object is about, if it is one row of a list, such as a product."""
        inside = {self._concept(name, None) for name, _ in shape.fields}
        if concept in ("products", "quotes"):
            return self._facts.rows(concept)[0]
        first = self._facts.products()[0]
        about = inside & {"price", "brand"} and all(first.fact(name) is not None for name in inside)
        return first if about else None

    def _keys(self, key: str) -> list[str]:
        """Return the concepts of a key. Keys can also be in another language than the prompt."""
        text, words = judge.spaced(key), self._facts.words
        found = words.ask.find(text) or ([] if words.things.find(text) else elsewhere(text, words.code))
        return [each.key for each in found]

    def _concept(self, key: str, row: Fact | None) -> str | None:
        """Return the concept of a key: one that the row has, the specific before the vague, the last word first."""
        found = self._keys(key)[::-1]
        if row is None:
            return min(found, key=lambda name: name in _VAGUE, default=None)
        return min(found, key=lambda name: (row.fact(name) is None, name in LISTED, name in _VAGUE), default=None)

    def _value(self, key: str, row: Fact | None, around: str | None, leaf: Leaf) -> Any:
        concept = self._concept(key, row)
        if leaf.low is not None:
            return judge.number(self._facts, judge.spaced(key), leaf)
        own = row.fact(concept) if row is not None else self._of_first(self._keys(key))
        if row is not None and leaf.kind in NUMERIC and (isinstance(own, str) or key.lower() in common()["ordinals"]):
            own = row.fact("number")
        if own is not None:
            return own
        names = judge.spaced(key).lower().split()
        if set(names) & set(common()["answers"]) and (len(names) == 1 or not concept):
            return self._answer(leaf, around)
        counted = self._counted(key, leaf)
        if counted is not None:
            return counted
        if concept is None or concept in _VAGUE:
            within = self._within(concept, around)
            if within is not None:
                return within
        if names[:1] and names[0] in common()["flags"]:
            return judge.truth(self._facts, judge.spaced(key))
        return self._facts.of(concept) if concept else None

    def _of_first(self, keys: list[str]) -> Any:
        """Return the fact for a key such as `product_name`: that of the first row of the list that it names."""
        owner = next((name for name in keys if name in _OWNERS), None)
        if owner is None or "how_many" in keys:
            return None
        first = self._facts.rows(owner)[:1]
        parts = [row.fact(name) for row in first for name in keys[::-1] if name != owner]
        return next((part for part in parts if part is not None), None)

    def _counted(self, key: str, leaf: Leaf) -> float | None:
        """Return the number for a key that asks for one."""
        words, keys = judge.spaced(key), self._keys(key)
        if leaf.kind in NUMERIC or any(each in keys for each in _NUMBERS):
            amount = judge.number(self._facts, words)
            if amount is not None:
                return amount
        if any(each in keys for each in _NUMBERS):
            return judge.number(self._facts, self._about)
        things = self._facts.words.things.find(words)
        return self._facts.count(things[0].key) if things and not keys and leaf.kind == "any" else None

    def _within(self, concept: str | None, around: str | None) -> Any:
        """Return the fact for a key that says little, such as `label`, in an object whose key says more."""
        own = self._facts.of(concept) if around and concept in ("score", "reason") else None
        return own if own is not None else self._facts.of(around or "")

    def _answer(self, leaf: Leaf, around: str | None) -> Any:
        if leaf.kind in NUMERIC or "how_many" in self._keys(self._form.question):
            return judge.number(self._facts, self._about)
        return self._facts.of(around or self._form.concept or "summary")

    def _flag(self, key: str, row: Fact | None) -> bool:
        given = row.fact(self._concept(key, row)) if row is not None else None
        if isinstance(given, bool):
            return given
        words = judge.spaced(key)
        known = self._keys(key) or self._facts.words.things.find(words)
        vague = set(words.lower().split()) <= {*common()["answers"], *common()["flags"]} or not (
            known or len(words.split()) > 1
        )
        return judge.truth(self._facts, self._form.question if vague else words)

    def _option(self, leaf: Leaf, about: str) -> Any:
        option = judge.choice(self._facts, leaf.options, about)
        if leaf.kind == "integer" and option.lstrip("-").isdigit():
            return int(option)
        return option
