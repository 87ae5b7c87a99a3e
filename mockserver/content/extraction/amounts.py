# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The amounts in a prompt: how many sentences, words, bullets or entries the answer has."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mockserver.content.extraction.vocabulary import Found
from mockserver.content.extraction.words import Words, common

# Keys of words for units. A number before any other word limits nothing, unless a list is asked for.
UNITS = frozenset(("sentences", "words", "characters", "paragraphs", "bullets", "points"))
_CLAUSE = re.compile(r"[,;!?\n。！？；，、]|[.:](?!\d)")
_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'(?=[^\W\d_]))?")
_NUMBER = r"([一二两兩三四五六七八九十]|(?<!\d)\d{1,3})"
# The words that count things in Chinese, Japanese and Korean.
_COUNTER = "(?:つの?|個の?|个|条|條|项|項|句|段|点|가지|개의?)"
COUNTED = re.compile(_NUMBER + _COUNTER)
_BEFORE = re.compile(rf"{_NUMBER}(?:{_COUNTER}[^\W\d_]{{0,5}}|の)?$")
_BEHIND = re.compile(rf"[をがは를을]?\s?{_NUMBER}{_COUNTER}")
_CLASSIFIER = re.compile(f"{_COUNTER}|の")
_BETWEEN, _REACH = 2, 40  # words, and characters, that can be between a number and its unit
_MOST, _MOST_WORDS = 40, 2000


class Amount(NamedTuple):
    """How many: at most `number`, or just as many if it is `exact`."""

    number: int
    exact: bool = False


Amounts = dict[str, Amount]


def amounts_in(text: str, words: Words, listed: frozenset[str]) -> Amounts:
    """Return the amounts of a text by unit, and by the keys `listed` of words for the entries of a list.

    `items` is the first number of entries.
    """
    amounts: Amounts = {}
    for unit, amount in _found(text, words, listed):
        amounts.setdefault(unit, amount)
    return amounts


def _found(text: str, words: Words, listed: frozenset[str]) -> Iterator[tuple[str, Amount]]:
    for idiom, (unit, number) in common()["idioms"].items():
        if idiom in text.lower():
            yield unit, Amount(number)
    asked = words.ask.find(text)
    for found in asked:
        if found.key in UNITS or found.key in listed:
            # "under 60 characters" is one phrase: characters alone are people.
            start = found.start + (text[found.start : found.end].rfind(" ") + 1 if found.key in UNITS else 0)
            amount = _in_front(text, start, words) or _amount(text, _BEHIND.match(text, found.end), words)
            if amount and (found.key in UNITS or amount.number <= _MOST):
                yield found.key, amount
                if found.key not in UNITS:
                    yield "items", amount
    for last in _limit("limit", rf"\W{{0,3}}(\d{{1,2}}|[^\W\d_]+){_COUNTER}?\W*(?=$|[,，;.。)\n])").finditer(text):
        number = words.number(last[1])
        if 0 < number <= _MOST:
            yield "items", Amount(number)
    if not any(found.key in UNITS for found in asked):
        yield from _requested(text, asked, words)


def _requested(text: str, asked: list[Found], words: Words) -> Iterator[tuple[str, Amount]]:
    """Yield the number behind a request for several things that have no name here: "give me three facts"."""
    for found in asked:
        if found.key == "task":
            tokens = [token.lower() for token in _TOKEN.findall(text[found.end : found.end + _REACH])]
            while tokens and tokens[0] in words.function and not words.number(tokens[0]):
                tokens.pop(0)
            number, noun = (words.number(tokens[0]), tokens[1]) if len(tokens) > 1 else (0, "")
            if 1 < number <= _MOST and noun not in words.function:
                yield "items", Amount(number)


def _in_front(text: str, at: int, words: Words) -> Amount | None:
    """Return the number in front of a unit, with at most two words between, as in "three short sentences"."""
    clause = _CLAUSE.split(text[max(at - _REACH, 0) : at])[-1]
    start = at - len(clause)
    if solid := _BEFORE.search(text, start, start + len(clause.rstrip())):
        return _amount(text, solid, words)
    tokens = [token for token in _TOKEN.finditer(text, start, at) if not _CLASSIFIER.fullmatch(token[0])]
    for token in reversed(tokens[-_BETWEEN - 1 :]):
        if words.number(token[0]):
            return _amount(text, token, words)
        if token[0].lower() in words.function or words.ask.meaning(token[0].lower()) in UNITS - {"bullets", "points"}:
            return None
    return None


def _amount(text: str, found: re.Match[str] | None, words: Words) -> Amount | None:
    """Return the number in a match, in its first group if there is one, with the limit in front of it."""
    if found is None:
        return None
    group = min(1, found.re.groups)
    before = text[: found.start(group)]
    number = words.number(found[group]) - bool(_limit("less", r"\W*$").search(before))
    if not 0 < number <= _MOST_WORDS:
        return None
    return Amount(number, _limit("exactly", r"\W*$").search(before) is not None)


def _limit(name: str, rest: str) -> re.Pattern[str]:
    """Return the pattern of the words for a limit and what follows them. `re` keeps compiled patterns."""
    spaced, solid = ("|".join(each) for each in common()[name])
    return re.compile(rf"(?i)(?:\b(?:{spaced})|{solid}){rest}")
