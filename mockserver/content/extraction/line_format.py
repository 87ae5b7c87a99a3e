# ruff: noqa: RUF001 — letters of other scripts are meant.
"""Lines that a prompt gives a format for, such as `MM:SS - Title` or `[HH:MM:SS] Speaker: text`."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from mockserver.content.extraction.facts import Fact, Facts

_TIME = r"(?P<{0}>HH?:MM:SS|MM?:SS|0?0:00(?::00)?)"
# Brackets, a time, perhaps the end, what is between the time and the text, and the text: words or a placeholder.
_FORMAT = re.compile(
    r"(?P<open>[\[(]?)"
    + _TIME.format("start")
    + r"(?:(?P<to>\s?(?:-->|[-–—])\s?)(?:HH?:MM:SS|MM?:SS|0?\d:\d\d(?::\d\d)?))?"
    + r"(?P<close>[\])]?)(?P<between>\s?[-–—:|]\s?|\s)(?P<text>[\[{<(]?[^\W\d][^\n]*)",
)
# After an example of a time, these words are a sentence and no format.
_SENTENCE = re.compile(r"(?:to|and|until|bis|und|à|et|a|y|e|do|mark|in|is|for|format)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:，、；،]")


class LineFormat(NamedTuple):
    """How each line is written: its time with `hours` or one digit for minutes, and what is around it.

    `to` is between the start and the end; None if only the start is asked for. `text` is what the prompt has for the
    text of the line.
    """

    opening: str
    hours: bool
    short: bool
    to: str | None
    closing: str
    between: str
    text: str

    def line(self, row: Fact, text: str) -> str:
        """Return the line for a row that has a time."""
        times = [self._time(float(row.fact("start") or row.fact("time") or 0))]
        if self.to is not None:
            times.append(self._time(float(row.fact("end") or 0)))
        return f"{self.opening}{(self.to or '').join(times)}{self.closing}{self.between}{text}"

    def _time(self, seconds: float) -> str:
        minutes, rest = divmod(int(seconds), 60)
        if self.hours or minutes >= 60:
            return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"
        return f"{minutes}:{rest:02}" if self.short else f"{minutes:02}:{rest:02}"


def line_format(prompt: str) -> LineFormat | None:
    """Return the format of lines in a prompt, or None if it has none."""
    for found in _FORMAT.finditer(prompt):
        if _SENTENCE.match(found["text"]):
            continue
        # A bracket that is closed elsewhere is around the whole format: "(0:00 Intro)".
        brackets = (found["open"], found["close"]) if found["open"] and found["close"] else ("", "")
        start = found["start"]
        hours, short = start.count(":") == 2, start in ("M:SS", "0:00")
        return LineFormat(brackets[0], hours, short, found["to"], brackets[1], found["between"], found["text"])
    return None


def written(lines: LineFormat, rows: Iterable[Fact], facts: Facts) -> str:
    """Return a line for each row: with its speaker, its title, or its whole text, as the format asks."""
    keys = {found.key for found in facts.words.ask.find(lines.text)}
    texts = []
    for row in rows:
        text = str(row.fact("text") or row.fact("quote") or row.fact("description") or row.fact("name"))
        if keys & {"speaker", "people"} and row.fact("speaker"):
            text = f"{row.fact('speaker')}: {text}"
        elif "title" in keys or not keys:
            text = _CLAUSE.split(text)[0].rstrip(".。")
        texts.append(lines.line(row, text))
    return "\n".join(texts)
