"""The journal of a sandbox."""

import codecs
from base64 import b64encode
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.clock import rfc3339
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.pages import Paged, SerialPageQuery, paged, serial
from mockserver.control.parameters import Entries, HttpStatus, ProviderQuery, Segment
from mockserver.control.problems import WRONG_QUERY, problems
from mockserver.core.journal import EntryFilter, JournalEntry, Kind
from mockserver.core.masking import Masking, masked_account
from mockserver.core.trace import parsed
from mockserver.kit.models import Instant, Shape
from mockserver.provenance.behaviours import Ledger
from mockserver.provenance.rows import Basis


class Missed(Shape):
    """A rule that did not match a request, and its first condition that failed."""

    rule: str
    failed: str


class RequestSeen(Shape):
    """A request as it arrived. Its credentials are masked."""

    headers: dict[str, str]
    body: str


class ReplySeen(Shape):
    """The reply to a request. There are no headers if nothing of it was sent, or if they contain secrets."""

    headers: dict[str, str]
    body: str


class RestsOn(Shape):
    """A behaviour that this depends on: a row of the provider's ledger, and its class."""

    rule: str
    basis: Basis | None = Field(alias="class")


class EntryView(Shape):
    """One thing that happened. `cause` is the number of another entry. The other fields depend on `kind`.

    `offset` is the place in the journal, by which `/journal/{offset}` finds the entry.
    """

    offset: int
    number: int | None = None
    kind: Kind
    at: Instant
    provider: str | None = None
    operation: str | None = None
    account: str | None = None
    method: str | None = None
    path: str | None = None
    query: str | None = None
    status: int | None = None
    job: str | None = None
    cause: int | None = None
    note: str | None = None
    delivery: str | None = None
    trace: str | None = Field(default=None, description="the id of the W3C trace that this belongs to")
    deviations: list[str] | None = None
    rests_on: list[RestsOn] | None = None
    rule: str | None = None
    fault: str | None = Field(
        default=None, description="of a request: the fault of its rule, or one that was armed for it"
    )
    missed: list[Missed] | None = None
    request: RequestSeen | None = None
    reply: ReplySeen | None = None
    duration_ms: int | None = Field(
        default=None, ge=0, description="of a request: how long it took on the sandbox's clock, in milliseconds"
    )
    real_duration_ms: int | None = Field(
        default=None, ge=0, description="the same by the machine's clock, if the sandbox has another one"
    )


class Journal(Paged):
    """Entries of the journal, newest first."""

    entries: list[EntryView]


class JournalQuery(ProviderQuery, SerialPageQuery):
    """Which entries of the journal to list."""

    operation: str = Field(default="*", description="provider.operation; * stands for any characters")
    status: HttpStatus | SkipJsonSchema[None] = Field(default=None, description="the HTTP status of the reply")
    job: str | SkipJsonSchema[None] = Field(default=None, description="a job's id")
    kind: Kind | SkipJsonSchema[None] = None
    limit: Entries = Field(default=100, description="the maximum number of entries")


router = APIRouter(tags=["records"], route_class=StrictRoute)


