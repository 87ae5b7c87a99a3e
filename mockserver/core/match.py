"""Matches rules against a request, and reports the first condition that failed for each rule that does not match."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from pydantic_core import to_json

from mockserver.core.faults import Fault
from mockserver.core.instants import Moment
from mockserver.core.patterns import Pattern, PatternSizes, Work
from mockserver.core.scenario import Condition, CountedBy, StreamSpec, WindowSpec

HEADS = ("body", "query", "header", "path", "account", "input")
_MISSING = object()
_PATH = re.compile(r"(?:body|query|header|path|account)\.[^.\s]+(?:\.[^.\s]+)*\Z|input\Z")
_INDEX = re.compile(r"[0-9]{1,6}\Z")
# `contains` searches this many characters of a text. Patterns search less, see `core.patterns`.
SUBJECT_MAX = 65_536

# Whose count a message is about.
_OF: dict[CountedBy, str] = {"account": "", "job": " for this job", "sandbox": " in this sandbox"}

Test = Callable[[Any], bool]


class View(NamedTuple):
    """The values of a request that rules can test. `input` is the URL or prompt that the operation is about.

    `item` is the number of the batch's item that is tested, from 1; None for the request itself.
    `now` is the instant of the request and `age` the time since the scenario began, both in milliseconds. `work` limits
    the steps of patterns; without it they have no limit.
    """

    operation: str
    account: Mapping[str, Any]
    body: Any = None
    query: Mapping[str, Any] | None = None
    header: Mapping[str, Any] | None = None
    path: Mapping[str, Any] | None = None
    input: str | None = None
    now: int = 0
    age: int = 0
    work: Work | None = None
    item: int | None = None

    def find(self, head: str, names: tuple[str, ...]) -> Any:
        """Return the value at a path such as `body.source.url`, or `_MISSING`."""
        value = getattr(self, head)
        if value is None:
            return _MISSING
        for name in names:
            if isinstance(value, Mapping):
                value = value.get(name, _MISSING)
            elif isinstance(value, list) and _INDEX.match(name) and int(name) < len(value):
                value = value[int(name)]
            else:
                return _MISSING
        return value


class CompiledCondition(NamedTuple):
    """One compiled condition: the path of the value, its tests with their texts for people, and the path as text.

    The `pattern` is tried after the tests. `searched` is 1 if one of these searches for a word.
    """

    label: str
    head: str
    names: tuple[str, ...]
    tests: tuple[tuple[str, Test], ...]
    word: str | None = None  # set if the only test is that this text occurs
    pattern: tuple[str, Pattern] | None = None
    searched: int = 0

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of all tests, and of the pattern."""
        tests = tuple(text for text, _ in self.tests)
        return tests if self.pattern is None else (*tests, self.pattern[0])

    def failure(self, view: View) -> str | None:
        """Return the text of the first test that fails; None when all pass."""
        value = view.find(self.head, self.names)
        for text, test in self.tests:
            if not test(value):
                return text
        return None if self.pattern is None else _pattern_failure(*self.pattern, value, view.work)


class Rule(NamedTuple):
    """A compiled rule. `nth`, `times` and `probability` also need the number of its matches so far.

    `counted_by` says what has a number of its own: an account, a job, or the whole sandbox.
    """

    name: str
    operations: tuple[str, ...]
    checks: tuple[CompiledCondition, ...] = ()
    nth: frozenset[int] = frozenset()
    times: int | None = None
    probability: float | None = None
    plan: str | None = None
    stream: StreamSpec | None = None
    reply: Mapping[str, Any] | None = None
    fault: Fault | None = None
    counted_by: CountedBy = "account"

    @property
    def counted(self) -> bool:
        """True when the number of its matches decides, too."""
        return bool(self.nth) or self.times is not None or self.probability is not None

    def count_failure(self, count: int, unit: float) -> str | None:
        """Return why match number `count` (from 1) does not count, or None. `unit` is compared with the probability."""
        if self.nth and count not in self.nth:
            return f"nth: this is match {count}{_OF[self.counted_by]}, not {_counts_text(self.nth)}"
        if self.times is not None and count > self.times:
            return f"times: this is match {count}{_OF[self.counted_by]} of at most {self.times}"
        if self.probability is not None and unit >= self.probability:
            return f"probability: match {count} drew {unit:.2f}, which is not below {self.probability:g}"
        return None

    def taken(self, view: View, misses: "list[Miss]") -> "tuple[Rule, ...]":
        """Return this rule if its conditions hold. Otherwise add the first that failed to `misses`."""
        for check in self.checks:
            failed = check.failure(view)
            if failed is not None:
                misses.append(Miss(self.name, failed))
                return ()
        return (self,)


class Miss(NamedTuple):
    """A rule that did not match, and the first condition that failed."""

    rule: str
    failed: str


class RuleGroup(Protocol):
    """A rule, or several rules that can be skipped at once."""

    def taken(self, view: View, misses: list[Miss]) -> Iterable[Rule]: ...


