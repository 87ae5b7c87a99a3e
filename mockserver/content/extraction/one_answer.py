# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The answer to one prompt or question: what it asks for, from the facts of the video, as data and as text."""

import json
import re
from itertools import pairwise
from typing import Any

from mockserver.content.extraction import judge, writing
from mockserver.content.extraction.amounts import UNITS
from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.filling import Filler
from mockserver.content.extraction.forms import LISTED, Form
from mockserver.content.extraction.lengths import measured
from mockserver.content.extraction.line_format import line_format, written
from mockserver.content.extraction.rows import Fact, Seconds
from mockserver.content.extraction.shapes import Leaf, Many, Row
from mockserver.content.extraction.values import plain, text_of
from mockserver.content.extraction.vocabulary import Found

_MOST_SECTIONS = 8
_FEW_SENTENCES = 5  # of a list without a number
_FEW_WORDS = 3  # of one more thing to be counted
_PERCENT = re.compile("%|percent|prozent|pourcent|porcent|процент|百分|パーセント|퍼센트", re.IGNORECASE)
# Words for what a question asks for, rather than asking whether it is so.
_REQUESTED = frozenset(("task", "how_many", "summary", "description", "takeaways", "tips", "topics"))
# The names of concepts in JSON, where they differ.
_NAMES = {"ocr": "on_screen_text", "tips": "recommendations"}
# "The mood?" in Japanese and Korean.
_WHAT = re.compile(r"[は는은]\s?[?？]")
_INTENTS = frozenset(("wh", "only", "numeral", "and", "or", "each"))


