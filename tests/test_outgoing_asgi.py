"""Calls into an ASGI application: what it sees, and what becomes of the call."""

import asyncio
from typing import Any

import pytest

from mockserver.outgoing.asgi import AsgiSender
from mockserver.outgoing.call import CallResult, OutgoingCall

CALL = OutgoingCall("POST", "http://app.test:81/hooks/a%20b?x=1", (("X-Sign", "abc"),), b"{}")


def sent(app: Any, call: OutgoingCall = CALL) -> CallResult:
    """What became of a call, on a timer that ticks a second a look."""
    ticks = iter(range(100))
    return asyncio.run(AsgiSender(app, lambda: float(next(ticks))).send(call))


async def answer(send: Any, body: bytes = b"", status: int = 200, *, more: bool = False) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": body, "more_body": more})


def test_the_application_sees_a_request_as_a_server_hands_it_on() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=(await receive())["body"])
        await answer(send, b"thanks", 202)
        assert (await receive())["type"] == "http.disconnect"

    result = sent(app)
    assert (result.kind, result.status, result.body, result.headers) == ("response", 202, b"thanks", (("x-a", "1"),))
    assert result.elapsed_ms == 1000
    assert (seen["method"], seen["path"], seen["raw_path"]) == ("POST", "/hooks/a b", b"/hooks/a%20b")
    assert (seen["query_string"], seen["server"], seen["body"]) == (b"x=1", ("app.test", 81), b"{}")
    assert seen["headers"] == [(b"host", b"app.test:81"), (b"x-sign", b"abc"), (b"content-length", b"2")]


def test_a_long_reply_is_cut_and_says_so() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"12345678", more=True)
        await send({"type": "http.response.body", "body": b"90"})

    result = sent(app, OutgoingCall("GET", "http://app.test", keep=4))
    assert (result.kind, result.body, result.truncated) == ("response", b"1234", True)


def test_an_application_that_raises_has_answered_500(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("no such table")

    result = sent(app)
    assert (result.kind, result.status) == ("response", 500)
    assert b"LookupError: no such table" in result.body
    assert "the application failed on POST http://app.test:81" in caplog.text


def test_an_application_that_raises_after_its_reply_has_answered() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"done")
        raise LookupError

    assert (sent(app).status, sent(app).body) == (200, b"done")


def test_no_reply_and_half_a_reply_are_protocol_errors() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def half(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"da", more=True)

    assert (sent(silent).kind, sent(silent).status) == ("protocol_error", None)
    assert (sent(half).kind, sent(half).status, sent(half).body) == ("protocol_error", 200, b"da")


def test_an_application_that_takes_too_long_is_left() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    result = sent(app, OutgoingCall("POST", "http://app.test", timeout=0.01))
    assert (result.kind, result.error) == ("timeout", "no reply within 0.01 s")
