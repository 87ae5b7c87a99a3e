"""Strict YAML: one document of plain data, with the position of every key and value, and within limits.

It reads the events of the parser one by one and stops at the first that exceeds a limit, because PyYAML's C loader
builds nested data recursively and can crash the process (DESIGN.md, section 9). The rules are in DESIGN.md, section 6.
After a mistake such as a duplicate key it goes on, so that an author sees all mistakes of a file at once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import yaml
from yaml.parser import Parser as _YamlParser
from yaml.reader import Reader as _YamlReader
from yaml.scanner import Scanner as _YamlScanner

from mockserver.source.document import Document, Place, Position, SourceError, SourceErrors
from mockserver.source.files import MAX_BYTES
from mockserver.source.scalars import resolve
from mockserver.source.suggestions import clip, describe
from mockserver.source.syntax import QUOTE, syntax_error

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Position", "SourceError", "parse", "parse_partly"]

MAX_DEPTH = 32
MAX_NODES = 50_000

_BREAK = re.compile(r"\r\n?|\n")
# Characters that YAML does not allow (1.2.2, section 5.1), characters that only libyaml treats as line ends, and the
# invisible byte order mark. The pattern lists what is refused because that compiles much faster than what is allowed.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
# Checked in the text, because libyaml reads all directives before its first event, in quadratic time.
_DIRECTIVE = re.compile(r"(?:\A|(?<=[\r\n]))%(?!YAML 1\.2\s)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


# The key of a value that is left out, compared by identity. No document has it, because NUL is refused.
_LEFT_OUT = "\0left out"


class _Events(Protocol):
    def get_event(self) -> Any: ...


class _PythonParser(_YamlReader, _YamlScanner, _YamlParser):
    """PyYAML's parser without its composer, used if PyYAML was built without libyaml."""

    def __init__(self, text: str) -> None:
        _YamlReader.__init__(self, text)
        _YamlScanner.__init__(self)
        _YamlParser.__init__(self)


_Parser: type[_Events] = _PythonParser
if yaml.__with_libyaml__:
    from yaml import _yaml

    # After `yaml` was removed from `sys.modules` and imported again, as pytester does between two runs, the module in C
    # still creates the events of the first import, which are not instances of the classes that are used here.
    if getattr(_yaml, "yaml", None) is yaml:
        _Parser = _yaml.CParser


def parse(text: str | bytes, name: str) -> Document:
    """Read one YAML 1.2 document (core schema), with the line and column of each key and value.

    `name` is the name of the file in errors. Raises SourceError for the first error, and no other exception, unless
    the text is one document of plain data without duplicate keys, aliases and tags, of at most 1 MiB, 32 levels and
    50,000 keys and values.
    """
    try:
        document, errors = parse_partly(text, name)
    except SourceErrors as fatal:
        raise fatal.errors[0] from None
    if errors:
        raise errors[0]
    return document


def parse_partly(text: str | bytes, name: str) -> tuple[Document, list[SourceError]]:
    """Read a document as `parse` does, and return it with the errors in it after which reading could go on.

    These are duplicate keys, whose later values are left out; aliases, which are read as null; and anchors, tags, and
    values and keys that are no plain strings, which are read as the text that stands there. Raises SourceErrors, with
    the errors before, where the rest cannot be read.
    """
    composer = _Composer(name)
    try:
        readable = _readable(text, name)
        try:
            for event in _events(readable):
                composer.feed(event)
        # ValueError and OverflowError: invalid characters in tags and escapes, which PyYAML does not check.
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            raise syntax_error(error, readable, name, composer.bracket) from None
    except SourceError as error:
        raise SourceErrors([*composer.errors, error]) from None
    return Document(composer.data, name, composer.root), composer.errors


def _events(text: str) -> Iterator[yaml.Event]:
    parser = _Parser(text)  # type: ignore[call-arg]
    while type(event := parser.get_event()) is not yaml.StreamEndEvent:
        yield event


def _readable(text: str | bytes, name: str) -> str:
    # A text never has more characters than bytes, so a very long one is refused before it is encoded.
    if len(text) > MAX_BYTES or (isinstance(text, str) and len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES):
        raise SourceError(name, Position(1, 1), f"the document is longer than {MAX_BYTES} bytes")
    if isinstance(text, bytes):
        text = _decoded(text, name)
    text = text.removeprefix("\ufeff")
    if bad := _FORBIDDEN.search(text):
        escape = "" if _SURROGATE.match(bad[0]) else f"in double quotes it can be written as \\u{ord(bad[0]):04x}"
        message = f"the character U+{ord(bad[0]):04X} is not allowed in YAML"
        raise SourceError(name, _position(text, bad.start()), message, escape)
    if directive := _DIRECTIVE.search(text):
        message = "a line cannot begin with '%'; directives are not supported"
        raise SourceError(name, _position(text, directive.start()), message)
    return text


