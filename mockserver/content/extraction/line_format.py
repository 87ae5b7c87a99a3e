# ruff: noqa: RUF001 — marks of other scripts are meant.
"""Lines that a prompt gives a format for, such as `MM:SS - Title` or `[HH:MM:SS] Speaker: text`."""

import re
from collections.abc import Iterable

from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.rows import Fact

_TIME = r"(?:HH?:MM:SS|MM?:SS|0?\d:\d\d(?::\d\d)?)"
# Brackets, a time, perhaps the end, what is between the time and the text, and the text: words or a placeholder.
_FORMAT = re.compile(
    rf"(?P<open>[\[(]?)(?P<start>HH?:MM:SS|MM?:SS|0?0:00(?::00)?)(?:(?P<to>\s?(?:-->|[-–—])\s?){_TIME})?"
    r"(?P<close>[\])]?)(?P<between>\s?[-–—:|]\s?|\s)(?P<text>[\[{<(]?[^\W\d][^\n]*)",
    re.IGNORECASE,
)
# After an example of a time, these words are a sentence and no format.
_SENTENCE = re.compile(r"(?:to|and|until|bis|und|à|et|a|y|e|do|mark|in|is|for|format|time\w*|zeit\w*)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:，、；،]")


def line_format(prompt: str) -> re.Match[str] | None:
    """Return the format of lines in a prompt, with the groups of `_FORMAT`, or None if it has none."""
    return next((found for found in _FORMAT.finditer(prompt) if not _SENTENCE.match(found["text"])), None)


def written(form: re.Match[str], rows: Iterable[Fact], facts: Facts) -> str:
    """Return a line for each row: with its speaker, its title, or its whole text, as the format asks."""
    keys = {found.key for found in facts.words.ask.find(form["text"])}
    # A bracket that is closed elsewhere is around the whole format: "(0:00 Intro)".
    opening, closing = (form["open"], form["close"]) if form["open"] and form["close"] else ("", "")
    lines = []
    for row in rows:
        text = str(row.fact("text") or row.fact("quote") or row.fact("description") or row.fact("name"))
        if keys & {"speaker", "people"} and row.fact("speaker"):
            text = f"{row.fact('speaker')}: {text}"
        elif "title" in keys or not keys:
            text = _CLAUSE.split(text)[0].rstrip(".。")
        times = [row.fact("start") or row.fact("time")] + [row.fact("end")] * (form["to"] is not None)
        written = (form["to"] or "").join(_time(float(time or 0), form["start"]) for time in times)
        lines.append(f"{opening}{written}{closing}{form['between']}{text}")
    return "\n".join(lines)


def _time(seconds: float, form: str) -> str:
    minutes, rest = divmod(int(seconds), 60)
    if form.count(":") == 2 or minutes >= 60:
        return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if form.upper() in ("M:SS", "0:00") else f"{minutes:02}:{rest:02}"
