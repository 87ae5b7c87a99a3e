"""Outgoing calls to an ASGI application: what it receives, and the result of the call."""

from typing import Any

import pytest

from mockserver.outgoing.asgi import AsgiSender
from mockserver.outgoing.call import CallResult, OutgoingCall

CALL = OutgoingCall("POST", "http://app.test:81/hooks/a%20b?x=1", (("X-Sign", "abc"),), b"{}")


async def send_call(app: Any, call: OutgoingCall = CALL) -> CallResult:
    """Send a call to an application. Each reading of the timer is one second later than the last."""
    ticks = iter(range(100))
    return await AsgiSender(app, lambda: float(next(ticks))).send(call)


async def answer(send: Any, body: bytes = b"", status: int = 200, *, more: bool = False) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def test_the_application_gets_a_request_as_from_a_server() -> None:
    request: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request.update(scope, body=(await receive())["body"])
        await answer(send, b"thanks", 202)
        request["next"] = (await receive())["type"]

    result = await send_call(app)
    assert (result.kind, result.status, result.body, result.headers) == ("response", 202, b"thanks", (("x-a", "1"),))
    assert result.elapsed_ms == 1000
    assert (request["method"], request["path"], request["raw_path"]) == ("POST", "/hooks/a b", b"/hooks/a%20b")
    assert (request["query_string"], request["server"], request["body"]) == (b"x=1", ("app.test", 81), b"{}")
    assert request["headers"] == [(b"host", b"app.test:81"), (b"x-sign", b"abc"), (b"content-length", b"2")]
    assert request["next"] == "http.disconnect"


async def test_a_long_reply_is_truncated_and_marked() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"12345678", more=True)
        await send({"type": "http.response.body", "body": b"90"})

    result = await send_call(app, OutgoingCall("GET", "http://app.test", keep=4))
    assert (result.kind, result.body, result.truncated) == ("response", b"1234", True)


async def test_an_application_that_raises_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("no such table")

    result = await send_call(app)
    assert (result.kind, result.status) == ("response", 500)
    assert b"LookupError: no such table" in result.body
    assert "the application raised an exception for POST http://app.test:81" in caplog.text


async def test_a_complete_reply_counts_although_the_application_raises_afterwards() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"done")
        raise LookupError

    result = await send_call(app)
    assert (result.kind, result.status, result.body) == ("response", 200, b"done")


async def test_no_reply_and_an_incomplete_reply_are_protocol_errors() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def half(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"da", more=True)

    no_reply, incomplete = await send_call(silent), await send_call(half)
    assert (no_reply.kind, no_reply.status) == ("protocol_error", None)
    assert (incomplete.kind, incomplete.status, incomplete.body) == ("protocol_error", 200, b"da")
    assert no_reply.error == incomplete.error == "the application returned before its reply was complete"


async def test_an_application_that_takes_too_long_is_a_timeout() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    result = await send_call(app, OutgoingCall("POST", "http://app.test", timeout=0.01))
    assert (result.kind, result.error) == ("timeout", "no reply within 0.01 s")