class Answer:
    """The answer to one prompt about one video, as data for JSON and as text."""

    def __init__(self, facts: Facts, form: Form, prompt: str) -> None:
        self._facts, self._form, self._filler = facts, form, Filler(facts, form)
        self._asked = facts.words.ask.find(form.question)
        self.prompt = prompt

    def is_closed(self) -> bool:
        """Return whether the prompt is a question that yes, no or a number answers."""
        return self._is_question() or bool(self._counted())

    def data(self) -> Any:
        """Return the answer as data."""
        form = self._form
        if form.style == "plain":
            value = self._plain()
            return {"answer": value, "reason": self._facts.of("reason")} if self._explains() else value
        if form.style == "only":
            value = self._single()
            return plain(value) if value is not None else self._named()
        if form.style in ("text", "json"):
            return self._filler.fill(form.shape) if form.shape else self._named()
        if form.style in ("csv", "tsv", "table", "srt", "vtt", "formatted"):
            return self.text()
        return self._items() if self._is_list() and not (form.concept and "items" in form.amounts) else self._named()

    def text(self) -> str:
        """Return the answer as text."""
        form = self._form
        if form.style == "plain":
            value = self._plain()
            text = json.dumps(value) if isinstance(value, bool) else text_of(value, self._facts)
            return f"{text}{self._stop()}{self._facts.of('reason')}" if self._explains() else text
        if form.style == "only":
            value = self._single()
            if value is None:
                return self._free()
            return writing.body(value, self._facts) if _is_rows(value) else text_of(value, self._facts)
        if form.style in ("csv", "tsv", "table"):
            return self._table()
        if form.style in ("srt", "vtt", "formatted"):
            return self._timed()
        if self._is_list():
            return writing.listed(self._items(), form.style)
        return self._sections(self._filler.fill(form.shape)) if form.shape else self._free()

    def _timed(self) -> str:
        form = self._form
        lines = line_format(self.prompt) if form.style == "formatted" else None
        if lines is None:
            return writing.subtitles(self._facts, form.style)
        return written(lines, self._facts.rows(form.concept or "events")[: form.most], self._facts)

    def _explains(self) -> bool:
        """Return whether the prompt asks for a reason, too: "yes or no, and why"."""
        keys = {found.key for found in self._asked}
        return "reason" in keys and "only" not in keys

    def _stop(self) -> str:
        return ". " if self._facts.locale.space else "。"

    def _plain(self) -> Any:
        shape, question = self._form.shape, self._form.question
        assert isinstance(shape, Leaf)
        if shape.options:
            option = judge.choice(self._facts, shape.options, question)
            return {"true": True, "false": False}.get(option, option)
        amount = judge.number(self._facts, question, shape)
        if amount is None:
            amount = (100 if _PERCENT.search(self.prompt) else 1) * judge.truth(self._facts, question)
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
        titled = "title" in {found.key for found in self._asked} and not form.amounts.keys() & {"points", "bullets"}
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

    def _named(self) -> dict[str, Any]:
        """Return a key for each concept that the prompt asks for, or the answer to its question."""
        if self._is_question():
            right = judge.truth(self._facts, self._form.question)
            return {"answer": right, "reason": self._facts.of("reason")}
        counted = self._counted()
        if counted:
            return counted
        return {_NAMES.get(concept, concept): self._bounded(concept) for concept in self._concepts()}

    def _concepts(self) -> list[str]:
        say, asked = self._facts.words.say, self._asked
        # Of two words beside each other, the second is asked for: "speaker quotes" are quotes.
        heads = [one.key for one, two in zip(asked, [*asked[1:], None], strict=False) if not _modifies(one, two)]
        concepts = list(dict.fromkeys(key for key in heads if key in say and self._facts.of(key) is not None))
        if "transcript" in concepts and "sound" in concepts:
            concepts.remove("sound")  # "transcribe the audio"
        if not concepts and any(found.key == "text" for found in asked):
            return ["ocr"]
        keys = {found.key for found in asked}
        if not concepts and keys & {"brand", "price"}:
            return ["products" if "price" in keys else "brands"]
        usual = ["summary"] if self._form.amounts.keys() & UNITS else ["summary", "events"]
        return concepts[:_MOST_SECTIONS] or (["objects"] if self._facts.kinds(self._form.question) else usual)

    def _bounded(self, concept: str) -> Any:
        if concept in ("summary", "description") and self._form.amounts.keys() & {"words", "characters"}:
            return self._measured()
        return plain(self._limited(self._fact(concept), concept))

    def _fact(self, concept: str) -> Any:
        """Return the fact for a concept; the things of a kind, if that is what the prompt asks for: "what animals"."""
        asked = any(found.key == "objects" for found in self._asked)
        kinds = self._facts.kinds(self._form.question) if concept == "objects" and not asked else None
        return kinds or self._facts.of(concept)

    def _free(self) -> str:
        facts = self._facts
        if self._is_question():
            right = facts.words.say["yes" if judge.truth(facts, self._form.question) else "no"]
            if "words" in self._form.amounts:
                return right
            return f"{right}{self._stop()}{facts.of('reason')}"
        counted = self._counted()
        if counted:
            return "\n".join(
                f"{n:g} {what}" if isinstance(n, Seconds) else facts.words.say["count"].format(n=f"{n:g}", what=what)
                for what, n in counted.items()
            )
        if self._form.amounts.keys() & UNITS:
            return self._measured()
        concepts = self._concepts()
        bodies = [
            writing.body(value, facts)
            for concept in concepts
            if (value := self._limited(self._fact(concept), concept)) is not None
        ]
        if len(bodies) == 1:
            return bodies[0]
        return "\n\n".join(f"**{facts.words.say[name]}**\n{body}" for name, body in zip(concepts, bodies, strict=True))

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

    def _sections(self, fields: dict[str, Any]) -> str:
        parts = [(judge.spaced(key).capitalize(), value) for key, value in fields.items()]
        if not any(isinstance(value, list | dict) for _, value in parts):
            return "\n".join(f"- {label}: {text_of(value, self._facts)}" for label, value in parts)
        bodies = [f"**{label}**\n{writing.body(value, self._facts)}" for label, value in parts]
        return "\n\n".join(bodies) if len(bodies) > 1 else writing.body(parts[0][1], self._facts)

    def _is_question(self) -> bool:
        """Return whether the prompt is a question that yes or no answers."""
        if self._facts.words.wh.find(self._form.question) or _WHAT.search(self._form.question):
            return False
        keys = {found.key for found in self._asked}
        marked = any(mark in self._form.question for mark in "?？؟") or "question" in keys
        return marked and not keys & _REQUESTED

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


def _modifies(one: Found, two: Found | None) -> bool:
    return (
        two is not None
        and two.start == one.end + 1
        and one.key in ("speaker", "products", "people")
        and two.key in LISTED
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Fact)
