"""Facts as values of a type, as JSON and as one line of text."""

from typing import Any

from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.rows import Fact, Moment, Seconds
from mockserver.content.extraction.shapes import Leaf
from mockserver.content.timing import clock

NUMERIC = ("integer", "number", "count")
_HOURS = 3  # parts of a time with hours


def main(value: Any) -> Any:
    """Return the main fact of a row: its first."""
    return next(iter(value.values())) if isinstance(value, dict) and value else value


def entry(value: Any, leaf: Leaf) -> Any:
    """Return what an array has for a row: its main fact. If that is a time, it is the row or its text, by the type."""
    if not isinstance(value, Fact) or not isinstance(main(value), Moment):
        return main(value)
    return value if leaf.kind == "any" else value.fact("text")


def typed(value: Any, leaf: Leaf, facts: Facts) -> Any:
    """Return a fact with the type of a leaf. What the video does not show is empty, 0, or null if that is allowed."""
    if leaf.kind in NUMERIC:
        amount = len(value) if isinstance(value, list) else value
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            return None if leaf.nullable else 0
        whole = isinstance(amount, Seconds) and leaf.kind in ("integer", "count")
        amount = round(float(amount), 2)
        return int(amount) if whole or amount.is_integer() else round(amount) if leaf.kind == "integer" else amount
    if leaf.clock and isinstance(value, Moment):
        hours, minutes = divmod(int(value) // 60, 60)
        return f"{hours:02}:{minutes:02}:{int(value) % 60:02}" if leaf.clock == _HOURS else clock(value)
    if leaf.kind == "string":
        return "" if value is None and not leaf.nullable else value if value is None else text_of(value, facts)
    if leaf.kind == "null":
        return None
    return plain(value)


def plain(value: Any) -> Any:
    """Return a fact as JSON has it, with times as text."""
    if isinstance(value, Moment):
        return clock(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value


def text_of(value: Any, facts: Facts) -> str:
    """Return a fact as one line of text in the language of the answer."""
    if isinstance(value, Moment):
        return clock(value)
    if isinstance(value, bool):
        return facts.words.say["yes" if value else "no"]
    if isinstance(value, list):
        return facts.locale.comma.join(text_of(main(each), facts) for each in value) or facts.words.say["none"]
    if value is None:
        return facts.words.say["none"]
    return f"{value:g}" if isinstance(value, float) else str(value)
