"""Durations as people write them: `15s`, `500ms`, `1.5h`, `13s ± 2s`. The code uses whole milliseconds."""

import re
from dataclasses import dataclass

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(ms|s|min|m|h|d)")
_PLUS_MINUS = re.compile(r"\s*(?:±|\+-|\+/-)\s*")
LONGEST = 366 * 86_400_000
# Characters of a duration. It also bounds the time to split one, which grows with the square of the spaces in it.
MAX_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Span:
    """A duration with a seeded spread: from `base - spread` to `base + spread` milliseconds."""

    base: int
    spread: int = 0

    def pick(self, unit: float) -> int:
        """Return a duration in milliseconds, never negative. `unit` (from 0 to 1) chooses it within the spread."""
        if not self.spread:
            return self.base
        return max(0, round(self.base - self.spread + 2 * self.spread * unit))

    def __str__(self) -> str:
        base = format_duration(self.base)
        return f"{base} ± {format_duration(self.spread)}" if self.spread else base


def parse(text: str | int | float) -> int:
    """Return the milliseconds of a duration such as `15s`, `1m30s` or `500ms`. A bare number means seconds.

    Raises ValueError for anything else, for a negative duration and for more than 366 days.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"expected a duration such as 15s or 500ms, got {text!r}")
    if isinstance(text, int | float):
        if not 0 <= text <= LONGEST / 1000:
            raise ValueError(f"expected a duration from 0 to 366 days, got {text!r} seconds")
        return round(text * 1000)
    _check_length(text)
    stripped, at, total = text.strip(), 0, 0.0
    while at < len(stripped):
        part = _PART.match(stripped, at)
        if not part:
            break
        total += float(part[1]) * _UNITS[part[2]]
        at = part.end()
    if not stripped or at != len(stripped):
        raise ValueError(f"expected a duration such as 15s, 1m30s or 500ms, got {text!r}")
    if total > LONGEST:
        raise ValueError(f"a duration may be at most 366 days, got {text!r}")
    return round(total)


def parse_span(text: str | int | float) -> Span:
    """Parse `13s ± 2s` (or `13s +- 2s`) or a plain duration. Raises ValueError."""
    if isinstance(text, str):
        _check_length(text)
    parts = _PLUS_MINUS.split(text.strip()) if isinstance(text, str) else [text]
    if len(parts) > 2:
        raise ValueError(f"expected a duration such as 13s or 13s ± 2s, got {text!r}")
    base = parse(parts[0])
    spread = parse(parts[1]) if len(parts) == 2 else 0
    if spread > base:
        raise ValueError(f"the spread of {text!r} is larger than the duration itself")
    return Span(base, spread)


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"a duration has at most {MAX_LENGTH} characters, and this one has {len(text)}")


def format_duration(milliseconds: int) -> str:
    """Return the shortest text that `parse` reads back: 90000 gives `1m30s`."""
    if milliseconds == 0:
        return "0s"
    left, parts = milliseconds, []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
