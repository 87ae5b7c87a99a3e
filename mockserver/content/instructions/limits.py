"""The amounts in instructions: how many words, characters, sentences or tags a text may or must have."""

import re
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


def _pattern(unit: str) -> re.Pattern[str]:
    numbers = "|".join(sorted((word for word in patterns.NUMBERS if word not in _SOLID), key=len, reverse=True))
    number = rf"(?:(?<![\d.A-Za-z])\d{{1,4}}|(?<!\w)(?:{numbers})|[{_SOLID}])"
    between = r"\s?(?:to|-|–|or|and|bis|und|à|et|a|y|e|до|и|到|至|から|~|〜)\s?"
    in_front = rf"(?P<one>{number})(?:{between}(?P<two>\d{{1,4}}))?(?:{patterns.UNITS[unit]})"
    return compiled(rf"{in_front}|(?:^|\b)(?:{patterns.UNITS[unit]}){patterns.LIMIT_OF}(?P<behind>\d{{1,4}})")


def _value(number: str) -> int:
    return int(number) if number.isdigit() else patterns.NUMBERS.get(number.lower(), 1)
