"""W3C traces: from a request to its journal entry and its webhooks, and as spans to a collector."""

import asyncio
import json
from typing import Any

import pytest

from mockserver.app import create_app
from mockserver.core.trace import parsed
from mockserver.outgoing.call import CallResult
from mockserver.serving.listening import listen
from mockserver.serving.spans import Endpoint, SpanExport, endpoint_of, span_export
from mockserver.settings import Settings
from mockserver.testing.callback_server import Answer, CallbackServer, ReceivedRequest
from tests.conversation import Conversation

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
VIDEO = {"url": "https://example.com/a.mp4"}
HOOK = {"webhook": {"url": "http://127.0.0.1:9000/hook"}}


async def submit(t: Conversation, **headers: str) -> None:
    reply = await t.post("/videotoprompt/v1/analyze/url", json=VIDEO, headers=headers)
    assert reply.status_code == 202


async def test_a_trace_is_carried_to_every_attempt_of_a_webhook() -> None:
    async with Conversation() as t:
        await t.client.patch("/_mock/accounts/key-1", json=HOOK)
        await submit(t, traceparent=PARENT, tracestate="vendor=1")
        t.receivers.answers = [CallResult("response", 500)]
        await t.advance(3_600)
        first, second = (dict(call.headers) for call in t.receivers.calls)
        spans = []
        for headers in (first, second):
            trace = parsed(headers["traceparent"])
            assert trace is not None
            assert (trace.trace_id, trace.sampled, headers["tracestate"]) == (TRACE, True, "vendor=1")
            spans.append(trace.span_id)
        assert len({SPAN, *spans}) == 3
        entries = (await t.get("/_mock/journal")).json()["entries"]
        assert [e["trace"] for e in entries if e["kind"] in ("request", "delivery")] == [TRACE] * 3


@pytest.mark.parametrize(
    "traceparent",
    ["", "nonsense", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01",
     f"00-{TRACE.upper()}-{SPAN}-01", f"{PARENT}-more"],
)  # fmt: skip
async def test_a_trace_that_is_not_valid_is_ignored(traceparent: str) -> None:
    async with Conversation() as t:
        await t.client.patch("/_mock/accounts/key-1", json=HOOK)
        await submit(t, traceparent=traceparent)
        await t.advance(3_600)
        assert "traceparent" not in dict(t.receivers.calls[0].headers)
        entries = (await t.get("/_mock/journal")).json()["entries"]
        assert not any("trace" in entry for entry in entries)


def test_later_versions_are_read_by_the_rules_of_this_one() -> None:
    assert parsed(f"01-{TRACE}-{SPAN}-01-more") == (TRACE, SPAN, "01")
    assert parsed(None) is None


class Collector:
    """A collector of OTLP over HTTP."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.server = CallbackServer(self._answer)

    async def _answer(self, request: ReceivedRequest) -> Answer:
        self.requests.append(request)
        return Answer(200, {})

    async def open(self) -> str:
        listener = listen("127.0.0.1", 0)
        await self.server.open(listener)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    @property
    def spans(self) -> list[dict[str, Any]]:
        documents = [json.loads(request.body) for request in self.requests]
        return [s for d in documents for r in d["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]]


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


async def test_spans_of_requests_and_webhooks_reach_a_collector() -> None:
    collector = Collector()
    base = await collector.open()
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": base + "/",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=a%20b,other=1",
        "OTEL_SERVICE_NAME": "mock",
    }
    async with Conversation() as t:
        export = span_export(environment)
        assert export is not None
        export.start(t.app.sandboxes.feed)
        await t.client.patch("/_mock/accounts/key-1", json=HOOK)
        await submit(t, traceparent=PARENT)
        await submit(t)
        await submit(t, traceparent=f"{PARENT[:-2]}00")
        await t.advance(3_600)
        await export.close()
        sent = {dict(call.headers).get("traceparent", "-").split("-")[-2:][0] for call in t.receivers.calls}
    await collector.server.close()
    assert (collector.requests[0].path, collector.requests[0].headers["x-api-key"]) == ("/v1/traces", "a b")
    requests = [span for span in collector.spans if span["kind"] == 2]
    webhooks = [span for span in collector.spans if span["kind"] == 3]
    assert [span["name"] for span in requests] == ["videotoprompt.analyze_url"] * 2, "one is not sampled"
    assert (requests[0]["traceId"], requests[0]["parentSpanId"]) == (TRACE, SPAN)
    assert "parentSpanId" not in requests[1]
    assert {(w["traceId"], w["parentSpanId"]) for w in webhooks} == {(r["traceId"], r["spanId"]) for r in requests}
    traced = next(webhook for webhook in webhooks if webhook["traceId"] == TRACE)
    assert traced["spanId"] in sent, "the receiver's parent is the span of the attempt"
    values = attributes(requests[0])
    assert (values["http.response.status_code"], values["mockserver.sandbox"]) == ("202", "default")
    assert all(int(s["endTimeUnixNano"]) >= int(s["startTimeUnixNano"]) > 10**18 for s in collector.spans)


async def test_a_collector_that_does_not_answer_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    async with Conversation() as t:
        export = SpanExport(Endpoint("http://127.0.0.1:9/v1/traces", {}, "mock"))
        export.start(t.app.sandboxes.feed)
        for _ in range(2):
            await submit(t)
            await export._send(await export._listener.rest() if export._listener else [])
        await export.close()
    assert [record.message.partition(":")[0] for record in caplog.records] == ["spans cannot be sent to http"]


def test_nothing_is_sent_unless_the_environment_says_where() -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}
    assert span_export({}) is None
    assert endpoint_of({**endpoint, "OTEL_SDK_DISABLED": "true"}) is None
    assert endpoint_of({**endpoint, "OTEL_TRACES_EXPORTER": "none"}) is None
    assert endpoint_of(endpoint) == Endpoint("http://localhost:4318/v1/traces", {}, "mockserver")
    own = {**endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:1/own"}
    assert endpoint_of(own) == Endpoint("http://localhost:1/own", {}, "mockserver")


def test_the_server_of_serve_sends_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    from mockserver.serving.serve import _with_spans

    began: list[str] = []
    app = create_app(Settings())
    options = {"on_started": lambda: began.append("started"), "on_closed": app.close}
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")

    async def run() -> None:
        wrapped = _with_spans(app, options)
        wrapped["on_started"]()
        assert app.sandboxes.feed.listeners == 1
        await wrapped["on_closed"]()
        assert app.sandboxes.feed.listeners == 0

    asyncio.run(run())
    assert began == ["started"]
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    assert _with_spans(app, options) is options
