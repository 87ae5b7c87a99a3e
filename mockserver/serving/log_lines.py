"""Lines of the log: what they say about an entry of a journal, as text for people or as JSON for programs."""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from mockserver.clock import rfc3339, wall_ms
from mockserver.core.journal import JournalEntry
from mockserver.serving.log_texts import Texts

# Kinds of entries that have a line. Steps of jobs have none: they are written when somebody looks at the journal.
LOGGED = ("request", "delivery", "clock", "control")
_OPERATION = 32
_RESET, _DIM, _RED, _GREEN, _YELLOW, _CYAN, _MAGENTA = (f"\x1b[{n}m" for n in (0, 2, 31, 32, 33, 36, 35))
_COLOURS = {2: _GREEN, 3: _CYAN, 4: _YELLOW, 5: _RED}


def instant(at: int) -> str:
    """Return an instant as RFC 3339 text in UTC, to the millisecond."""
    return f"{rfc3339(at)[:-1]}.{at % 1000:03}Z"


class Times(NamedTuple):
    """When a request began, by the machine's clock, and how long it took. Both are milliseconds."""

    began: int
    took: int


def times_of(entry: JournalEntry) -> Times:
    """Return the times of a request. The clock of its sandbox can be another than the machine's."""
    if entry.real is not None:
        return Times(entry.real[0], entry.real[1] - entry.real[0])
    return Times(entry.at, entry.written_at - entry.at)


def _machine_time(entry: JournalEntry) -> int:
    """Return when an entry that is not of a request was written. A store has only the time of the sandbox's clock."""
    return wall_ms() if entry.real is None else entry.real[0]


class JsonLines:
    """Writes an entry as one JSON object. Fields without a value are left out, except the status of a request.

    The credentials in the entries may be `masked` already.
    """

    def __init__(self, *, masked: bool = False) -> None:
        self._texts = Texts(masked=masked)

    def __call__(self, sandbox: str, entry: JournalEntry) -> str:
        """Return the line of an entry."""
        if entry.kind == "request":
            times = times_of(entry)
            fields: dict[str, Any] = {
                "time": instant(times.began), "kind": "request", "sandbox": sandbox, "status": entry.status,
                "delivered": entry.delivered, "duration_ms": times.took,
            }  # fmt: skip
        else:
            fields = {
                "time": instant(_machine_time(entry)),
                "kind": entry.kind,
                "sandbox": sandbox,
                **(entry.detail or {}),
            }
            if entry.kind == "delivery":
                fields |= {"provider": entry.provider, "status": entry.status}
        texts = self._texts
        named = (
            ("operation", entry.operation), ("method", entry.method), ("path", texts.path(entry)), ("rule", entry.rule),
            ("fault", entry.fault), ("job", entry.job), ("account", texts.account(entry)), ("note", texts.note(entry)),
        )  # fmt: skip
        fields.update([(name, value) for name, value in named if value is not None])
        if entry.deviations:
            fields["deviations"] = list(entry.deviations)
        return to_json(fields).decode()

    def missed(self, count: int) -> str:
        """Return the line for entries that have no line of their own."""
        return to_json({"time": instant(wall_ms()), "kind": "missed", "entries": count}).decode()


class TextLines:
    """Writes an entry as a line for people, in columns, with `colour` or without.

    The credentials in the entries may be `masked` already.
    """

    def __init__(self, *, colour: bool = False, masked: bool = False) -> None:
        self._texts = Texts(masked=masked)
        self._colour = colour
        # The beginning of most lines is the same for a whole second.
        self._second, self._clock = -1, ""

    def __call__(self, sandbox: str, entry: JournalEntry) -> str:
        """Return the line of an entry."""
        if entry.kind == "request":
            return self._request(sandbox, entry)
        what = "webhook" if entry.kind == "delivery" else entry.kind
        status = entry.status if entry.kind == "delivery" else None
        parts = [
            self._time(_machine_time(entry)),
            self._status(status, "   "),
            f"{what:<7}",
            self._texts.note(entry) or "",
        ]
        details = [("job", entry.job), ("to", self._texts.path(entry)), _of(sandbox)]
        return self._joined(parts, details)

    def _request(self, sandbox: str, entry: JournalEntry) -> str:
        times, replied = times_of(entry), entry.delivered not in ("none", "lost")
        parts = [
            self._time(times.began),
            self._status(entry.status if replied else None, "---"),
            f"{entry.operation or f'{entry.method} {self._texts.path(entry)}':<{_OPERATION}}",
            f"{_duration(times.took):>7}",
        ]
        details = [
            ("job", entry.job), ("rule", entry.rule), ("fault", entry.fault), _of(sandbox),
            ("", self._texts.outcome(entry)), ("deviation", self._texts.deviations(entry)),
        ]  # fmt: skip
        return self._joined(parts, details)

    def missed(self, count: int) -> str:
        """Return the line for entries that have no line of their own."""
        return self._paint(f"({count} more: the log is slower than the requests)", _DIM)

    def _time(self, at: int) -> str:
        if at // 1000 != self._second:
            self._second = at // 1000
            local = datetime.fromtimestamp(self._second)  # noqa: DTZ006 - the time that the user's other clocks show
            self._clock = self._paint(local.strftime("%H:%M:%S"), _DIM)
        return self._clock

    def _status(self, status: int | None, missing: str) -> str:
        if status is None:
            return self._paint(missing, _RED)
        return self._paint(str(status), _COLOURS.get(status // 100, _RED))

    def _joined(self, parts: list[str], details: list[tuple[str, str | None]]) -> str:
        for name, value in details:
            if value is not None:
                text = self._paint(value, _MAGENTA) if name == "fault" else value
                parts.append(f"{self._paint(name, _DIM)} {text}" if name else text)
        return "  ".join(parts).rstrip()

    def _paint(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self._colour else text


def _of(sandbox: str) -> tuple[str, str | None]:
    return "sandbox", None if sandbox == "default" else sandbox


def _duration(milliseconds: int) -> str:
    if milliseconds < 1:
        return "<1 ms"
    return f"{milliseconds} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"
