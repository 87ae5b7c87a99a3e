# ruff: noqa: RUF001 — letters of other scripts are meant.
"""Reads the template in a prompt: JSON, or what people write for it, such as `{title: string, tags: string[]}`."""

import json
import re
from typing import Any

_SPACE = re.compile(r"(?:[\s;,]|//[^\n]*|/\*.*?\*/|\.\.\.|…)*", re.DOTALL)
_QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|“[^”\n]*”|`[^`\n]*`|「[^」\n]*」")
_KEY = re.compile(r"[\w$][\w$-]{0,60}(?: [\w$-]{1,20}){0,5}")
# What can follow a key: a question mark and a colon, or the end of the key's line or of the object.
_COLON = re.compile(r"\s{0,20}\??\s{0,20}[:：]\s{0,200}")
_END = re.compile(r"[ \t]{0,20}(?:[,;}\n]|$)")
_BARE = re.compile(r"(?:[^,;\[\]{}\n/]|\[\]|/(?![/*]))+")
_MAX_TRIED, _MAX_PARTS, _DEEPEST = 20, 400, 12


class _NoTemplateError(Exception):
    """The text at this place is no template."""


def template(prompt: str) -> tuple[Any, int, int] | None:
    """Return the first template in a prompt, and where it begins and ends. It has at least one key or member."""
    for match in list(re.finditer(r"[{\[]", prompt))[:_MAX_TRIED]:
        reader = _Reader(prompt, match.start())
        try:
            value = reader.value(0)
        except _NoTemplateError:
            continue
        if isinstance(value, list | dict) and value and _is_meant(value, reader.named):
            return value, match.start(), reader.at
    return None


def _is_meant(value: dict[str, Any] | list[Any], named: int) -> bool:
    """Return whether a value is a template, not a remark in brackets: it has a value for a key, or several parts."""
    return named > 0 or len(value) > 1 or (isinstance(value, list) and isinstance(value[0], dict))


class _Reader:
    """Reads one value from a position of a text. `named` counts the keys that have a value."""

    def __init__(self, text: str, at: int) -> None:
        self._text, self.at, self.named, self._parts = text, at, 0, 0

    def value(self, depth: int) -> Any:
        """Return the value at this position. Raises `_NoTemplateError`."""
        self._parts += 1
        if depth > _DEEPEST or self._parts > _MAX_PARTS:
            raise _NoTemplateError
        start = self._text[self.at : self.at + 1]
        if start not in ("{", "["):
            return self._scalar()
        self.at += 1
        value: Any = self._members(depth) if start == "{" else self._entries(depth)
        if self._text[self.at : self.at + 2] == "[]":
            self.at += 2
            return [value]
        return value

    def _members(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not self._ends("}"):
            quoted = _QUOTED.match(self._text, self.at)
            key = quoted or _KEY.match(self._text, self.at)
            colon = _COLON.match(self._text, key.end()) if key else None
            if key is None or not (colon or _END.match(self._text, key.end())):
                raise _NoTemplateError
            name = key[0][1:-1] if quoted else key[0]
            self.at = colon.end() if colon else key.end()
            self.named += colon is not None
            members[name] = self.value(depth + 1) if colon else None
        return members

    def _entries(self, depth: int) -> list[Any]:
        entries: list[Any] = []
        while not self._ends("]"):
            entries.append(self.value(depth + 1))
        return entries

    def _ends(self, closing: str) -> bool:
        space = _SPACE.match(self._text, self.at)
        self.at = space.end() if space else self.at
        if self.at >= len(self._text):
            raise _NoTemplateError
        if self._text[self.at] != closing:
            return False
        self.at += 1
        return True

    def _scalar(self) -> Any:
        quoted = _QUOTED.match(self._text, self.at)
        if quoted and not self._text[quoted.end() : quoted.end() + 20].lstrip().startswith("|"):
            self.at = quoted.end()
            return quoted[0][1:-1]
        bare = _BARE.match(self._text, self.at)
        if bare is None:
            raise _NoTemplateError
        self.at = bare.end()
        try:
            return json.loads(bare[0].strip(), parse_constant=str)
        except ValueError:
            return bare[0].strip()
