"""The amounts in instructions: how many words, characters, sentences or tags a text may or must have."""

import re
from functools import cache
from typing import NamedTuple

from mockserver.content.instructions import patterns
from mockserver.content.instructions.patterns import compiled, has

_ABOUT = 0.8  # the least that "about" is
# Numbers that are written together with what is before them.
_SOLID = "一二两兩三四五六七八九十두세네"


class Amount(NamedTuple):
    """How many of a unit: at least `least`, at most `most`."""

    unit: str
    least: int | None
    most: int | None


def amounts_in(clause: str) -> list[Amount]:
    """Return the amounts in a clause."""
    if not has(rf"\d|{_number_words()}", clause):
        return []  # Each unit has a pattern of its own, and most clauses have no number.
    return [amount for unit in patterns.UNITS if (amount := _amount(clause, unit)) is not None]


def _amount(clause: str, unit: str) -> Amount | None:
    found = list(_pattern(unit).finditer(clause))
    if not found:
        return None
    one = max(found, key=lambda match: _value(match["behind"] or match["two"] or match["one"]))
    high = _value(one["behind"] or one["two"] or one["one"])
    low = _value(one["one"]) if one["two"] else None
    before = clause[: one.start()]
    negated = has(patterns.NOT, clause)
    if has(patterns.AT_LEAST, clause) or has(patterns.LESS_THAN if negated else patterns.MORE_THAN, clause):
        return Amount(unit, high, None)
    if has(patterns.EXACTLY, before):
        low = high
    elif has(patterns.APPROXIMATELY, before):
        low = int(high * _ABOUT)
    elif has(patterns.LESS_THAN, before):
        high = max(high - 1, 1)
    return Amount(unit, low, high)


@cache
def _number_words() -> str:
    """Return a pattern of the numbers that are written as words."""
    words = "|".join(sorted((word for word in patterns.NUMBERS if word not in _SOLID), key=len, reverse=True))
    return rf"(?<!\w)(?:{words})|[{_SOLID}]"


@cache
def _pattern(unit: str) -> re.Pattern[str]:
    number = rf"(?:(?<![\d.A-Za-z])\d{{1,4}}|{_number_words()})"
    between = r"\s?(?:to|-|–|or|and|bis|und|à|et|a|y|e|до|и|到|至|から|~|〜)\s?"
    in_front = rf"(?P<one>{number})(?:{between}(?P<two>\d{{1,4}}))?(?:{patterns.UNITS[unit]})"
    return compiled(rf"{in_front}|(?:^|\b)(?:{patterns.UNITS[unit]}){patterns.LIMIT_OF}(?P<behind>\d{{1,4}})")


def _value(number: str) -> int:
    return int(number) if number.isdigit() else patterns.NUMBERS.get(number.lower(), 1)
