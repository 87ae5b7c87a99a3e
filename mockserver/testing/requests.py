"""The requests that reached a sandbox, as its journal has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import from_json

from mockserver.core.journal import JournalEntry
from mockserver.core.match import Check, View, compile_check, key_matches
from mockserver.core.scenario import Condition
from mockserver.kit.operations import Operation
from mockserver.testing.errors import MockServerError
from mockserver.testing.session import World, instant
from mockserver.wire.routes import Routes

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

When = Mapping[str, Mapping[str, Any]]
_HEADS = ("body", "query", "header", "path", "input")


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule of the scenario that did not take a request, and the first of its conditions that failed."""

    rule: str
    failed: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request and what became of it.

    `operation` is None where the provider has none at that path; `status` is None where no reply went out. `rule`
    is the rule of the scenario that took the request, `missed` are those that might have, in their order.
    `headers` have lower-case names and are shown as they came, credentials included.
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
        """The body as JSON data. Raises ValueError when it is none; the body of an upload is not kept."""
        return from_json(self.body)

    @property
    def reply_json(self) -> Any:
        """The body of the reply as JSON data. Raises ValueError when it is none."""
        return from_json(self.reply)


def request_of(entry: JournalEntry) -> Request:
    """The request that a journal entry is about."""
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
    """Which requests are meant. A request that is not tells why."""

    def __init__(
        self, world: World, operation: str, status: int | None = None, key: str | None = None, when: When | None = None
    ) -> None:
        world.check_operation(operation)
        self._operation = operation
        self._status = status
        self._key = key
        self._checks = tuple(_checks(when or {}))
        self._operations = {f"{p.name}.{o.name}": o for p in world.host.providers for o in p.operations}

    def covers(self, request: Request) -> bool:
        """True for a request of the operation that is meant, whatever else it is."""
        return key_matches(self._operation, request.operation or "")

    def failure(self, request: Request) -> str | None:
        """Why a request of the operation is not meant; None when it is."""
        if self._status not in (None, request.status):
            return f"its status is {request.status}, not {self._status}"
        if self._key not in (None, request.key):
            return "its key is another"
        if not self._checks:
            return None
        view = _view(request, self._operations.get(request.operation or ""))
        failures = (check.failure(view) for check in self._checks)
        return next((failed for failed in failures if failed is not None), None)

    def of(self, requests: Iterable[Request]) -> list[Request]:
        """Those requests that are meant."""
        return [request for request in requests if self.covers(request) and self.failure(request) is None]


def _checks(when: When) -> Iterable[Check]:
    for path, condition in when.items():
        if path.partition(".")[0] not in _HEADS:
            raise MockServerError(f"{path!r} cannot be looked at; what can is {', '.join(_HEADS)}")
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
        value = operation.input(data) if callable(operation.input) else _at(data, operation.input)
        found = Routes([operation]).find(request.path)
        parameters = found.parameters if found else {}
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


def _at(data: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data
