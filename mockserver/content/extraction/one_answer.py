"""The answer to one prompt or question: what it asks for, from the facts of the video, as data and as text."""

import re
from itertools import pairwise
from typing import Any

from mockserver.content.extraction import judge, writing
from mockserver.content.extraction.amounts import UNITS
from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.filling import Filler
from mockserver.content.extraction.forms import LISTED, Form, asks_whether
from mockserver.content.extraction.lengths import measured
from mockserver.content.extraction.line_format import line_format, written
from mockserver.content.extraction.rows import Fact, Seconds
from mockserver.content.extraction.shapes import Leaf, Many, Row
from mockserver.content.extraction.values import plain, text_of

_MOST_SECTIONS = 8
_FEW_SENTENCES = 5  # of a list without a number
_FEW_WORDS = 3  # of one more thing to be counted
# The names of concepts in JSON, where they differ.
_NAMES = {"ocr": "on_screen_text", "tips": "recommendations"}
# Forms that are text also in JSON.
_DOCUMENTS = ("csv", "tsv", "table", "srt", "vtt", "formatted")
_INTENTS = frozenset(("wh", "only", "numeral", "and", "or", "each"))


class Answer:
    """The answer to one prompt about one video, as data for JSON and as text."""

    def __init__(self, facts: Facts, form: Form, prompt: str) -> None:
        self._facts, self._form, self._filler = facts, form, Filler(facts, form)
        self._asked = facts.words.ask.find(form.question)
        self._keys = {found.key for found in self._asked}
        self.prompt = prompt

    def is_closed(self) -> bool:
        """Return whether the prompt is a question that yes, no or a number answers."""
        return self._is_question() or bool(self._counted())

    def data(self) -> Any:
        """Return the answer as data."""
        form = self._form
        if form.style in _DOCUMENTS:
            return self.text()
        if self._is_list() and not (form.concept and "items" in form.amounts):
            return self._items()
        value, explained = self._one()
        value = {"true": True, "false": False}.get(str(value), value)
        if explained:
            return {"answer": value, "reason": self._facts.of("reason")}
        if value is not None:
            return plain(value)
        if form.shape:
            return self._filler.fill(form.shape)
        return self._counted() or {_NAMES.get(name, name): plain(fact) for name, fact in self._sections().items()}

    def text(self) -> str:
        """Return the answer as text."""
        facts, form = self._facts, self._form
        if form.style in _DOCUMENTS:
            return self._table() if form.style in ("csv", "tsv", "table") else self._timed()
        if self._is_list():
            return writing.listed(self._items(), form.style)
        value, explained = self._one()
        if explained and not (form.style != "plain" and "words" in form.amounts):
            return f"{text_of(value, facts)}{'. ' if facts.locale.space else '。'}{facts.of('reason')}"
        if value is not None:
            rows = isinstance(value, list) and bool(value) and isinstance(value[0], Fact)
            return writing.body(value, facts) if rows else text_of(value, facts)
        if form.shape:
            fields = self._filler.fill(form.shape)
            return writing.sections({judge.spaced(key).capitalize(): part for key, part in fields.items()}, facts)
        if counted := self._counted():
            return "\n".join(
                f"{n:g} {what}" if isinstance(n, Seconds) else facts.words.say["count"].format(n=f"{n:g}", what=what)
                for what, n in counted.items()
            )
        if form.amounts.keys() & UNITS:
            return self._measured()
        named = {facts.words.say.get(name, name): fact for name, fact in self._sections().items() if fact is not None}
        return writing.sections(named, facts, lines=False)

    def _one(self) -> tuple[Any, bool]:
        """Return the one value that answers the prompt, or None, and whether a reason follows it."""
        form = self._form
        if form.style == "plain":
            return self._plain(), "reason" in self._keys and "only" not in self._keys
        if form.style == "only" and (value := self._single()) is not None:
            return value, False
        if form.shape is None and self._is_question():
            return judge.truth(self._facts, form.question), True
        return None, False

    def _timed(self) -> str:
        form = self._form
        lines = line_format(self.prompt) if form.style == "formatted" else None
        if lines is None:
            return writing.subtitles(self._facts, form.style)
        return written(lines, self._facts.rows(form.concept or "events")[: form.most], self._facts)

    def _plain(self) -> Any:
        shape, question = self._form.shape, self._form.question
        assert isinstance(shape, Leaf)
        if shape.options:
            return judge.choice(self._facts, shape.options, question)
        amount = judge.number(self._facts, question, shape)
        if amount is None:
            amount = int(judge.truth(self._facts, question))
        return int(amount) if isinstance(amount, Seconds) else amount

    def _single(self) -> Any:
        """Return the fact for the words nearest to "only", as in "the product name only"; None if there is none."""
        at = next((found.start for found in self._asked if found.key == "only"), 0)
        known = [found for found in self._asked if self._facts.of(found.key) is not None]
        if not known or self._is_question() or self._counted():
            return None
        last = min(known, key=lambda found: abs(found.start - at))
        run = [found for found in known if found.start <= last.end + 1 and last.start <= found.end + 1]
        key = " ".join(self._form.question[found.start : found.end] for found in run)
        value = self._filler.fill(Leaf(), key) if len(run) > 1 else self._facts.of(last.key)
        return self._limited(value, last.key)

    def _items(self) -> list[str]:
        facts, form = self._facts, self._form
        concept = form.concept or ("topics" if form.style == "comma" else None)
        titled = "title" in self._keys and not form.amounts.keys() & {"points", "bullets"}
        if concept is None and titled:
            values: list[Any] = facts.titles()
        else:
            values = self._filler.items(concept) if concept else [] if form.most else facts.sentences(_FEW_SENTENCES)
        items = [writing.line(each, facts) for each in facts.filled(concept, values, form.most)]
        return items or [facts.words.say["none"]]

    def _table(self) -> str:
        form = self._form
        shape = form.shape.each if isinstance(form.shape, Many) else None
        concept = self._filler.concept_of(shape) if isinstance(shape, Row) else form.concept
        rows = self._filler.rows(concept)
        if isinstance(shape, Row):
            header = [name for name, _ in shape.fields]
            cells = [list(self._filler.fill(shape, "", row).values()) for row in rows]
        else:
            header = list(rows[0])
            cells = [[plain(row[key]) for key in header] for row in rows]
        return writing.table(header, cells, form.style, self.prompt, self._facts)

    def _concepts(self) -> list[str]:
        say = self._facts.words.say
        keys = dict.fromkeys(each.key for each in self._asked)
        concepts = [key for key in keys if key in say and self._facts.of(key) is not None]
        if "transcript" in concepts and "sound" in concepts:
            concepts.remove("sound")  # "transcribe the audio"
        if not concepts and self._form.concept:
            return [self._form.concept]
        usual = ["summary"] if self._form.amounts.keys() & UNITS else ["summary", "events"]
        return concepts[:_MOST_SECTIONS] or (["objects"] if self._facts.kinds(self._form.question) else usual)

    def _sections(self) -> dict[str, Any]:
        """Return the facts that the prompt asks for by concept."""
        lengths = self._form.amounts.keys() & {"words", "characters"}
        return {
            name: self._measured()
            if lengths and name in ("summary", "description")
            else self._limited(self._fact(name), name)
            for name in self._concepts()
        }

    def _fact(self, concept: str) -> Any:
        """Return the fact for a concept; the things of a kind, if that is what the prompt asks for: "what animals"."""
        named = concept == "objects" and "objects" not in self._keys
        kinds = self._facts.kinds(self._form.question) if named else None
        return kinds or self._facts.of(concept)

    def _measured(self) -> str:
        known = (self._facts.of(name) for name in self._concepts() if name not in ("summary", "description"))
        value = next((text_of(each, self._facts) for each in known if isinstance(each, str | float)), None)
        return measured(self._facts, self._form.amounts, value)

    def _limited(self, value: Any, concept: str) -> Any:
        return self._facts.filled(concept, value, self._form.count_of(concept)) if isinstance(value, list) else value

    def _is_list(self) -> bool:
        """Return whether the answer is one list: not "a title and three tags"."""
        form = self._form
        counted = form.style == "bullets" and any(each in form.amounts for each in LISTED if each != "takeaways")
        return form.style in ("bullets", "numbered", "lines", "comma") and not (counted and len(self._concepts()) > 1)

    def _is_question(self) -> bool:
        """Return whether the prompt is a question that yes or no answers."""
        return asks_whether(self._form.question, self._facts.words, self._keys)

    def _counted(self) -> dict[str, float]:
        """Return the numbers that the prompt asks for by what it counts, in its own words."""
        question = self._form.question
        starts = [found.end for found in self._asked if found.key == "how_many"]
        counted: dict[str, float] = {}
        for start, end in pairwise([*starts, len(question)]):
            first, *others = re.split(self._facts.words.joined("and"), question[start:end], flags=re.IGNORECASE)
            counted |= self._number_of(first)
            for part in others:  # "the people and the dogs", but not "the people and describe the dogs"
                if len(part.split()) <= _FEW_WORDS:
                    counted |= self._number_of(part)
        return counted

    def _number_of(self, part: str) -> dict[str, float]:
        words = self._facts.words
        amount = judge.number(self._facts, part)
        found = [each for each in (*words.things.find(part), *words.ask.find(part)) if each.key not in _INTENTS]
        first = min(found, key=lambda each: each.start, default=None)
        return {} if amount is None or first is None else {part[first.start : first.end].lower(): amount}
