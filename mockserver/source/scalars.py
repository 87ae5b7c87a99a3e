"""Resolves plain scalars by the core schema of YAML 1.2 (spec 1.2.2, section 10.3.2), without infinity and NaN."""

import re

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INFINITE = float("inf")
_LARGEST = 2**63

# Python takes quadratic time to parse a long number.
_LONGEST_NUMBER = 64


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of a plain scalar. `on`, `yes`, `1:30` and `2024-01-01` are strings, and `012` is 12.

    Raises ValueError for a number that is infinite, not a number, beyond 64 bits, or longer than 64 characters.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _DECIMAL.fullmatch(text):
        return _int(text, 10)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("infinity and NaN are not supported")
    if _OCTAL.fullmatch(text):
        return _int(text, 8)
    if _HEX.fullmatch(text):
        return _int(text, 16)
    return _float(text) if _FLOAT.fullmatch(text) else text


def _int(text: str, base: int) -> int:
    number = int(text, base) if len(text) <= _LONGEST_NUMBER else _LARGEST
    if not -_LARGEST <= number < _LARGEST:
        raise ValueError("this whole number does not fit into 64 bits")
    return number


def _float(text: str) -> float:
    number = float(text) if len(text) <= _LONGEST_NUMBER else _INFINITE
    if abs(number) == _INFINITE:
        raise ValueError("this number is too large or has more than 64 characters")
    return number
