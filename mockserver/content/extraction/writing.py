"""Writes facts as text: lines, lists, tables and subtitles."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.judge import spaced
from mockserver.content.extraction.rows import Fact, Moment
from mockserver.content.extraction.values import text_of
from mockserver.content.timing import clock

_SEMICOLON = ("semicolon", "semikolon", "punto y coma", "ponto e vírgula", "point-virgule", "分号", "分號")
_MARKS = {"bullets": "- ", "numbered": "{}. "}


def line(value: Any, facts: Facts) -> str:
    """Return an entry of a list as one line: times first, then who speaks, then the text."""
    if not isinstance(value, dict):
        return text_of(value, facts)
    if "question" in value:
        return f"{value['question']} – {text_of(value['answer'], facts)}" if facts.answers else str(value["question"])
    if "price" in value:
        return facts.locale.comma.join((value["name"], value["brand"], f"{value['price']:.2f} {value['currency']}"))
    if "timestamp" in value:
        time = f"[{clock(value['timestamp'])}] " if facts.times else ""
        return f"{time}{value['speaker']}: {value.get('text') or value['quote']}"
    if "start" in value:
        return f"[{clock(value['start'])}–{clock(value['end'])}] {value['description']}"
    return f"{value['name']} ({value['count']})" if value.get("count", 1) > 1 else str(value["name"])


def body(value: Any, facts: Facts) -> str:
    """Return a fact as text: lists with a line for each entry."""
    if isinstance(value, list) and value:
        return "\n".join(
            f"- {_pairs(each, facts) if isinstance(each, dict) else text_of(each, facts)}" for each in value
        )
    return _pairs(value, facts) if isinstance(value, dict) else text_of(value, facts)


def _pairs(value: dict[str, Any], facts: Facts) -> str:
    if isinstance(value, Fact):
        return line(value, facts)
    return "; ".join(f"{spaced(key).capitalize()}: {text_of(part, facts)}" for key, part in value.items())


def sections(parts: dict[str, Any], facts: Facts, *, lines: bool = True) -> str:
    """Return facts under their labels: a section each, or in `lines` a line each if none of them is a list."""
    if lines and not any(isinstance(value, list | dict) for value in parts.values()):
        return "\n".join(f"- {label}: {text_of(value, facts)}" for label, value in parts.items())
    bodies = [f"**{label}**\n{body(value, facts)}" for label, value in parts.items()]
    return "\n\n".join(bodies) if len(bodies) > 1 else body(next(iter(parts.values())), facts)


def listed(items: list[str], style: str) -> str:
    """Return a list with commas, or with a line for each item: `bullets`, `numbered` or plain."""
    if style == "comma":
        return ", ".join(items)
    mark = _MARKS.get(style, "")
    return "\n".join(f"{mark.format(number)}{item}" for number, item in enumerate(items, 1))


def _cell(value: Any, facts: Facts) -> str:
    if isinstance(value, list):
        return "; ".join(text_of(each, facts) for each in value)
    return "" if value is None else text_of(value, facts)


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], style: str, prompt: str, facts: Facts) -> str:
    """Return a table in Markdown (`table`), or as `csv` or `tsv`. Only the prompt can ask for semicolons."""
    texts = [list(header), *([_cell(value, facts) for value in row] for row in rows)]
    if style == "table":
        lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in texts]
        return "\n".join([lines[0], "|" + " --- |" * len(header), *lines[1:]])
    semicolons = ";".join(header) in prompt.replace("; ", ";") or any(word in prompt.lower() for word in _SEMICOLON)
    written = io.StringIO()
    delimiter = "\t" if style == "tsv" else ";" if semicolons else ","
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows(texts)
    return written.getvalue().rstrip("\n")


def yaml(value: Any) -> str:
    """Return data as a YAML document."""
    from yaml import safe_dump  # few prompts ask for it

    # Facts are kinds of dict, int and float that YAML would have tags for.
    return str(safe_dump(json.loads(json.dumps(value)), allow_unicode=True, sort_keys=False, width=1_000)).rstrip("\n")


def subtitles(facts: Facts, style: str) -> str:
    """Return the spoken lines as a file of subtitles, `srt` or `vtt`."""
    blocks = []
    for number, line in enumerate(facts.lines(), 1):
        start, end = (_stamp(line.fact(name), "," if style == "srt" else ".") for name in ("time", "end"))
        blocks.append(f"{number}\n{start} --> {end}\n{line['quote']}")
    return "\n\n".join(blocks if style == "srt" else ["WEBVTT", *blocks])


def _stamp(at: Moment, mark: str) -> str:
    minutes, millis = divmod(int(at * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{millis // 1000:02}{mark}{millis % 1000:03}"
