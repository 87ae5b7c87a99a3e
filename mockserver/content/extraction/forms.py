# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The form that a prompt asks for: JSON of some shape, one of several values, a number, CSV, a list, or text."""

import re
from collections.abc import Sequence, Set
from typing import NamedTuple

from mockserver.content.extraction.amounts import Amount, Amounts, amounts_in
from mockserver.content.extraction.fields import Fields, fields_in
from mockserver.content.extraction.line_format import line_format
from mockserver.content.extraction.options import options_in
from mockserver.content.extraction.shapes import Leaf, Many, Row, Shape, is_schema, of_range, of_schema, of_template
from mockserver.content.extraction.template import template
from mockserver.content.extraction.vocabulary import Found
from mockserver.content.extraction.words import Words
from mockserver.content.extraction.words import words as words_of

_TABLES = ("csv", "tsv", "table")
_LISTS = ("comma", "lines", "bullets", "numbered")
# Facts that are lists of rows or of texts.
LISTED = (
    "events", "products", "quotes", "transcript", "people", "speaker", "objects", "ingredients", "ocr", "topics",
    "takeaways", "tips", "colors", "effects", "sound", "questions",
)  # fmt: skip
_PARTS = {"price": "products", "brand": "brands", "text": "ocr"}
_LISTED = frozenset((*LISTED, "title"))
_NO_FIELDS = frozenset(("json", "csv", "tsv"))  # that mean the form wherever they are
_MARK = re.compile("[?？؟]")
# "The mood?" in Japanese and Korean.
_WHAT = re.compile(r"[は는은]\s?[?？]")
# Words for what a question asks for, rather than asking whether it is so.
_REQUESTED = frozenset(("task", "how_many", "summary", "description", "takeaways", "tips", "topics"))
_ONE_OR_ZERO = re.compile(r"(?<!\d)1\D+?(?<!\d)0(?!\d)|(?<!\d)0\D+?(?<!\d)1(?!\d)")
_HEADER = re.compile(r"[:：]\s*([^\s,;|:：]+(?:\s?[,;|]\s?[^\s,;|:：]+)+)\s*$")


class Form(NamedTuple):
    """The form of an answer: how it is written, its shape, and the rest of the prompt, which says what is asked.

    `style` is `json`, `plain` for one value, `csv`, `tsv`, `table`, `comma`, `lines`, `bullets`, `numbered`, `srt`,
    `vtt`, `formatted` for lines in a format of the prompt, `only` for one fact, or `text`. `concept` is what the rows
    are about. `amounts` are how many sentences, words or entries it has, by unit.
    """

    style: str
    shape: Shape | None
    question: str
    concept: str | None
    amounts: Amounts

    def count_of(self, concept: str) -> int | None:
        """Return how many entries the list of a concept has, if the prompt says so, such as 3 for "three tags"."""
        return self.amounts[concept].number if concept in self.amounts else self.most

    @property
    def most(self) -> int | None:
        """Return how many entries a list has, if the prompt says so."""
        amount = next((self.amounts[unit] for unit in ("items", "bullets", "points") if unit in self.amounts), None)
        return amount.number if amount else None


def form_of(prompt: str, words: Words) -> Form:
    """Return the form that a prompt asks for."""
    asked = words.ask.find(prompt)
    keys = {found.key for found in asked}
    written = template(prompt)
    if written is not None and not (_is_texts(written[0]) and "choose" in keys):
        value, start, end = written
        shape = of_schema(value, value) if is_schema(value) else of_template(value)
        rest = prompt[:start] + " " + prompt[end:]
        return _form("json", shape, rest, words)
    if line_format(prompt) is not None and not keys & {*_TABLES, "json", "array"}:
        form = _form("formatted", None, prompt, words)
        return form._replace(concept="transcript" if keys & {"transcript", "quotes"} else "events")
    return _worded(prompt, words, asked, keys)


def _form(style: str, shape: Shape | None, text: str, words: Words) -> Form:
    return Form(style, shape, text, _concept(words, text), amounts_in(text, words, _LISTED))


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _worded(prompt: str, words: Words, asked: Sequence[Found], keys: set[str]) -> Form:
    fields = fields_in(prompt, words, asked)
    outside = {found.key for found in words.ask.find(fields.before)} | (keys & _NO_FIELDS) if fields else keys
    form = _table(prompt, words, outside, fields)
    if form is None and not (fields and fields.strong):
        form = _value(prompt, words, asked, keys, fields)
    if form is None and fields:
        form = _of_fields(prompt, fields, words, outside)
    return form or _number(prompt, words, keys) or _text(prompt, words, keys)