@router.get(
    "/journal",
    summary="List what happened, newest first",
    response_model=Journal,
    responses={**WRONG_QUERY, **problems({404: "There is no such provider or operation"})},
)
async def journal(query: Annotated[JournalQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts) -> Response:
    if query.provider is not None:
        parts.provider(query.provider)
    operation = None if query.operation == "*" else query.operation
    if operation is not None:
        parts.check_operation(operation)
    wanted = EntryFilter(operation, query.status, query.job, query.provider, query.kind)
    entries = await sandbox.journal(wanted, serial(query.cursor), query.limit + 1)
    masking = parts.masking_in(sandbox)

    def view(entry: JournalEntry) -> EntryView:
        return _view(entry, parts.ledger, masking)

    return await paged("entries", entries, view, lambda entry: str(entry.serial), query.limit, exclude_unset=True)


class Behaviour(Shape):
    """A row of a provider's ledger: what is simulated, and where that is known from."""

    rule: str
    basis: Basis | None = Field(alias="class")
    what: str
    source: str | None


class EntryDetail(EntryView):
    """Everything about one entry. The bodies are those that are kept: the first 4,096 bytes."""

    milliseconds: int
    duration_ms: int = Field(ge=0)
    attempt: int | None = None
    chunks: list[tuple[int, int]] | None = Field(
        default=None, description="of a stream: the milliseconds since its start and the bytes of each chunk"
    )
    request_base64: str | None = Field(default=None, description="the body of the request, if it is not text")
    reply_base64: str | None = Field(default=None, description="the body of the reply, if it is not text")
    behaviours: list[Behaviour]


@router.get(
    "/journal/{offset}",
    summary="Get an entry of the journal",
    response_model_exclude_unset=True,
    responses=problems({404: "The journal has no such entry"}),
)
async def show_entry(offset: Segment, sandbox: CurrentSandbox, parts: ServerParts) -> EntryDetail:
    """`latest` is the newest entry."""
    await sandbox.settling.observe(sandbox.clock.now())
    number = int(offset) if offset.isascii() and offset.isdigit() and len(offset) <= 18 else 0
    wanted = sandbox.store.last_serial if offset == "latest" else number
    entries = (await sandbox.store.entries_since(max(0, wanted - 1), 1)).entries
    if not entries or entries[0].serial != wanted:
        raise ControlError(404, f"The journal has no entry {offset!r}")
    return _detail(entries[0], parts.ledger, parts.masking_in(sandbox))


def _detail(entry: JournalEntry, ledger: Ledger, masking: Masking) -> EntryDetail:
    rows = [(row, ledger.rows.get(row)) for row in dict.fromkeys(entry.rests_on)]
    more: dict[str, Any] = {
        "milliseconds": entry.at,
        "duration_ms": max(0, entry.written_at - entry.at),
        "behaviours": [
            {"rule": name, "class": row.basis, "what": row.what, "source": row.source}
            for name, row in rows
            if row is not None
        ],
    }
    for name in ("attempt", "chunks"):
        if entry.detail and name in entry.detail:
            more[name] = entry.detail[name]
    for name, body in (("request_base64", entry.request), ("reply_base64", entry.reply)):
        if body and not _is_text(body):
            more[name] = b64encode(body).decode()
    view = _view(entry, ledger, masking).model_dump(by_alias=True, exclude_unset=True)
    return EntryDetail.model_validate({**view, **more})


def _is_text(body: bytes) -> bool:
    """Return true for UTF-8 without control characters. A character at the end may be cut."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return False
    return "\0" not in text


def _traceparent(entry: JournalEntry) -> str | None:
    """Return the `traceparent` of a request, or of the request that caused a delivery."""
    if entry.kind == "request":
        return next((value for name, value in entry.headers if name.lower() == "traceparent"), None)
    return entry.detail.get("trace") if entry.detail else None


def _view(entry: JournalEntry, ledger: Ledger, masking: Masking) -> EntryView:
    masking = masking.of_request(entry.account, entry.headers)
    view: dict[str, Any] = {
        "offset": entry.serial,
        "number": entry.number or None,
        "kind": entry.kind,
        "at": rfc3339(entry.at),
        "provider": entry.provider,
        "operation": entry.operation,
        "account": masked_account(entry.account) if entry.account else None,
        "method": entry.method,
        "path": masking.text(entry.path) if entry.path else None,
        "query": masking.text(entry.query) if entry.query else None,
        "status": entry.status,
        "job": entry.job,
        "cause": entry.cause,
        "note": masking.text(entry.note) if entry.note else None,
        "delivery": entry.detail.get("delivery") if entry.detail else None,
        "deviations": masking.data(entry.deviations) or None,
        "rests_on": [{"rule": row, "class": ledger.basis(row)} for row in dict.fromkeys(entry.rests_on)] or None,
    }
    trace = parsed(_traceparent(entry))
    view["trace"] = None if trace is None else trace.trace_id
    if entry.kind == "request":
        view["rule"], view["fault"] = entry.rule, entry.fault
        misses = (*entry.others, *entry.misses)
        view["missed"] = [{"rule": miss.rule, "failed": masking.condition(miss.failed)} for miss in misses]
        view["request"] = {
            "headers": dict(masking.headers(entry.headers)),
            "body": masking.text(entry.request.decode("utf-8", "replace")),
        }
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in entry.reply_headers]
        view["reply"] = {
            "headers": dict(masking.headers(headers)),
            "body": masking.text(entry.reply.decode("utf-8", "replace")),
        }
        view["duration_ms"] = max(0, entry.written_at - entry.at)
        view["real_duration_ms"] = None if entry.real is None else max(0, entry.real[1] - entry.real[0])
    return EntryView.model_validate({name: value for name, value in view.items() if value is not None})
