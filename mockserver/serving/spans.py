"""Spans of requests and webhooks for OpenTelemetry, in the JSON form of OTLP over HTTP.

They are made of the journal, so they cost a request nothing, and need no package: nothing is imported unless the
environment has an endpoint (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
"""

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from mockserver import __version__
from mockserver.clock import wall_ms
from mockserver.core.journal import JournalEntry
from mockserver.core.trace import Trace, parsed
from mockserver.sandbox.journal_feed import Batch, JournalFeed, Listener
from mockserver.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger("mockserver")

# Seconds between two exports, and of one export.
_INTERVAL, _TIMEOUT = 1.0, 10.0
_SERVER, _CLIENT = 2, 3
_ERROR = 2
_PATH = "/v1/traces"


class Endpoint(NamedTuple):
    """Where spans are sent: a URL and headers. `service` is the name of this server in them."""

    url: str
    headers: Mapping[str, str]
    service: str


def endpoint_of(environment: Mapping[str, str]) -> Endpoint | None:
    """Return the endpoint that the variables of the OpenTelemetry SDK name; None if they name none."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    url = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or (base and base.rstrip("/") + _PATH)
    if not url:
        return None
    names = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
    text = next((environment[name] for name in names if environment.get(name)), "")
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    return Endpoint(url, headers, environment.get("OTEL_SERVICE_NAME") or "mockserver")


class SpanExport:
    """Follows the journals of all sandboxes, and sends a span for each request and each attempt of a delivery."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._listener: Listener | None = None
        self._client: httpx2.AsyncClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._failed = False

    def start(self, feed: JournalFeed) -> None:
        """Follow the journals from their beginning. Call this in the event loop of the server."""
        import httpx2

        self._client = httpx2.AsyncClient(timeout=_TIMEOUT, headers=dict(self._endpoint.headers))
        self._listener = feed.listen(after=0, interval=_INTERVAL, steps=False)
        self._task = asyncio.get_running_loop().create_task(self._run(self._listener))

    async def close(self) -> None:
        """Send what has not been sent, and end."""
        if self._listener is None or self._task is None or self._client is None:
            return
        self._listener.close()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._send(await self._listener.rest())
        await self._client.aclose()

    async def _run(self, listener: Listener) -> None:
        while (batches := await listener.read()) is not None:
            await self._send(batches)

    async def _send(self, batches: Sequence[Batch]) -> None:
        import httpx2

        # Other processes that share the store send the spans of their entries.
        own = [(batch.sandbox, [entry for entry in batch.entries if entry.is_own]) for batch in batches]
        spans = [span for sandbox, entries in own for span in spans_of(sandbox, entries)]
        if not spans or self._client is None:
            return
        try:
            reply = await self._client.post(self._endpoint.url, json=_document(self._endpoint.service, spans))
            problem = None if reply.is_success else f"status {reply.status_code}"
        except httpx2.HTTPError as error:
            problem = str(error) or type(error).__name__
        if problem is not None and not self._failed:
            log.warning("spans cannot be sent to %s: %s", self._endpoint.url, problem)
        self._failed = problem is not None


def spans_of(sandbox: Sandbox, entries: Iterable[JournalEntry]) -> list[dict[str, Any]]:
    """Return the spans of journal entries: of requests, and of attempts of deliveries.

    A request whose caller does not record its trace has no span, nor have its webhooks.
    """
    made = (_of_request(sandbox, e) if e.kind == "request" else _of_attempt(sandbox, e) for e in entries)
    return [span for span in made if span is not None]


def _of_request(sandbox: Sandbox, entry: JournalEntry) -> dict[str, Any] | None:
    caller = parsed(next((value for name, value in entry.headers if name.lower() == "traceparent"), None))
    if caller is not None and not caller.sampled:
        return None
    began, ended = entry.real or (entry.at, entry.written_at)
    return {
        "traceId": _trace_id(sandbox, caller, entry.number),
        "spanId": _span_id(sandbox, entry.number),
        **({} if caller is None else {"parentSpanId": caller.span_id}),
        "name": entry.operation or entry.method or "request",
        "kind": _SERVER,
        **_times(began, ended),
        "attributes": _attributes(sandbox, entry),
        "status": {"code": _ERROR} if entry.status is None or entry.status >= 500 else {},
    }


def _of_attempt(sandbox: Sandbox, entry: JournalEntry) -> dict[str, Any] | None:
    detail = entry.detail or {}
    if entry.kind != "delivery" or "attempt" not in detail:
        return None
    caller = parsed(detail.get("trace"))
    if caller is not None and not caller.sampled:
        return None
    ended = entry.written_at if sandbox.clock.mode == "real" else wall_ms()
    event = entry.rests_on[0].rpartition(".event.")[2] if entry.rests_on else "delivery"
    delivery, number = str(detail["delivery"]), int(detail["attempt"])
    return {
        "traceId": _trace_id(sandbox, caller, entry.cause or 0),
        "spanId": detail.get("span") or sandbox.seeded.hexadecimal(16, "span", delivery, number),
        "parentSpanId": _span_id(sandbox, entry.cause or 0),
        "name": event,
        "kind": _CLIENT,
        **_times(ended - (entry.written_at - entry.at), ended),
        "attributes": [*_attributes(sandbox, entry), _attribute("mockserver.delivery", delivery)],
        "status": {} if entry.status is not None and entry.status < 400 else {"code": _ERROR},
    }


def _trace_id(sandbox: Sandbox, caller: Trace | None, request: int) -> str:
    if caller is not None:
        return caller.trace_id
    return sandbox.seeded.hexadecimal(32, "trace", sandbox.journal_id, request)


def _span_id(sandbox: Sandbox, request: int) -> str:
    return sandbox.seeded.hexadecimal(16, "span", "request", sandbox.journal_id, request)


def _times(began: int, ended: int) -> dict[str, str]:
    return {"startTimeUnixNano": f"{began}000000", "endTimeUnixNano": f"{max(began, ended)}000000"}


def _attributes(sandbox: Sandbox, entry: JournalEntry) -> list[dict[str, Any]]:
    values = {
        "http.request.method": entry.method,
        "http.response.status_code": entry.status,
        "mockserver.sandbox": sandbox.name,
        "mockserver.provider": entry.provider,
        "mockserver.operation": entry.operation,
        "mockserver.rule": entry.rule,
        "mockserver.job": entry.job,
        "mockserver.fault": entry.fault,
    }
    return [_attribute(name, value) for name, value in values.items() if value is not None]


def _attribute(name: str, value: str | int) -> dict[str, Any]:
    return {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}


def _document(service: str, spans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    scope = {"scope": {"name": "mockserver", "version": __version__}, "spans": list(spans)}
    return {
        "resourceSpans": [
            {"resource": {"attributes": [_attribute("service.name", service)]}, "scopeSpans": [scope]},
        ]
    }


def span_export(environment: Mapping[str, str] = os.environ) -> SpanExport | None:
    """Return what sends spans, or None if the environment has no endpoint for them."""
    endpoint = endpoint_of(environment)
    return None if endpoint is None else SpanExport(endpoint)
