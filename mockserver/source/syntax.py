"""Turns errors of the YAML parser into messages for the author of the file."""

import re
from typing import NamedTuple

from yaml.error import Mark, MarkedYAMLError

from mockserver.source.document import Position, SourceError
from mockserver.source.suggestions import clip


class _Hint(NamedTuple):
    pattern: str  # searched in "context: problem", as libyaml or PyYAML words it
    at_start: bool  # report the position where the construct begins, not where the parser stopped
    message: str
    suggestion: str = ""


QUOTE = "put it in quotes if it is a string"
_HINTS = (
    _Hint("scanning an alias", True, "'*' begins an alias, and aliases are not supported", QUOTE),
    _Hint("scanning an anchor", True, "'&' begins an anchor, and anchors are not supported", QUOTE),
    _Hint("(scanning|parsing) a tag", True, "'!' begins a tag, and tags are not supported", QUOTE),
    _Hint(
        "mapping values are not allowed",
        False,
        "a ':' is not allowed here",
        "indent the key like its neighbours, or put a string that contains ': ' in quotes",
    ),
    _Hint("entries are not allowed", False, "a list cannot begin here", "start it on a new line"),
    _Hint("quoted scalar: .*unexpected (end of stream|document)", True, "this quote is not closed"),
    _Hint(
        "could not find expected ':'",
        True,
        "this is neither 'key: value' nor '- item'",
        "put a space after the ':' or the '-'",
    ),
    _Hint("quoted scalar: .*escape", False, "unknown escape in double quotes", r"write \\ or use single quotes"),
    _Hint("flow (sequence|mapping)", False, "expected ',' or the closing bracket"),
    _Hint(
        "parsing a block", False, "this line does not fit the lines above it", "check the indentation and the quotes"
    ),
    _Hint("document start>", False, "unexpected content after the value", "put the whole string in quotes"),
    _Hint("scanning a block scalar", False, "the text of '|' or '>' must begin on the next line, indented with spaces"),
)


def syntax_error(error: Exception, text: str, name: str, bracket: Position | None) -> SourceError:
    """Turn an error of the parser into a SourceError, with a hint for the most common mistakes.

    `bracket` is the position of the innermost bracket that was open where the parser stopped.
    """
    if not isinstance(error, MarkedYAMLError):
        return SourceError(name, Position(1, 1), f"not YAML: {clip(str(error), 200)}")
    stop = error.problem_mark or error.context_mark
    start = error.context_mark or stop
    problem = f"{error.context or ''}: {error.problem or ''}"
    if "cannot start any token" in problem and stop is not None:
        return SourceError(name, _at(stop), *_invalid_start(text[stop.index : stop.index + 1]))
    if "flow" in problem and stop is not None and stop.index >= len(text.rstrip()):
        return SourceError(name, bracket or _at(start), "this bracket is not closed")
    for hint in _HINTS:
        if re.search(hint.pattern, problem):
            return SourceError(name, _at(start if hint.at_start else stop), hint.message, hint.suggestion)
    return SourceError(name, _at(stop), f"not YAML: {clip(error.problem or 'cannot be parsed', 200)}")


def _invalid_start(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab is not allowed here", "indent with spaces"
    return f"a plain value cannot begin with {character!r}", QUOTE


def _at(mark: Mark | None) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
