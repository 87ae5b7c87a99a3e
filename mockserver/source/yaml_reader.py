"""Strict YAML: one document of plain data, the place of every key and value, and nothing that can hurt the process.

It reads the events of the parser one by one and stops at the first that breaks a limit, since PyYAML's C loader builds
nested data recursively and can crash the process (DESIGN.md, section 9). The strictness is DESIGN.md's section 6.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import yaml
from yaml.parser import Parser as _YamlParser
from yaml.reader import Reader as _YamlReader
from yaml.scanner import Scanner as _YamlScanner

from mockserver.source.document import Document, Place, Position, SourceError
from mockserver.source.scalars import resolve
from mockserver.source.suggestions import clip, shown
from mockserver.source.syntax import QUOTE, syntax_error

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Position", "SourceError", "parse"]

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 50_000

_BREAK = re.compile(r"\r\n?|\n")
# What YAML itself refuses (1.2.2, section 5.1), the marks that libyaml takes for ends of lines though YAML 1.2 and
# editors do not, and the byte order mark, which nobody can see. A set of what is refused compiles fastest by far.
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
# Checked in the text, since libyaml reads every directive before its first event, in quadratic time.
_DIRECTIVE = re.compile(r"(?:\A|(?<=[\r\n]))%(?!YAML 1\.2\s)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class _Events(Protocol):
    def get_event(self) -> Any: ...


class _PythonParser(_YamlReader, _YamlScanner, _YamlParser):
    """PyYAML's parser without its composer, for a PyYAML that was built without libyaml."""

    def __init__(self, text: str) -> None:
        _YamlReader.__init__(self, text)
        _YamlScanner.__init__(self)
        _YamlParser.__init__(self)


_Parser: type[_Events] = _PythonParser
if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    _Parser = CParser


def parse(text: str | bytes, name: str) -> Document:
    """Plain data of one YAML 1.2 document (core schema), each key and value with its line and column.

    `name` stands for the file in errors. Raises SourceError, and nothing else, for anything but one document of plain
    data without duplicate keys, aliases and tags, of at most 1 MiB, 32 levels and 50,000 keys and values.
    """
    readable = _readable(text, name)
    composer = _Composer(name)
    try:
        for event in _events(readable):
            composer.feed(event)
    # ValueError and OverflowError: impossible characters in tags and escapes, which PyYAML hands to Python unchecked.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise syntax_error(error, readable, name, composer.bracket) from None
    return Document(composer.data, name, composer.root)


def _events(text: str) -> Iterator[yaml.Event]:
    parser = _Parser(text)  # type: ignore[call-arg]
    while type(event := parser.get_event()) is not yaml.StreamEndEvent:
        yield event


def _readable(text: str | bytes, name: str) -> str:
    # Characters are never more than bytes, so that an enormous text is refused before it is encoded.
    if len(text) > MAX_BYTES or (isinstance(text, str) and len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES):
        raise SourceError(name, Position(1, 1), f"longer than {MAX_BYTES} bytes")
    if isinstance(text, bytes):
        text = _decoded(text, name)
    text = text.removeprefix("\ufeff")
    if bad := _UNREADABLE.search(text):
        escape = "" if _SURROGATE.match(bad[0]) else f"in double quotes it can be written as \\u{ord(bad[0]):04x}"
        wrong = f"the character U+{ord(bad[0]):04X} cannot stand in YAML"
        raise SourceError(name, _position(text, bad.start()), wrong, escape)
    if found := _DIRECTIVE.search(text):
        raise SourceError(name, _position(text, found.start()), "a line cannot begin with '%'; directives are refused")
    return text


