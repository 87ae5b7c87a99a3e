"""Durations as people write them: `15s`, `500ms`, `1.5h`, `13s ± 2s`. Inside, always whole milliseconds."""

import re
from dataclasses import dataclass

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_ONE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(ms|s|min|m|h|d)")
_JITTER = re.compile(r"\s*(?:±|\+-|\+/-)\s*")
LONGEST = 366 * 86_400_000


@dataclass(frozen=True, slots=True)
class Span:
    """A duration with a seeded spread: anything from `base - spread` to `base + spread` milliseconds."""

    base: int
    spread: int = 0

    def pick(self, unit: float) -> int:
        """The duration in milliseconds that `unit` (from 0 to 1) chooses, never negative."""
        if not self.spread:
            return self.base
        return max(0, round(self.base - self.spread + 2 * self.spread * unit))

    def __str__(self) -> str:
        spelled = spell(self.base)
        return f"{spelled} ± {spell(self.spread)}" if self.spread else spelled


def parse(text: str | int | float) -> int:
    """Milliseconds of a duration such as `15s`, `1m30s` or `500ms`; a bare number counts seconds.

    Raises ValueError for anything else, for a negative one and for more than 366 days.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"expected a duration such as 15s or 500ms, got {text!r}")
    if isinstance(text, int | float):
        if not 0 <= text <= LONGEST / 1000:
            raise ValueError(f"expected a duration from 0 to 366 days, got {text!r} seconds")
        return round(text * 1000)
    found, at, total = text.strip(), 0, 0.0
    while at < len(found):
        one = _ONE.match(found, at)
        if not one:
            break
        total += float(one[1]) * _UNITS[one[2]]
        at = one.end()
    if not found or at != len(found):
        raise ValueError(f"expected a duration such as 15s, 1m30s or 500ms, got {text!r}")
    if total > LONGEST:
        raise ValueError(f"a duration may be at most 366 days, got {text!r}")
    return round(total)


def parse_span(text: str | int | float) -> Span:
    """The span of `13s ± 2s` (also written `13s +- 2s`) or of a plain duration. Raises ValueError."""
    parts = _JITTER.split(text.strip()) if isinstance(text, str) else [text]
    if len(parts) > 2:
        raise ValueError(f"expected a duration such as 13s or 13s ± 2s, got {text!r}")
    base = parse(parts[0])
    spread = parse(parts[1]) if len(parts) == 2 else 0
    if spread > base:
        raise ValueError(f"the spread of {text!r} is larger than the duration itself")
    return Span(base, spread)


def spell(milliseconds: int) -> str:
    """The shortest spelling that `parse` reads back: 90000 is `1m30s`."""
    if milliseconds == 0:
        return "0s"
    left, parts = milliseconds, []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
