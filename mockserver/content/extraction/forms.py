# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The form that a prompt asks for: JSON of some shape, one of several values, a number, CSV, a list, or text."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from mockserver.content.extraction.line_format import line_format
from mockserver.content.extraction.lists import Fields, fields_in
from mockserver.content.extraction.options import are_statements, options_in
from mockserver.content.extraction.shapes import Leaf, Many, Row, Shape, is_schema, of_range, of_schema, of_template
from mockserver.content.extraction.template import template
from mockserver.content.extraction.vocabulary import Found
from mockserver.content.extraction.words import Words, counts

_TABLES = ("csv", "tsv", "table")
_LISTS = ("comma", "lines", "bullets", "numbered")
_SHORT = ("srt", "vtt", "one_word", "one_sentence")
# Facts that are lists of rows or of texts.
LISTED = (
    "events", "products", "quotes", "transcript", "people", "speaker", "objects", "ingredients", "ocr", "topics",
    "takeaways", "tips", "colors", "effects", "sound",
)  # fmt: skip
_MARK = re.compile("[?？؟]")
_ONE_OR_ZERO = re.compile(r"(?<!\d)1\D+?(?<!\d)0(?!\d)|(?<!\d)0\D+?(?<!\d)1(?!\d)")
_NUMBER = re.compile(r"(?<![\da-zA-Z:.\-–])(\d{1,2})(?!\d)")
# What follows a number that is a range, a time, or a number of words or seconds.
_OTHER = re.compile(r"[-–:.%]\s?\d|(?:to|bis|à|a|do|до|至|到)\s?\d|(?:words?|seconds?|minutes?)\b")
_MOST = 40


class Form(NamedTuple):
    """The form of an answer: how it is written, its shape, and the rest of the prompt, which says what is asked.

    `style` is `json`, `plain` for one value, `csv`, `tsv`, `table`, `comma`, `lines`, `bullets`, `numbered`, `srt`,
    `vtt`, `formatted` for lines in a format of the prompt, `one_word`, `one_sentence`, `only` for one fact, or `text`.
    `concept` is what the rows are about.
    """

    style: str
    shape: Shape | None
    question: str
    concept: str | None = None
    most: int | None = None


def form_of(prompt: str, words: Words) -> Form:
    """Return the form that a prompt asks for."""
    asked = words.ask.find(prompt)
    keys = {found.key for found in asked}
    written = template(prompt)
    if written is not None and not (_is_texts(written[0]) and "choose" in keys):
        value, start, end = written
        shape = of_schema(value, value) if is_schema(value) else of_template(value)
        rest = prompt[:start] + " " + prompt[end:]
        return Form("json", shape, rest, _concept(words, rest), _limit(rest))
    if line_format(prompt) is not None and not keys & {*_TABLES, "json", "array"}:
        concept = "transcript" if keys & {"transcript", "quotes"} else "events"
        return Form("formatted", None, prompt, concept, _limit(prompt))
    return _worded(prompt, words, asked, keys)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _worded(prompt: str, words: Words, asked: Sequence[Found], keys: set[str]) -> Form:
    fields, before, named = fields_in(prompt, words, asked)
    if are_statements([name for name, _ in fields], words):
        fields, before, named = (), prompt, False
    return (
        _table(prompt, words, keys, fields, before)
        or _value(prompt, words, asked, keys, {} if named else dict(fields), is_open=not fields)
        or (_of_fields(fields, before, words, keys) if fields else None)
        or _number(prompt, keys)
        or _text(prompt, words, keys)
    )


def _table(prompt: str, words: Words, keys: set[str], fields: Fields, before: str) -> Form | None:
    style = next((each for each in (*_TABLES, "srt", "vtt") if each in keys), None)
    if style is None or (style == "table" and not fields and _MARK.search(prompt)):
        return None
    concept = "transcript" if style in ("srt", "vtt") else _concept(words, before) or _concept(words, prompt)
    return Form(style, Many(Row(fields)) if fields else None, before, concept, _limit(prompt))


def _value(
    prompt: str, words: Words, asked: Sequence[Found], keys: set[str], fields: dict[str, Shape], *, is_open: bool
) -> Form | None:
    """Return the form of an enumeration. What a list of `fields` has, too, is no field; `is_open`: there is none."""
    if is_open and _ONE_OR_ZERO.search(prompt) and not of_range(prompt):
        return Form("plain", Leaf("integer", ("1", "0")), re.sub(r"\d", " ", prompt))
    options, question = options_in(prompt, words, asked, keys)
    names, values = ({each.replace("_", " ") for each in listed} for listed in (fields, options))
    if options and (is_open or (names and names <= values)):
        return Form("plain", Leaf("string", options), question)
    return None


def _text(prompt: str, words: Words, keys: set[str]) -> Form:
    style = next((each for each in (*_LISTS, *_SHORT) if each in keys), "text")
    shape = Many(Leaf()) if "array" in keys or {"json", "list"} <= keys else None
    if shape or (style == "text" and "json" in keys):
        style = "json"
    elif style == "text" and "only" in keys:
        style = "only"
    return Form(style, shape, prompt, _concept(words, prompt), _limit(prompt))


def _of_fields(fields: Fields, before: str, words: Words, keys: set[str]) -> Form:
    concept, count = _concept(words, before), _limit(before)
    style = "json" if keys & {"json", "array"} else "text"
    rows = Many(Row(fields))
    if "array" in keys:
        return Form(style, rows, before, concept, count)
    if concept and keys & {"each", "list"}:
        return Form(style, Row(((_group(concept, before, words), rows),)), before, concept, count)
    return Form(style, Row(fields), before, concept, count)


def _group(concept: str, before: str, words: Words) -> str:
    """Return the key of an array: the word of the prompt for its rows, in the plural."""
    names = [before[found.start : found.end] for found in words.ask.find(before) if found.key == concept]
    name = next(iter(names), concept).lower().replace(" ", "_")
    return name if name.endswith("s") or not name.isascii() or name in ("people", "dialogue") else f"{name}s"


def _concept(words: Words, text: str) -> str | None:
    """Return what a text asks a list of: the first such concept."""
    keys = [found.key for found in words.ask.find(text)]
    others = (
        concept for key, concept in (("brand", "products"), ("price", "products"), ("text", "ocr")) if key in keys
    )
    return next((key for key in keys if key in LISTED), next(others, None))


def _limit(text: str) -> int | None:
    """Return the number in "top 3", "exactly five", "5 tags": how many members a list has."""
    numbers = [int(match[1]) for match in _NUMBER.finditer(text) if not _OTHER.match(text[match.end() :].lstrip())]
    numbers += [int(found.key) for found in counts().find(text)]
    return numbers[0] if numbers and 0 < numbers[0] <= _MOST else None


def _number(prompt: str, keys: set[str]) -> Form | None:
    limits = of_range(prompt)
    numeral = keys & {"numeral", "number"}
    asked = keys & {"only", "how_many"} if numeral else "only" in keys and "how_many" in keys
    wanted = asked or (limits and (numeral or "only" in keys))
    return Form("plain", Leaf("integer", (), *(limits or (None, None))), prompt) if wanted else None
