"""The form that a prompt asks for: JSON of some shape, one of several values, a number, CSV, a list, or text."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from mockserver.content.extraction.shapes import Leaf, Many, Row, Shape, is_schema, of_range, of_schema, of_template, of_text
from mockserver.content.extraction.template import template
from mockserver.content.extraction.vocabulary import SOLID, Found
from mockserver.content.extraction.words import Words, counts

_TABLES = ("csv", "tsv", "table")
_LISTS = ("comma", "lines", "bullets", "numbered")
_SHORT = ("srt", "vtt", "one_word", "one_sentence")
# Facts that are lists of rows or of texts.
LISTED = (
    "events", "products", "quotes", "transcript", "people", "speaker", "objects", "ingredients", "ocr", "topics",
    "takeaways", "tips", "colors", "effects", "sound",
)  # fmt: skip
_OPTION = r"[\"'`“„«]?([^\W_][\w-]*)[\"'`”“»]?"
_QUOTED = re.compile(r"[\"'`“„«「]([^\"'`”“„»«」\n]{1,40})[\"'`”“»」]")
_SENTENCE = re.compile(r"[.;。；!?？！؟](?=\s|$|[^\x00-\x7f])|\n\s*\n")
# Words that are options in a question such as "Is it day or night?".
_STATEMENTS = frozenset(
    ("yes", "no", "true", "false", "positive", "neutral", "negative", "mixed", "outdoor", "indoor", "day", "night",
     "safe", "unsafe")
)  # fmt: skip
_MARK = re.compile("[?？؟]")
_LONGEST = 3
_TRIED = 6  # words of a kind after which a list is looked for
_MOST = 40


class Form(NamedTuple):
    """The form of an answer: how it is written, its shape, and the rest of the prompt, which says what is asked.

    `style` is `json`, `plain` for one value, `csv`, `tsv`, `table`, `comma`, `lines`, `bullets`, `numbered`, `srt`,
    `vtt`, `one_word`, `one_sentence`, `only` for one fact, or `text`. `concept` is what the rows are about.
    """

    style: str
    shape: Shape | None
    question: str
    concept: str | None = None
    count: int | None = None


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
    return _worded(prompt, words, asked, keys)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _worded(prompt: str, words: Words, asked: Sequence[Found], keys: set[str]) -> Form:
    concept, count = _concept(words, prompt), _limit(prompt)
    fields, before, named = _fields(prompt, words, asked)
    style = next((each for each in (*_TABLES, *_SHORT) if each in keys), None)
    if style in ("srt", "vtt"):
        return Form(style, None, prompt, "transcript")
    if style in _TABLES and (fields or style != "table" or not _MARK.search(prompt)):
        return Form(style, Many(Row(fields)) if fields else None, before, _concept(words, before) or concept, count)
    options, question = _options(prompt, words, asked, keys)
    if re.search(r"(?<!\d)1\D+?(?<!\d)0(?!\d)|(?<!\d)0\D+?(?<!\d)1(?!\d)", prompt) and not of_range(prompt) and not fields:
        return Form("plain", Leaf("integer", ("1", "0")), re.sub(r"\d", " ", prompt))
    same = {name.replace("_", " ") for name, _ in fields} <= {option.replace("_", " ") for option in options}
    if options and same and not named:
        return Form("plain", Leaf("string", options), question)
    if fields:
        return _of_fields(fields, before, words, keys, count)
    if _is_number(prompt, keys):
        limits = of_range(prompt) or (None, None)
        return Form("plain", Leaf("integer", (), *limits), prompt)
    style = next((each for each in (*_LISTS, *_SHORT) if each in keys), "text")
    if "array" in keys or ("json" in keys and "list" in keys):
        return Form("json", Many(Leaf()), prompt, concept, count)
    if style == "text" and "only" in keys and "json" not in keys:
        style = "only"
    return Form("json" if style == "text" and "json" in keys else style, None, prompt, concept, count)


def _of_fields(fields: tuple[tuple[str, Shape], ...], before: str, words: Words, keys: set[str], count: int | None) -> Form:
    concept = _concept(words, before)
    style = "json" if keys & {"json", "array"} else "text"
    if "array" in keys:
        return Form("json", Many(Row(fields)), before, concept, count)
    if concept and "each" in keys or (concept and "list" in keys):
        return Form(style, Row(((_group(concept, before, words), Many(Row(fields))),)), before, concept, count)
    return Form(style, Row(fields), before, concept, count)


def _group(concept: str, before: str, words: Words) -> str:
    word = next(found for found in words.ask.find(before) if found.key == concept)
    name = before[word.start : word.end].lower().replace(" ", "_")
    return name if name.endswith("s") or not name.isascii() or name in ("people", "dialogue") else f"{name}s"


def _concept(words: Words, text: str) -> str | None:
    """Return what a text asks a list of: the first such concept."""
    keys = [found.key for found in words.ask.find(text)]
    others = (concept for key, concept in (("brand", "products"), ("price", "products"), ("text", "ocr")) if key in keys)
    return next((key for key in keys if key in LISTED), next(others, None))


def _limit(text: str) -> int | None:
    """Return the number in "top 3", "exactly five", "5 tags": how many members a list has."""
    match = re.search(r"(?<![\da-zA-Z:.\-–])(\d{1,2})(?!\d|\s*(?:[-–:.%]\s*\d|[^\W\d]*\s*\d))(?!\s*(?:words?|seconds?|minutes?)\b)", text)
    if match is None:
        named = counts().find(text)
        return int(named[0].key) if named else None
    return int(match[1]) if 0 < int(match[1]) <= _MOST else None


def _is_number(prompt: str, keys: set[str]) -> bool:
    limits = of_range(prompt) is not None
    if "numeral" in keys:
        return bool(keys & {"only", "how_many"}) or limits
    return "only" in keys and ("how_many" in keys or limits)


def _fields(prompt: str, words: Words, asked: Sequence[Found]) -> tuple[tuple[tuple[str, Shape], ...], str, bool]:
    """Return the fields that a prompt lists, the prompt without them, and whether it calls them fields.

    There are at least two, of at most three words each.
    """
    for key in ("fields", "with", "task"):
        for found in [found for found in asked if found.key == key][:_TRIED]:
            rest = prompt[found.end :]
            end = _SENTENCE.search(rest)
            segment = rest[: end.start() if end else len(rest)]
            asks = end is not None and end[0] in "?？؟"
            members = {} if asks else _members(segment, words)
            clear = key != "task" or _are_names(members, words)
            if len(members) > 1 and clear and not _are_statements(list(members), words):
                return tuple(members.items()), prompt[: found.start] + " " + rest[len(segment) :], key == "fields"
    return (), prompt, False


def _are_names(members: dict[str, Shape], words: Words) -> bool:
    keys = [{found.key for found in words.ask.find(name.replace("_", " "))} for name in members]
    known = sum(bool(each) or "_" in name for each, name in zip(keys, members, strict=True))
    return known * 2 >= len(members) and not any(each & {*_LISTS, *_SHORT} for each in keys)


def _members(segment: str, words: Words) -> dict[str, Shape]:
    members: dict[str, Shape] = {}
    outside = re.sub(r"\([^)]*\)", " ", segment[:400])
    if any(found.key == "or" for found in words.ask.find(outside)):
        return {}
    separator = _separator(words, ("and",)) + r"(?![^()]*\))"
    parts = re.split(separator, re.sub(r"^\s*(?:[:：は]|는|은)?\s*", "", segment)[:400])
    for number, part in enumerate(parts):
        spec = re.search(r"\(([^)]*)\)|:\s*(\w+)$", part)
        name = part[: spec.start()] if spec else part
        kept = _name(name, words, last=number == len(parts) - 1)
        if kept == "" and spec:  # "the following: name"
            kept, spec = _name(part, words, last=True), None
        if kept is None:
            return {}
        if kept:
            inner = (spec[1] or spec[2]) if spec else None
            members[re.sub(r"[\s-]+", "_", kept)[:40]] = _specified(inner, words) if inner else Leaf()
    return members


def _name(text: str, words: Words, *, last: bool) -> str | None:
    """Return a member of a list without function words around it; None for a clause."""
    tokens = [token.strip(" \t\n\"'`()[]{}*-•“”„«»:：") for token in text.split()]
    tokens = [token for token in tokens if token]
    while tokens and tokens[0].lower() in words.function:
        tokens.pop(0)
    inner = next((n for n, token in enumerate(tokens) if token.lower() in words.function), len(tokens))
    if (inner < len(tokens) and not last) or inner > _LONGEST:
        return None
    return " ".join(tokens[:inner]) if all(re.fullmatch(r"[\w-]+", token) for token in tokens[:inner]) else None


def _specified(text: str, words: Words) -> Shape:
    options = [part for part in re.split(_separator(words, ("or",)), text) if part]
    return Leaf("string", tuple(option.strip("\"'` ") for option in options)) if len(options) > 1 else of_text(text)


def _separator(words: Words, keys: Sequence[str]) -> str:
    """Return the pattern between members of a list: a comma, or the words for "and" or "or"."""
    stems = [stem for key in keys for stem in words.asked[key].split()] + list(keys)
    solid = "|".join(re.escape(stem) for stem in stems if SOLID.search(stem))
    plain = "|".join(re.escape(stem.replace("_", " ")) for stem in stems if not SOLID.search(stem))
    return rf"(?i)\s*(?:[,،、，|/;](?:\s*\b(?:{plain})\b)?|&|\b(?:{plain})\b{'|' + solid if solid else ''})\s*"


def _options(prompt: str, words: Words, asked: Sequence[Found], keys: set[str]) -> tuple[tuple[str, ...], str]:
    """Return the values of which the answer must be one, and the prompt without them."""
    runs = []
    for options, start, end in _candidates(prompt, words, asked, bool(keys & {"choose", "only"})):
        distinct = tuple(dict.fromkeys(option for option in options if option))
        if 1 < len(distinct) <= _MOST:
            runs.append((_are_statements(distinct, words), distinct, prompt[:start] + " " + prompt[end:]))
    statements = {found.key: prompt[found.start : found.end] for found in asked if found.key in _STATEMENTS - {"no"}}
    if not runs and len(statements) > 1 and keys & {"or", "one_word", "only", "choose"}:
        runs.append((True, tuple(statements.values()), prompt))
    # Of "violence or weapons? Answer yes or no" the last are the options.
    best = max(enumerate(runs), key=lambda run: (run[1][0], run[0]), default=None)
    return best[1][1:] if best else ((), prompt)


def _candidates(
    prompt: str, words: Words, asked: Sequence[Found], closed: bool
) -> Iterator[tuple[Sequence[str], int, int]]:
    for pattern in (rf"{_OPTION}(?:\s*\|\s*{_OPTION})+", rf"(?<![\w:/.]){_OPTION}(?:\s?/\s?{_OPTION})+(?![\w/])"):
        for run in islice(re.finditer(pattern, prompt), _MOST):
            options = [option.strip("\"'`“”„«» ") for option in re.split(r"[|/]", run[0])]
            if "|" in run[0] or closed or _are_statements(options, words):
                yield options, *run.span()
    yield from _quoted(prompt, words)
    if closed:
        yield from _after_colon(prompt, words)
    joined = _separator(words, ("or",))
    word = r"[\"'`“„«]?[^\W_][\w-]*[\"'`”“»]?"
    for run in islice(re.finditer(rf"{word}(?:{joined[4:]}{word})+", prompt, re.IGNORECASE), _MOST):
        options = [_trimmed(part.strip("\"'`“”„«»"), words) for part in re.split(joined, run[0])]
        statements = _are_statements(options, words)
        conjunction = any(found.key == "or" and run.start() <= found.start < run.end() for found in asked)
        if (conjunction and (closed or statements)) or (closed and statements):
            yield options, *run.span()


def _quoted(prompt: str, words: Words) -> Iterator[tuple[Sequence[str], int, int]]:
    between = re.compile(_separator(words, ("or", "and")))
    run: list[re.Match[str]] = []
    for quote in _QUOTED.finditer(prompt):
        if run and not between.fullmatch(prompt, run[-1].end(), quote.start()):
            run = []
        run.append(quote)
        following = between.match(prompt, quote.end())
        if len(run) > 1 and not (following and _QUOTED.match(prompt, following.end())):
            yield [each[1].strip() for each in run], run[0].start(), quote.end()


def _after_colon(prompt: str, words: Words) -> Iterator[tuple[Sequence[str], int, int]]:
    for colon in re.finditer(r"[:：(\[]\s*([^\n.。?？)\]]+)", prompt):
        parts = [part.strip(" \"'`“”„«»[]()") for part in re.split(_separator(words, ("or", "and")), colon[1])]
        parts = [part for part in parts if part]
        if len(parts) > 1 and all(len(part.split()) <= _LONGEST for part in parts):
            yield parts, *colon.span(1)


def _are_statements(options: Sequence[str], words: Words) -> bool:
    keys = [{found.key for found in words.ask.find(option)} for option in options]
    return all(each & _STATEMENTS for each in keys)


def _trimmed(option: str, words: Words) -> str:
    """Return an option without what is written together with it in Arabic and in scripts without spaces."""
    found = [each for each in words.ask.find(option) if each.key in _STATEMENTS]
    if found and SOLID.search(option):
        return option[found[0].start : found[0].end]
    return option.removeprefix("ب") if found else option