def _decoded(raw: bytes, name: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(name, Position(1, 1), "the document is in UTF-16", "save it as UTF-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8").removeprefix("\ufeff")
        message = f"the byte 0x{raw[error.start]:02x} is not valid UTF-8"
        raise SourceError(name, _position(before, len(before)), message, "save the document as UTF-8") from None


def _position(text: str, index: int) -> Position:
    ends = [line_break.end() for line_break in _BREAK.finditer(text, 0, index)]
    return Position(len(ends) + 1, index - (ends[-1] if ends else 0) + 1)


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun and not ended. `key` is the key whose value comes next."""

    data: dict[str, Any] | list[Any]
    places: dict[str | int, Place]
    bracket: Position | None = None
    key: str | None = None
    key_at: Position | None = None


class _Composer:
    """Builds data and positions from events, one at a time and without recursion."""

    def __init__(self, name: str) -> None:
        self.data: Any = None
        self.root = Place(Position(1, 1))
        self.errors: list[SourceError] = []
        self._name = name
        self._open: list[_Open] = []
        self._nodes = 0
        self._begun = False

    @property
    def bracket(self) -> Position | None:
        """The position of the innermost bracket that has not been closed."""
        return next((each.bracket for each in reversed(self._open) if each.bracket), None)

    def feed(self, event: yaml.Event) -> None:
        """Process the next event. Raises SourceError if it exceeds a limit, or if no rest can be read after it."""
        if isinstance(event, yaml.NodeEvent):
            self._node(event, _at(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            if self._begun:
                self._refuse(_at(event), "a second document begins here", "write one document per file")
            self._begun = True

    def _node(self, event: yaml.NodeEvent, at: Position) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(at, f"the document has more than {MAX_NODES} keys and values")
        if event.anchor is not None or getattr(event, "tag", None) is not None:
            self._report_anchor_or_tag(event, at)
        top = self._open[-1] if self._open else None
        if top is not None and top.key is None and isinstance(top.data, dict):
            self._take_key(top, event, at)
        elif isinstance(event, yaml.ScalarEvent):
            self._add(self._value(event, at), Place(at), top)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._enter(event, at, top)
        else:
            self._add(None, Place(at), top)

    def _report_anchor_or_tag(self, event: yaml.NodeEvent, at: Position) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._report(at, f"'*{clip(str(event.anchor))}' is an alias, and aliases are not supported", QUOTE)
            return
        if event.anchor is not None:
            self._report(at, f"'&{clip(str(event.anchor))}' is an anchor, and anchors are not supported", QUOTE)
            return
        tag, standard = str(getattr(event, "tag", "")), "tag:yaml.org,2002:"
        tag = "!!" + tag.removeprefix(standard) if tag.startswith(standard) else tag
        self._report(at, f"{describe(tag)} is a tag, and tags are not supported", QUOTE)

    def _take_key(self, top: _Open, event: yaml.NodeEvent, at: Position) -> None:
        if isinstance(event, yaml.AliasEvent):
            top.key, top.key_at = _LEFT_OUT, at
            return
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(at, "a key must be a string, not a list or a mapping")
        key = self._value(event, at)
        if not isinstance(key, str):
            self._report(at, f"a key must be a string, not {describe(key)}", "put it in quotes")
            key = event.value
        if key in top.places:
            first = top.places[key].key or at
            self._report(at, f"duplicate key {describe(key)}", f"the first one is at {first.line}:{first.column}")
            key = _LEFT_OUT
        top.key, top.key_at = key, at

    def _value(self, event: yaml.ScalarEvent, at: Position) -> str | int | float | bool | None:
        # PyYAML's Python parser accepts "\ud800" in double quotes, which cannot be encoded.
        if not event.value.isascii() and _SURROGATE.search(event.value):
            self._report(at, "a lone surrogate is not a valid character")
            return None
        try:
            return resolve(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            self._report(at, str(error), QUOTE)
            return str(event.value)

    def _enter(self, event: yaml.CollectionStartEvent, at: Position, top: _Open | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._refuse(at, f"nested deeper than {MAX_DEPTH} levels")
        data: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        places: dict[str | int, Place] = {}
        self._add(data, Place(at, children=places), top)
        # A single pair in a list (`[a: 1]`) is a mapping in flow style too, but has no bracket of its own.
        bracketless = event.start_mark and event.end_mark and event.start_mark.index == event.end_mark.index
        self._open.append(_Open(data, places, at if event.flow_style and not bracketless else None))

    def _add(self, value: Any, place: Place, top: _Open | None) -> None:
        if top is None:
            self.data, self.root = value, place
        elif isinstance(top.data, list):
            top.places[len(top.data)] = place
            top.data.append(value)
        elif top.key is not None:
            if top.key is not _LEFT_OUT:
                place.key = top.key_at
                top.places[top.key] = place
                top.data[top.key] = value
            top.key = None

    def _report(self, at: Position, message: str, suggestion: str = "") -> None:
        self.errors.append(SourceError(self._name, at, message, suggestion))

    def _refuse(self, at: Position, message: str, suggestion: str = "") -> NoReturn:
        raise SourceError(self._name, at, message, suggestion)


def _at(event: yaml.Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
