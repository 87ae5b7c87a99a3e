"""Matching: which rules could serve a request, and for those that cannot, the first condition that failed."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from pydantic_core import SchemaError, SchemaValidator, core_schema, to_json

from mockserver.core.faults import Fault
from mockserver.core.instants import Moment
from mockserver.core.scenario import Condition, StreamSpec, WindowSpec

HEADS = ("body", "query", "header", "path", "account", "input")
_ABSENT = object()
_PATH = re.compile(r"(?:body|query|header|path|account)\.[^.\s]+(?:\.[^.\s]+)*\Z|input\Z")
_INDEX = re.compile(r"[0-9]{1,6}\Z")
# Where a text is searched, only so much of it is, so that no condition costs more than a few microseconds.
SUBJECT_MAX = 65_536

Test = Callable[[Any], bool]


class View(NamedTuple):
    """What rules may look at. `input` is the value that the operation is about: a URL or a prompt.

    `now` is the instant of the request and `age` the time since the scenario began, both in milliseconds.
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

    def find(self, head: str, names: tuple[str, ...]) -> Any:
        """The value at a path such as `body.source.url`, or the absent mark."""
        value = getattr(self, head)
        if value is None:
            return _ABSENT
        for name in names:
            if isinstance(value, Mapping):
                value = value.get(name, _ABSENT)
            elif isinstance(value, list) and _INDEX.match(name) and int(name) < len(value):
                value = value[int(name)]
            else:
                return _ABSENT
        return value


class Check(NamedTuple):
    """One compiled condition: where it looks, its test, and how it is spelled for people."""

    label: str
    head: str
    names: tuple[str, ...]
    tests: tuple[tuple[str, Test], ...]
    word: str | None = None  # set where all that is asked is that this text occurs

    def failure(self, view: View) -> str | None:
        """The first test of this condition that does not hold, as text; None when all hold."""
        value = view.find(self.head, self.names)
        for spelled, test in self.tests:
            if not test(value):
                return spelled
        return None


class Rule(NamedTuple):
    """A compiled rule. `checks` are pure; `nth`, `times` and `probability` need the count of its matches."""

    name: str
    operations: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    nth: frozenset[int] = frozenset()
    times: int | None = None
    probability: float | None = None
    plan: str | None = None
    stream: StreamSpec | None = None
    reply: Mapping[str, Any] | None = None
    fault: Fault | None = None

    @property
    def counted(self) -> bool:
        return bool(self.nth) or self.times is not None or self.probability is not None

    def count_failure(self, count: int, unit: float) -> str | None:
        """Why match number `count` (from 1) is not taken; `unit` decides the probability. None: it is taken."""
        if self.nth and count not in self.nth:
            return f"nth: this is match {count}, not {_spelled_counts(self.nth)}"
        if self.times is not None and count > self.times:
            return f"times: this is match {count} of at most {self.times}"
        if self.probability is not None and unit >= self.probability:
            return f"probability: match {count} drew {unit:.2f}, not under {self.probability:g}"
        return None

    def taken(self, view: View, misses: "list[Miss]") -> "tuple[Rule, ...]":
        """This rule where its conditions hold; else nothing, and the first that failed is noted in `misses`."""
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


class Part(Protocol):
    """A rule, or several that can be passed over at once."""

    def taken(self, view: View, misses: list[Miss]) -> Iterable[Rule]: ...


def candidates(parts: Iterable[Part], view: View, misses: list[Miss]) -> Iterator[Rule]:
    """The rules whose conditions hold, in order; each that does not is noted in `misses`."""
    for part in parts:
        yield from part.taken(view, misses)


def key_matches(pattern: str, key: str) -> bool:
    """True when `pattern`, in which * stands for any characters, covers `key`. Linear in the key's length."""
    if "*" not in pattern:
        return pattern == key
    first, *middle, last = pattern.split("*")
    if len(key) < len(first) + len(last) or not key.startswith(first) or not key.endswith(last):
        return False
    at, end = len(first), len(key) - len(last)
    for part in middle:
        found = key.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def compile_check(path: str, condition: Condition) -> Check:
    """The compiled form of one `when` entry. Raises ValueError, in words for people."""
    if not _PATH.match(path):
        places = ", ".join(f"{head}.NAME" for head in HEADS[:-1])
        raise ValueError(f"'{path}' is no place in a request; use {places} or input")
    head, *names = path.split(".")
    if head == "header":
        names = [n.lower() for n in names]
    tests = tuple((f"{path} {spelled}", test) for spelled, test in _tests(condition))
    word = condition.contains if condition.model_fields_set == {"contains"} else None
    return Check(path, head, tuple(names), tests, word)


def compile_window(window: WindowSpec) -> tuple[Check, ...]:
    """The compiled form of a rule's `during`. A window takes its first instant in, and not its last."""
    checks = []
    if (start := window.start) is not None:
        checks.append(_clock_check(start, f"during: from {start}", lambda at: at >= start.at))
    if (until := window.until) is not None:
        checks.append(_clock_check(until, f"during: until {until}", lambda at: at < until.at))
    return tuple(checks)


def _clock_check(moment: Moment, spelled: str, test: Test) -> Check:
    return Check("during", "age" if moment.relative else "now", (), ((spelled, test),))


def _tests(c: Condition) -> Iterator[tuple[str, Test]]:
    given = c.model_fields_set
    if c.exists is not None:
        wanted = c.exists
        yield f"exists: {str(wanted).lower()}", lambda v: (v is not _ABSENT) is wanted
    if "equals" in given:
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
    if c.regex is not None:
        yield f"regex {c.regex!r}", _regex(c.regex)


def _equals(wanted: Any) -> Test:
    # Query, path and form values are texts, so 5 and true also equal "5" and "true".
    spelled = to_json(wanted).decode() if isinstance(wanted, bool | int | float) else None

    def test(value: Any) -> bool:
        return value == spelled if spelled is not None and isinstance(value, str) else _same(value, wanted)

    return test


def _same(one: Any, other: Any) -> bool:
    # True == 1 in Python; in JSON they differ, also inside lists and objects.
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


def _regex(pattern: str) -> Test:
    # Rust's regex engine, which pydantic carries, is linear in the subject: no pattern can hang the server.
    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", strict=True))
    except SchemaError as error:
        reason = str(error).strip().splitlines()[-1].strip().removeprefix("SchemaError: ").removeprefix("error: ")
        raise ValueError(f"regex {pattern!r} is not of the linear-time syntax: {reason}") from None
    matches = validator.isinstance_python
    return lambda value: isinstance(value, str) and matches(value[:SUBJECT_MAX])


def _spelled_counts(counts: frozenset[int]) -> str:
    return " or ".join(str(n) for n in sorted(counts))