def candidates(groups: Iterable[RuleGroup], view: View, misses: list[Miss]) -> Iterator[Rule]:
    """Yield the rules whose conditions hold, in order, and add the others to `misses`."""
    for group in groups:
        yield from group.taken(view, misses)


def key_matches(pattern: str, key: str) -> bool:
    """Return True if `pattern` matches `key`; `*` stands for any characters. The time is linear in the key's length."""
    if "*" not in pattern:
        return pattern == key
    first, *middle, last = pattern.split("*")
    if len(key) < len(first) + len(last) or not key.startswith(first) or not key.endswith(last):
        return False
    at, end = len(first), len(key) - len(last)
    for part in middle:
        start = key.find(part, at, end)
        if start < 0:
            return False
        at = start + len(part)
    return True


def compile_check(path: str, condition: Condition, sizes: PatternSizes | None = None) -> CompiledCondition:
    """Compile one entry of `when`. Raises ValueError with a message for the author of the scenario.

    `sizes` counts the patterns of the scenario.
    """
    if not _PATH.match(path):
        places = ", ".join(f"{head}.NAME" for head in HEADS[:-1])
        raise ValueError(f"'{path}' does not name a value of a request; use {places} or input")
    head, *names = path.split(".")
    if head == "header":
        names = [n.lower() for n in names]
    tests = tuple((f"{path} {text}", test) for text, test in _tests(condition))
    word = condition.contains if condition.model_fields_set == {"contains"} else None
    pattern = None
    if condition.regex is not None:
        pattern = f"{path} regex {condition.regex!r}", (sizes or PatternSizes()).compile(condition.regex)
    return CompiledCondition(path, head, tuple(names), tests, word, pattern, int(condition.contains is not None))


def compile_item(item: Literal["any"] | Sequence[int] | None) -> tuple[CompiledCondition, ...]:
    """Compile a rule's `item`. The request for a batch is not an item."""
    if item is None:
        return ()
    if item == "any":
        return (_item_check("item: any", lambda number: number is not None),)
    numbers = frozenset(item)
    return (_item_check(f"item: {_counts_text(numbers)}", lambda number: number in numbers),)


def _item_check(text: str, test: Test) -> CompiledCondition:
    return CompiledCondition("item", "item", (), ((text, test),))


def compile_window(window: WindowSpec) -> tuple[CompiledCondition, ...]:
    """Compile a rule's `during`. A window includes its first instant and excludes its last."""
    checks = []
    if (start := window.start) is not None:
        checks.append(_clock_check(start, f"during: from {start}", lambda at: at >= start.at))
    if (until := window.until) is not None:
        checks.append(_clock_check(until, f"during: until {until}", lambda at: at < until.at))
    return tuple(checks)


def _clock_check(moment: Moment, text: str, test: Test) -> CompiledCondition:
    return CompiledCondition("during", "age" if moment.relative else "now", (), ((text, test),))


def _tests(c: Condition) -> Iterator[tuple[str, Test]]:
    if c.exists is not None:
        exists = c.exists
        yield f"exists: {str(exists).lower()}", lambda v: (v is not _MISSING) is exists
    if "equals" in c.model_fields_set:
        yield f"equals {c.equals!r}", _equals(c.equals)
    if c.is_in is not None:
        options = [_equals(o) for o in c.is_in]
        yield f"in {c.is_in!r}", lambda v: any(o(v) for o in options)
    if c.prefix is not None:
        prefix = c.prefix
        yield f"prefix {prefix!r}", lambda v: isinstance(v, str) and v.startswith(prefix)
    if c.suffix is not None:
        suffix = c.suffix
        yield f"suffix {suffix!r}", lambda v: isinstance(v, str) and v.endswith(suffix)
    if c.contains is not None:
        yield f"contains {c.contains!r}", _contains(c.contains)


def _equals(expected: Any) -> Test:
    # Query, path and form values are strings, so 5 and true also equal "5" and "true".
    text = to_json(expected).decode() if isinstance(expected, bool | int | float) else None

    def test(value: Any) -> bool:
        return value == text if text is not None and isinstance(value, str) else _same(value, expected)

    return test


def _same(one: Any, other: Any) -> bool:
    # True == 1 in Python. In JSON they differ, also inside lists and objects.
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    return bool(one == other)


def _contains(part: str) -> Test:
    def test(value: Any) -> bool:
        if isinstance(value, str):
            return part in value[:SUBJECT_MAX]
        return part in value if isinstance(value, list) else False

    return test


def _pattern_failure(text: str, pattern: Pattern, value: Any, work: Work | None) -> str | None:
    if work is not None and not work.take(pattern.steps(value)):
        return f"{text} was not tried: the request has no steps left for patterns"
    return None if pattern.matches(value) else text


def _counts_text(counts: Iterable[int]) -> str:
    return " or ".join(str(n) for n in sorted(counts))