def _decoded(raw: bytes, name: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(name, Position(1, 1), "this is UTF-16", "save it as UTF-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8").removeprefix("\ufeff")
        wrong = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        raise SourceError(name, _position(before, len(before)), wrong, "save it as UTF-8") from None


def _position(text: str, index: int) -> Position:
    ends = [found.end() for found in _BREAK.finditer(text, 0, index)]
    return Position(len(ends) + 1, index - (ends[-1] if ends else 0) + 1)


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun and not ended; `key` is the one that waits for its value."""

    data: dict[str, Any] | list[Any]
    places: dict[str | int, Place]
    bracket: Position | None = None
    key: str | None = None
    key_at: Position | None = None


class _Composer:
    """Data and places, grown by one event at a time without recursion."""

    def __init__(self, name: str) -> None:
        self.data: Any = None
        self.root = Place(Position(1, 1))
        self._name = name
        self._open: list[_Open] = []
        self._nodes = 0
        self._begun = False

    @property
    def bracket(self) -> Position | None:
        """Where the innermost bracket stands that has not been closed."""
        return next((each.bracket for each in reversed(self._open) if each.bracket), None)

    def feed(self, event: yaml.Event) -> None:
        """Takes the next event. Raises SourceError where it breaks a rule or a limit."""
        if isinstance(event, yaml.NodeEvent):
            self._node(event, _at(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            if self._begun:
                self._refuse(_at(event), "a second document begins here", "keep one document a file")
            self._begun = True

    def _node(self, event: yaml.NodeEvent, at: Position) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(at, f"more than {MAX_NODES} keys and values")
        if event.anchor is not None or getattr(event, "tag", None) is not None:
            self._refuse_decoration(event, at)
        top = self._open[-1] if self._open else None
        if top is not None and top.key is None and isinstance(top.data, dict):
            self._take_key(top, event, at)
        elif isinstance(event, yaml.ScalarEvent):
            self._add(self._value(event, at), Place(at), top)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._enter(event, at, top)

    def _refuse_decoration(self, event: yaml.NodeEvent, at: Position) -> NoReturn:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(at, f"'*{clip(str(event.anchor))}' is an alias, and aliases are not supported", QUOTE)
        if event.anchor is not None:
            self._refuse(at, f"'&{clip(str(event.anchor))}' is an anchor, and anchors are not supported", QUOTE)
        tag, standard = str(getattr(event, "tag", "")), "tag:yaml.org,2002:"
        tag = "!!" + tag.removeprefix(standard) if tag.startswith(standard) else tag
        self._refuse(at, f"{shown(tag)} is a tag, and tags are not supported", QUOTE)

    def _take_key(self, top: _Open, event: yaml.NodeEvent, at: Position) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(at, "a key must be a text, not a list or a mapping")
        key = self._value(event, at)
        if not isinstance(key, str):
            self._refuse(at, f"a key must be a text, not {shown(key)}", "put it in quotes")
        if key in top.places:
            first = top.places[key].key or at
            self._refuse(at, f"duplicate key {shown(key)}", f"the first one stands at {first.line}:{first.column}")
        top.key, top.key_at = key, at

    def _value(self, event: yaml.ScalarEvent, at: Position) -> str | int | float | bool | None:
        # PyYAML's own parser lets through what no encoder can write: "\ud800" in double quotes.
        if not event.value.isascii() and _SURROGATE.search(event.value):
            self._refuse(at, "half of a surrogate pair is not a character")
        try:
            return resolve(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            self._refuse(at, str(error), QUOTE)

    def _enter(self, event: yaml.CollectionStartEvent, at: Position, top: _Open | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._refuse(at, f"nested deeper than {MAX_DEPTH} levels")
        data: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        places: dict[str | int, Place] = {}
        self._add(data, Place(at, children=places), top)
        # A pair alone in a list (`[a: 1]`) is a mapping in flow style too, and begins without a bracket.
        alone = event.start_mark and event.end_mark and event.start_mark.index == event.end_mark.index
        self._open.append(_Open(data, places, at if event.flow_style and not alone else None))

    def _add(self, value: Any, place: Place, top: _Open | None) -> None:
        if top is None:
            self.data, self.root = value, place
        elif isinstance(top.data, list):
            top.places[len(top.data)] = place
            top.data.append(value)
        elif top.key is not None:
            place.key = top.key_at
            top.places[top.key] = place
            top.data[top.key] = value
            top.key = None

    def _refuse(self, at: Position, message: str, suggestion: str = "") -> NoReturn:
        raise SourceError(self._name, at, message, suggestion)


def _at(event: yaml.Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