def _table(prompt: str, words: Words, keys: set[str], fields: Fields | None) -> Form | None:
    style = next((each for each in (*_TABLES, "srt", "vtt") if each in keys), None)
    if style is None or (style == "table" and ("json" in keys or (not fields and _MARK.search(prompt)))):
        return None
    header = _HEADER.search(prompt)
    members = fields.members if fields else dict.fromkeys(re.split(r"\s?[,;|]\s?", header[1]), Leaf()) if header else {}
    shape = Many(Row(tuple(members.items()))) if members else None
    form = _form(style, shape, fields.before if fields else prompt, words)
    named = next((found.key for found in words.ask.find(prompt) if found.key in LISTED), None)
    return form._replace(concept="transcript" if style in ("srt", "vtt") else form.concept or named)


def _value(prompt: str, words: Words, asked: Sequence[Found], keys: set[str], fields: Fields | None) -> Form | None:
    """Return the form of an enumeration. A list of fields is none, unless all its members are also values."""
    if not fields and _ONE_OR_ZERO.search(prompt) and not of_range(prompt):
        return Form("plain", Leaf("integer", ("1", "0")), re.sub(r"\d", " ", prompt), None, {})
    one_word = amounts_in(prompt, words, frozenset()).get("words") == Amount(1)
    options, question = options_in(prompt, words, asked, keys | {"only"} if one_word else keys)
    names, values = (
        {each.replace("_", " ") for each in listed} for listed in (fields.members if fields else (), options)
    )
    if options and (not fields or names <= values or "|" in prompt):
        return Form("plain", Leaf("string", options), question, None, {})
    return None


def _text(prompt: str, words: Words, keys: set[str]) -> Form:
    form = _form("text", None, prompt, words)
    style = next((each for each in (*_LISTS, "srt", "vtt") if each in keys), "text")
    shape = Many(Leaf()) if "array" in keys or {"json", "list"} <= keys else None
    if shape or (style == "text" and "json" in keys):
        style = "json"
    elif style == "text" and {"each", form.concept} <= {*keys, *LISTED} and "sentences" in form.amounts:
        style, form = "bullets", form._replace(amounts={})  # a sentence for each scene
    elif style == "text" and form.amounts.keys() & {"points", "items"} and not asks_whether(prompt, words, keys):
        style = "bullets"
    elif style == "text" and "only" in keys and not form.amounts:
        style = "only"
    return form._replace(style=style, shape=shape)


def asks_whether(text: str, words: Words, keys: Set[str]) -> bool:
    """Return whether a text is a question that yes or no answers, such as "Are there more than 3 people?"."""
    asked = _MARK.search(text) is not None or "question" in keys
    return asked and not (words.wh.find(text) or _WHAT.search(text) or keys & _REQUESTED)


def _of_fields(prompt: str, fields: Fields, words: Words, keys: set[str]) -> Form:
    row = Row(tuple(fields.members.items()))
    form = _form("json" if keys & {"json", "array", "object"} else "text", row, fields.before, words)
    if "sentences" in (all_amounts := amounts_in(prompt, words, _LISTED)):
        form.amounts.setdefault("sentences", all_amounts["sentences"])  # "the key summary in two sentences"
    if _is_array(words, fields.before):
        return form._replace(shape=Many(row))
    listed = any(found.start for found in words.lists.find(fields.before))  # "a shot list", not "list the title"
    if form.concept and (listed or "each" in keys) and "object" not in keys:
        return form._replace(shape=Row(((_group(form.concept, fields.before, words), Many(row)),)))
    return form


def _is_array(words: Words, text: str) -> bool:
    """Return whether a text asks for an array rather than for an object: for the one that it names first."""
    return next((found.key for found in words.ask.find(text) if found.key in ("array", "object")), None) == "array"


def _group(concept: str, before: str, words: Words) -> str:
    """Return the key of an array: the word of the prompt for its rows, in the plural."""
    names = [before[found.start : found.end] for found in words.ask.find(before) if found.key == concept]
    name = next(iter(names), concept).lower().replace(" ", "_")
    english = not name.endswith("s") and name not in ("people", "dialogue") and words_of("en").ask.find(name)
    return f"{name}s" if english else name


def _concept(words: Words, text: str) -> str | None:
    """Return what a text asks a list of: the first such concept, or what a word for a part of its rows suggests."""
    keys = [each.key for each in words.ask.find(text)]
    return next((key for key in keys if key in LISTED), next((_PARTS[key] for key in _PARTS if key in keys), None))


def _number(prompt: str, words: Words, keys: set[str]) -> Form | None:
    limits = of_range(prompt)
    numeral = keys & {"numeral", "number"}
    asked = keys & {"only", "how_many", "seconds", "minutes"} if numeral else "only" in keys and "how_many" in keys
    rated = limits and (numeral or keys & {"only", "choose", "score"}) and "json" not in keys
    if not asked and not rated:
        return None
    kind = "number" if limits and limits[1] - limits[0] <= 1 else "integer"
    return Form("plain", Leaf(kind, (), *(limits or (None, None))), prompt, None, {})
