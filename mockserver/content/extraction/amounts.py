# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The amounts in a prompt: how many sentences, words, bullets or entries the answer has."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mockserver.content.extraction.vocabulary import Found
from mockserver.content.extraction.words import Words

# Keys of words for units. A number before any other word limits nothing, unless a list is asked for.
UNITS = frozenset(("sentences", "words", "characters", "paragraphs", "bullets", "points"))
# Number and unit in one, or the number behind the unit.
_IDIOMS = {
    "one-liner": ("sentences", 1), "tweet": ("characters", 280), "in a sentence": ("sentences", 1),
    "in a word": ("words", 1), "in a single word": ("words", 1), "in a paragraph": ("paragraphs", 1),
    "جملتين": ("sentences", 2), "جملة واحدة": ("sentences", 1), "كلمتين": ("words", 2), "كلمة واحدة": ("words", 1),
    "نقطتين": ("points", 2), "فقرتين": ("paragraphs", 2), "فقرة واحدة": ("paragraphs", 1), "一言": ("words", 1),
    "一語": ("words", 1), "ひとこと": ("words", 1), "一文": ("sentences", 1),
}  # fmt: skip
_CLAUSE = re.compile(r"[,;!?\n。！？；，、]|[.:](?!\d)")
_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'(?=[^\W\d_]))?")
# A number at the end of a run of letters, with the word that counts things in Chinese, Japanese and Korean.
_SOLID = re.compile(r"([一二两兩三四五六七八九十]|(?<!\d)\d{1,3})(?:つの|個の|个|個|条|條|项|項|句|段|가지|개의?|の)?$")
_COUNTED = re.compile(r"(?:を|が|は|를|을)?\s?([一二三四五六七八九十]|(?<!\d)\d{1,3})(?:つ|個|点|개|가지)")
_CLASSIFIERS = frozenset(("つの", "個の", "个", "個", "条", "條", "项", "項", "가지", "개의", "개", "つ", "の", "個"))
_LAST = re.compile(
    r"(?i)(?:\b(?:max(?:imum|imal)?|top|exactly|at most|up to|no more than|limit(?:ed)? to|genau|höchstens|au plus|"
    r"exactement|máximo|exactamente|exatamente|как максимум|максимум|ровно|не более|بحد أقصى)|"
    r"最多|不超过|不超過|최대|最大)"
    r"\W{0,3}(\d{1,2}|[^\W\d_]+)\W*(?=$|[,;.)\n])"
)
_EXACT = re.compile(
    r"(?i)\b(?:exactly|precisely|genau|exactement|exactamente|exatamente|ровно)\W+$|(?:正好|ちょうど|정확히)\s?$"
)
_STRICT = re.compile(
    r"(?i)\b(?:under|below|less than|fewer than|shorter than|unter|weniger als|moins de|menos de|menor que|менее|"
    r"меньше|أقل من)\W+$|(?:少于|少於)\s?$"
)
_BETWEEN = 2  # words that can be between a number and its unit
_REACH = 40  # characters
_MOST, _MOST_WORDS = 40, 2000


class Amount(NamedTuple):
    """How many: at most `number`, or just as many if it is `exact`."""

    number: int
    exact: bool = False


Amounts = dict[str, Amount]


def amounts_in(text: str, words: Words, listed: frozenset[str]) -> Amounts:
    """Return the amounts of a text by unit. `items` are the entries of a list; `listed` are the keys of their words."""
    amounts: Amounts = {}
    for unit, amount in _found(text, words, listed):
        amounts.setdefault(unit, amount)
    return amounts


def _found(text: str, words: Words, listed: frozenset[str]) -> Iterator[tuple[str, Amount]]:
    for idiom, (unit, number) in _IDIOMS.items():
        if idiom in text.lower():
            yield unit, Amount(number)
    asked = words.ask.find(text)
    for found in asked:
        if found.key in UNITS or found.key in listed:
            # "under 60 characters" is one phrase: characters alone are people.
            start = found.start + text[found.start : found.end].rfind(" ") + 1
            amount = _before(text, start, words) or _behind(text, found.end, words)
            if amount and (found.key in UNITS or amount.number <= _MOST):
                yield found.key if found.key in UNITS else "items", amount
    for last in _LAST.finditer(text):
        number = int(last[1]) if last[1].isdecimal() else words.counts.get(last[1].lower(), 0)
        if 0 < number <= _MOST:
            yield "items", Amount(number)
    if not any(found.key in UNITS for found in asked):
        yield from _requested(text, asked, words)


def _requested(text: str, asked: list[Found], words: Words) -> Iterator[tuple[str, Amount]]:
    """Yield the number behind a request for several things that have no name here: "give me three facts"."""
    for found in asked:
        if found.key == "task":
            tokens = [token.lower() for token in _TOKEN.findall(text[found.end : found.end + _REACH])]
            head = next((token for token in tokens if token not in words.function or token in words.counts), "")
            number = words.counts.get(head, 0) if not head.isdecimal() else int(head)
            follows = tokens[tokens.index(head) + 1 :] if head else []
            if 1 < number <= _MOST and follows and follows[0] not in words.function:
                yield "items", Amount(number)


def _before(text: str, at: int, words: Words) -> Amount | None:
    """Return the number in front of a unit, with at most two words between, as in "three short sentences"."""
    start = max(at - _REACH, 0)
    clause = _CLAUSE.split(text[start:at])[-1]
    base = at - len(clause)
    if solid := _SOLID.search(clause.rstrip()):
        return _amount(text, base + solid.start(1), solid[1], words)
    tokens = [token for token in _TOKEN.finditer(clause) if token[0] not in _CLASSIFIERS][-_BETWEEN - 1 :]
    for token in reversed(tokens):
        word = token[0].lower()
        if word.isdecimal() or word in words.counts:
            return _amount(text, base + token.start(), word, words)
        if word in words.function or word.isdecimal():
            return None
    return None


def _behind(text: str, at: int, words: Words) -> Amount | None:
    """Return the number behind a unit in Japanese and Korean, as in "ポイントを3つ"."""
    match = _COUNTED.match(text, at)
    return _amount(text, match.start(1), match[1], words) if match else None


def _amount(text: str, at: int, word: str, words: Words) -> Amount | None:
    number = int(word) if word.isdecimal() else words.counts.get(word, 0)
    if _STRICT.search(text[:at]):
        number -= 1
    if not 0 < number <= _MOST_WORDS or re.search(r"\d[:.]$", text[:at]):
        return None
    return Amount(number, _EXACT.search(text[:at]) is not None)
