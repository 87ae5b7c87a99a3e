"""Regular expressions of scenarios. RE2 takes linear time; the size of patterns and the work of a request are bounded.

The work is counted in steps, each an instruction of a compiled pattern for a byte of a text. RE2 takes up to ten
nanoseconds for a step, and usually far less. Steps are counted, not timed, so that results are the same everywhere.
"""

import re
from functools import lru_cache
from typing import Any

# Bytes of a text that patterns search. The rest is ignored.
SUBJECT_BYTES = 16_384
# Bytes of a compiled pattern, and of a scenario's patterns together.
PATTERN_BYTES = 65_536
SCENARIO_BYTES = 4_194_304
# Steps that a request may take in the event loop (5 ms), and in all: enough for the largest pattern and text.
STEPS_IN_LOOP = 800_000
STEPS = 50_000_000

# RE2 reserves six times the size of an instruction, for both directions and for the states of a pattern.
_INSTRUCTION_BYTES = 48
_SMALLEST = 1_024
# A pattern that is used keeps the states that it was in, up to this size. The process keeps so many patterns.
_STATES_BYTES = 524_288
_KEPT = 256

_HINTS = (
    (r"perl operator", "look-around, atomic groups, references, comments and the flag x are not supported"),
    (r"escape sequence: \\[1-9]", "references to groups are not supported"),
    (r"escape sequence: \\u", "write the character itself, or its code as \\x{20ac}"),
    (r"escape sequence: \\Z", "the end of the text is $ or \\z"),
    (r"repetition size|repetition operator: \{", "a part can be repeated at most 1000 times"),
)


class Pattern:
    """A pattern that RE2 accepts. `size` is the number of its instructions."""

    __slots__ = ("_text", "size")

    def __init__(self, text: str) -> None:
        """Compile the pattern, to check it. Raises ValueError, which says what is wrong with it."""
        import re2  # most scenarios have no patterns

        try:
            self.size = int(re2.compile(text.encode(), _options(PATTERN_BYTES)).programsize)
        except re2.error as error:
            raise ValueError(_message(text, error)) from None
        self._text = text

    @property
    def compiled_bytes(self) -> int:
        """The bytes that count towards the limit of the scenario."""
        return max(_SMALLEST, self.size * _INSTRUCTION_BYTES)

    def matches(self, value: Any) -> bool:
        """Return True if the pattern matches somewhere in the first 16 KiB of a text."""
        return isinstance(value, str) and _compiled(self._text).search(_subject(value)) is not None

    def steps(self, value: Any) -> int:
        """Return the most steps that `matches` can take."""
        return self.size * subject_bytes(value)


class PatternSizes:
    """Compiles the patterns of one scenario, as long as they have 4 MiB together. `used` is the size so far."""

    def __init__(self, used: int = 0) -> None:
        self.used = used

    def compile(self, text: str) -> Pattern:
        """Compile a pattern. Raises ValueError."""
        if self.used > SCENARIO_BYTES:
            raise ValueError(_too_many(text))
        # A pattern that is refused can take as long as the largest one.
        self.used += PATTERN_BYTES
        pattern = Pattern(text)
        self.used += pattern.compiled_bytes - PATTERN_BYTES
        if self.used > SCENARIO_BYTES:
            raise ValueError(_too_many(text))
        return pattern


class Work:
    """The steps that a request can still take: in the event loop, and in all."""

    __slots__ = ("in_loop", "left")

    def __init__(self) -> None:
        self.in_loop = STEPS_IN_LOOP
        self.left = STEPS

    def fits_in_loop(self, steps: int) -> bool:
        """Count steps in the event loop. Return False if there are too many for it."""
        if steps > self.in_loop:
            return False
        self.in_loop -= steps
        return True

    def take(self, steps: int) -> bool:
        """Count steps. Return False if there are too many."""
        if steps > self.left:
            return False
        self.left -= steps
        return True


def subject_bytes(value: Any) -> int:
    """Return the most bytes of a value that patterns search."""
    if not isinstance(value, str):
        return 0
    return min(SUBJECT_BYTES, len(value) if value.isascii() else 4 * len(value))


def _subject(text: str) -> bytes:
    subject = text[:SUBJECT_BYTES].encode("utf-8", "replace")
    if len(subject) <= SUBJECT_BYTES:
        return subject
    # Without the first bytes of a character whose last ones are cut off.
    return subject[:SUBJECT_BYTES].decode("utf-8", "ignore").encode()


@lru_cache(maxsize=_KEPT)
def _compiled(text: str) -> Any:
    import re2

    return re2.compile(text.encode(), _options(_STATES_BYTES))


def _options(memory: int) -> Any:
    import re2

    options = re2.Options()
    options.max_mem = memory
    options.never_capture = True
    options.log_errors = False
    return options


def _message(text: str, error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    if "too large" in reason:
        return f"regex {text!r} has more than {PATTERN_BYTES} bytes when compiled; use fewer or smaller repetitions"
    hint = next((f"; {hint}" for pattern, hint in _HINTS if re.search(pattern, reason)), "")
    return f"regex {text!r} is invalid or not supported by the linear-time engine: {reason}{hint}"


def _too_many(text: str) -> str:
    return f"with regex {text!r} the patterns of the scenario have more than {SCENARIO_BYTES} bytes when compiled"
