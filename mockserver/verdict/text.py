"""A verdict as text for a terminal."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from mockserver.verdict.parts import Part, documented, failures, requests, summary

_WIDTH = 110


def text(parts: Sequence[Part], *, named: bool = False) -> str:
    """Return the findings of all parts, each with its requests, the documented rule and what to do instead.

    With `named`, each part has its name as a heading, and parts without findings are left out.
    """
    lines: list[str] = []
    for part in parts:
        if named and not part.findings:
            continue
        if named:
            lines += [part.name, ""]
        lines += _part(part)
    return "\n".join([*lines, summary(parts)]) + "\n"


def _part(part: Part) -> Iterator[str]:
    for finding in part.findings:
        yield from _wrapped(f"{finding['severity']} {finding['rule']}: {finding['message']}", "", "  ")
        about, row = requests(finding), documented(finding)
        if about:
            yield from _wrapped(about, "  ", "    ")
        if row is not None:
            yield from _wrapped(f"documented: {row}", "  ", "    ")
        yield from _wrapped(f"instead: {finding['instead']}", "  ", "    ")
        yield ""
    failed = failures(part)
    if failed is not None:
        yield from _wrapped(failed, "", "  ")
    if not part.data["complete"]:
        yield "The oldest entries of the journal have been dropped, so the verdict is on the rest."


def _wrapped(line: str, first: str, others: str) -> list[str]:
    return wrap(line, _WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False)
