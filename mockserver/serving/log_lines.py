"""Lines of the log: what they say about an entry of a journal, as text for people or as JSON for programs."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from mockserver.clock import rfc3339, wall_ms
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import Masking, masked_account

Line = Callable[[str, JournalEntry], str]

# Kinds of entries that have a line. Steps of jobs have none: they are written when somebody looks at the journal.
LOGGED = ("request", "delivery", "clock", "control")
# Characters of a path and of a note.
_MAX_TEXT = 160
_OPERATION = 32
_RESET, _DIM, _RED, _GREEN, _YELLOW, _CYAN, _MAGENTA = (f"\x1b[{n}m" for n in (0, 2, 31, 32, 33, 36, 35))
_COLOURS = {2: _GREEN, 3: _CYAN, 4: _YELLOW, 5: _RED}
_NOT_WHOLE = {
    "part": "the reply was cut off", "damaged": "the reply was damaged", "lost": "the reply was lost",
    "none": "no reply", "client_left": "the client left",
}  # fmt: skip


def instant(at: int) -> str:
    """Return an instant as RFC 3339 text in UTC, to the millisecond."""
    return f"{rfc3339(at)[:-1]}.{at % 1000:03}Z"


class Times(NamedTuple):
    """When an entry began, by the machine's clock, and how long it took. Both are milliseconds."""

    began: int
    took: int


def times_of(entry: JournalEntry) -> Times:
    """Return the times of an entry. The clock of its sandbox can be another than the machine's."""
    if entry.real is not None:
        return Times(entry.real[0], entry.real[1] - entry.real[0])
    return Times(entry.at, entry.written_at - entry.at)


class JsonLines:
    """Writes an entry as one JSON object. Fields without a value are left out."""

    def __call__(self, sandbox: str, entry: JournalEntry) -> str:
        """Return the line of an entry."""
        # The other kinds have only the time of the sandbox's clock.
        began = times_of(entry).began if entry.kind == "request" else wall_ms()
        fields: dict[str, Any] = {"time": instant(began), "kind": entry.kind, "sandbox": sandbox}
        if entry.kind == "request":
            fields |= {"status": entry.status, "delivered": entry.delivered}
        named: dict[str, Any] = {
            "operation": entry.operation, "method": entry.method, "path": _path(entry), "rule": entry.rule,
            "fault": entry.fault, "job": entry.job, "note": _note(entry), "deviations": list(entry.deviations),
            "account": None if entry.account is None else masked_account(entry.account),
        }  # fmt: skip
        if entry.kind == "delivery":
            named = {"status": entry.status, "provider": entry.provider, **(entry.detail or {}), **named}
        fields |= {name: value for name, value in named.items() if value not in (None, [])}
        if entry.kind == "request":
            fields["duration_ms"] = times_of(entry).took
        return json.dumps(fields, ensure_ascii=False)

    def missed(self, count: int) -> str:
        """Return the line for entries that have no line of their own."""
        return json.dumps({"time": instant(wall_ms()), "kind": "missed", "entries": count})


class TextLines:
    """Writes an entry as a line for people, in columns, with `colour` or without."""

    def __init__(self, *, colour: bool = False) -> None:
        self._colour = colour
        # The beginning of most lines is the same for a whole second.
        self._second, self._clock = 0, ""

    def __call__(self, sandbox: str, entry: JournalEntry) -> str:
        """Return the line of an entry."""
        if entry.kind == "request":
            return self._request(sandbox, entry)
        what = "webhook" if entry.kind == "delivery" else entry.kind
        status = entry.status if entry.kind == "delivery" else None
        parts = [self._time(wall_ms()), self._status(status, missing="   "), f"{what:<7}", _note(entry) or ""]
        return self._joined(parts, [("job", entry.job), ("to", _path(entry)), _of(sandbox)])

    def _request(self, sandbox: str, entry: JournalEntry) -> str:
        times, replied = times_of(entry), entry.delivered not in ("none", "lost")
        name = entry.operation or f"{entry.method} {_path(entry)}"
        parts = [
            self._time(times.began), self._status(entry.status if replied else None, missing="---"),
            f"{name:<{_OPERATION}}", f"{_duration(times.took):>7}",
        ]  # fmt: skip
        details = [
            ("job", entry.job), ("rule", entry.rule), ("fault", entry.fault), _of(sandbox),
            ("", _outcome(entry)), ("deviation", _deviations(entry)),
        ]  # fmt: skip
        return self._joined(parts, details)

    def missed(self, count: int) -> str:
        """Return the line for entries that have no line of their own."""
        return self._paint(f"({count} more entries: the log is slower than the requests)", _DIM)

    def _time(self, at: int) -> str:
        if at // 1000 != self._second:
            self._second = at // 1000
            self._clock = self._paint(datetime.fromtimestamp(self._second).strftime("%H:%M:%S"), _DIM)  # noqa: DTZ006
        return self._clock

    def _status(self, status: int | None, *, missing: str) -> str:
        if status is None:
            return self._paint(missing, _RED)
        return self._paint(str(status), _COLOURS.get(status // 100, _RED))

    def _joined(self, parts: list[str], details: list[tuple[str, str | None]]) -> str:
        for name, value in details:
            if value is None:
                continue
            if name == "fault":
                value = self._paint(value, _MAGENTA)
            parts.append(f"{self._paint(name, _DIM)} {value}" if name else value)
        return "  ".join(parts).rstrip()

    def _paint(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self._colour else text


def _outcome(entry: JournalEntry) -> str | None:
    """Return what happened to the reply, or why the request was refused."""
    if entry.delivered == "whole" or (entry.note is not None and entry.fault is None):
        return _note(entry)
    return _NOT_WHOLE[entry.delivered]


def _deviations(entry: JournalEntry) -> str | None:
    if not entry.deviations:
        return None
    more = f" and {len(entry.deviations) - 1} more" if len(entry.deviations) > 1 else ""
    return _clean(entry.deviations[0]) + more


def _of(sandbox: str) -> tuple[str, str | None]:
    return "sandbox", None if sandbox == "default" else sandbox


def _duration(milliseconds: int) -> str:
    if milliseconds < 1:
        return "<1 ms"
    return f"{milliseconds} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"


def _path(entry: JournalEntry) -> str | None:
    return None if entry.path is None else _hidden(entry.path, entry)


def _note(entry: JournalEntry) -> str | None:
    if entry.note is None:
        return None
    note = entry.note
    if entry.kind == "delivery" and entry.status is not None:
        note = note.replace(": response", ": delivered" if 200 <= entry.status < 300 else ": failed", 1)
    elif entry.kind == "control" and entry.provider is not None:
        note = f"{entry.provider}: {note}"
    return _hidden(note, entry)


def _hidden(text: str, entry: JournalEntry) -> str:
    return _clean(Masking().of_request(entry.account, entry.headers).text(text))


def _clean(text: str) -> str:
    """Return a text on one line, without characters that a terminal would obey."""
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
