"""What a YAML parser's complaint means to the person who wrote the file."""

import re
from typing import NamedTuple

from yaml.error import Mark, MarkedYAMLError

from mockserver.source.document import Position, SourceError
from mockserver.source.suggestions import clip


class _Hint(NamedTuple):
    pattern: str  # found in "context: problem", in the words of libyaml or of PyYAML
    at_start: bool  # blame the place where the construct began, rather than where the parser gave up
    message: str
    suggestion: str = ""


QUOTE = "put it in quotes if it is a text"
_HINTS = (
    _Hint("scanning an alias", True, "'*' begins an alias, and aliases are not supported", QUOTE),
    _Hint("scanning an anchor", True, "'&' begins an anchor, and anchors are not supported", QUOTE),
    _Hint("(scanning|parsing) a tag", True, "'!' begins a tag, and tags are not supported", QUOTE),
    _Hint(
        "mapping values are not allowed",
        False,
        "a ':' cannot stand here",
        "indent the key like its neighbours, or put a text that holds ': ' in quotes",
    ),
    _Hint("entries are not allowed", False, "a list cannot begin here", "begin it on a line of its own"),
    _Hint("quoted scalar: .*unexpected (end of stream|document)", True, "this quote is never closed"),
    _Hint(
        "could not find expected ':'",
        True,
        "this is neither 'key: value' nor '- item'",
        "both need a space, after the ':' or the '-'",
    ),
    _Hint("quoted scalar: .*escape", False, "an unknown escape in double quotes", r"write \\ or use single quotes"),
    _Hint("flow (sequence|mapping)", False, "expected ',' or the closing bracket here"),
    _Hint("parsing a block", False, "this does not fit the lines above it", "check the indentation and the quotes"),
    _Hint("document start>", False, "this does not belong to what stands before it", "put a text as a whole in quotes"),
    _Hint("scanning a block scalar", False, "a text after '|' or '>' begins on the next line, indented by spaces"),
)


def syntax_error(error: Exception, text: str, name: str, bracket: Position | None) -> SourceError:
    """The error of a parser as a SourceError, with a hint for the mistakes that people make most.

    `bracket` is the place of the innermost one that was open where the parser gave up.
    """
    if not isinstance(error, MarkedYAMLError):
        return SourceError(name, Position(1, 1), f"not YAML: {clip(str(error), 200)}")
    stop = error.problem_mark or error.context_mark
    start = error.context_mark or stop
    complaint = f"{error.context or ''}: {error.problem or ''}"
    if "cannot start any token" in complaint and stop is not None:
        return SourceError(name, _at(stop), *_unstartable(text[stop.index : stop.index + 1]))
    if "flow" in complaint and stop is not None and stop.index >= len(text.rstrip()):
        return SourceError(name, bracket or _at(start), "this bracket is never closed")
    for hint in _HINTS:
        if re.search(hint.pattern, complaint):
            return SourceError(name, _at(start if hint.at_start else stop), hint.message, hint.suggestion)
    return SourceError(name, _at(stop), f"not YAML: {clip(error.problem or 'unreadable', 200)}")


def _unstartable(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab cannot stand here", "YAML is indented with spaces"
    return f"a plain value cannot begin with {character!r}", QUOTE


def _at(mark: Mark | None) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
