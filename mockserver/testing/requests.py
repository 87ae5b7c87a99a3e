"""The requests that a sandbox received, from its journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import from_json

from mockserver.core.journal import JournalEntry
from mockserver.core.match import CompiledCondition, View, compile_check, key_matches
from mockserver.core.scenario import Condition
from mockserver.kit.operations import Operation
from mockserver.testing.errors import MockServerError
from mockserver.testing.hosted_sandbox import HostedSandbox
from mockserver.testing.values import instant
from mockserver.wire.routes import Routes

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

When = Mapping[str, Mapping[str, Any]]
_SOURCES = ("body", "query", "header", "path", "input")


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule of the scenario that did not match a request, and the first of its conditions that failed."""

    rule: str
    failed: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its reply.

    `operation` is None if the provider has none with that path; `status` is None if no reply was sent. `rule` is the
    rule of the scenario that matched, and `missed` are the rules before it that did not, in order. `headers` have
    lower-case names and the original values, including credentials.
    """

    number: int
    at: datetime
    provider: str
    operation: str | None
    key: str | None
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None
    reply: bytes = field(repr=False)
    job: str | None
    rule: str | None
    missed: tuple[Missed, ...] = field(repr=False)
    note: str | None
    deviations: tuple[str, ...] = field(repr=False)

    @property
    def json(self) -> Any:
        """The body as JSON data. Raises ValueError if it is not JSON. The body of an upload is not kept."""
        return from_json(self.body)

    @property
    def reply_json(self) -> Any:
        """The body of the reply as JSON data. Raises ValueError if it is not JSON."""
        return from_json(self.reply)


def request_of(entry: JournalEntry) -> Request:
    """Return the request of a journal entry."""
    return Request(
        number=entry.number,
        at=instant(entry.at),
        provider=entry.provider or "",
        operation=entry.operation,
        key=entry.account.partition(":")[2] if entry.account else None,
        method=entry.method or "",
        path=entry.path or "",
        query=dict(parse_qsl(entry.query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in entry.headers},
        body=entry.request,
        status=entry.status,
        reply=entry.reply,
        job=entry.job,
        rule=entry.rule,
        missed=tuple(Missed(m.rule, m.failed) for m in entry.misses),
        note=entry.note,
        deviations=entry.deviations,
    )


class Filter:
    """Selects requests by operation, status, key and conditions, and explains why others are not selected."""

    def __init__(
        self,
        hosted: HostedSandbox,
        operation: str,
        status: int | None = None,
        key: str | None = None,
        when: When | None = None,
    ) -> None:
        hosted.check_operation(operation)
        self._operation = operation
        self._status = status
        self._key = key
        self._checks = tuple(_checks(when or {}))
        self._operations = {f"{p.name}.{o.name}": o for p in hosted.host.providers for o in p.operations}

    def covers(self, request: Request) -> bool:
        """Return true for a request of the operation, whatever its status, key and content are."""
        return key_matches(self._operation, request.operation or "")

    def mismatch(self, request: Request) -> str | None:
        """Describe why a request of the operation is not selected, or return None if it is."""
        if self._status not in (None, request.status):
            return f"status {request.status}, not {self._status}"
        if self._key not in (None, request.key):
            return "another key"
        if not self._checks:
            return None
        view = _view(request, self._operations.get(request.operation or ""))
        failures = (check.failure(view) for check in self._checks)
        return next((f"failed condition: {failure}" for failure in failures if failure is not None), None)

    def select(self, requests: Iterable[Request]) -> list[Request]:
        """Return the selected requests."""
        return [request for request in requests if self.covers(request) and self.mismatch(request) is None]


def _checks(when: When) -> Iterable[CompiledCondition]:
    for path, condition in when.items():
        if path.partition(".")[0] not in _SOURCES:
            raise MockServerError(f"{path!r} must begin with one of {', '.join(_SOURCES)}")
        try:
            yield compile_check(path, Condition.model_validate(condition))
        except ValidationError as error:
            raise MockServerError(f"{path}: {error.errors()[0]['msg']}") from None
        except ValueError as error:
            raise MockServerError(str(error)) from None


def _view(request: Request, operation: Operation | None) -> View:
    data = _data(request)
    value: Any = None
    parameters: Mapping[str, str] = {}
    if operation is not None:
        value = operation.input(data) if callable(operation.input) else _value_at(data, operation.input)
        match = Routes([operation]).find(request.path)
        parameters = match.parameters if match else {}
    return View(
        operation=request.operation or "",
        account={},
        body=data,
        query=request.query,
        header=request.headers,
        path=parameters,
        input=value if isinstance(value, str) else None,
    )


def _data(request: Request) -> Any:
    try:
        return request.json
    except ValueError:
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)) or None


def _value_at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data
