"""Deadlines and limits of requests, over real connections: what does not arrive is closed, and nobody else notices."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mockserver.clock import monotonic
from mockserver.serving.deadlines import Limits, WaitTime
from tests.live import Live, live
from tests.raw import connected, hear, hear_reply, request, say

SCENARIO: dict[str, Any] = {"extends": "default"}
QUICK = Limits(head_timeout=0.3, body_timeout=0.3, linger=0.2, every=0.05)
FDS = Path("/proc/self/fd")
URL = b'{"url": "https://example.com/a.mp4"}'
ANALYZE = "/videotoprompt/v1/analyze/url"
# What each provider calls an invalid request, by the path of one of its operations.
ENVELOPES = {
    ANALYZE: lambda body: body["error"]["type"] == "bad_request",
    "/prompttovideo/api/v1/generate": lambda body: isinstance(body["error"], str),
    "/nanophoto/api/sora-2/reverse-prompt": lambda body: body["errorCode"] == "INVALID_INPUT",
    "/descrideo/v1/video-descriptions": lambda body: isinstance(body["detail"], str),
    "/dumplingai/api/v1/extract-video": lambda body: isinstance(body["error"], str),
}


@pytest.fixture(scope="module")
def quick() -> Iterator[Live]:
    """A server whose deadlines are short, so that these tests are."""
    with live(SCENARIO, QUICK) as server:
        yield server


def ask(server: Live, data: bytes) -> int:
    """The status of one request."""
    with connected(server.address) as connection:
        connection.sendall(data)
        return hear_reply(connection).status


@pytest.mark.parametrize("path", ENVELOPES)
def test_a_head_that_does_not_arrive_is_refused_in_the_providers_words(quick: Live, path: str) -> None:
    heard = say(quick.address, f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Slow".encode())
    assert (heard.status, heard.ended) == (408, "FIN")
    assert heard.head["connection"] == "close"
    assert ENVELOPES[path](json.loads(heard.body))
    assert 0.3 <= heard.seconds < 2


def test_a_documented_host_is_an_address_too(quick: Live) -> None:
    heard = say(quick.address, b"POST /v1/analyze/url HTTP/1.1\r\nHost: api.videotoprompt.org\r\nX: ")
    assert json.loads(heard.body)["error"]["type"] == "bad_request"


def test_a_head_without_a_providers_address_is_refused_as_a_problem(quick: Live) -> None:
    heard = say(quick.address, b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n")
    assert heard.head["content-type"] == "application/problem+json"
    assert json.loads(heard.body)["status"] == 408


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n"])
def test_a_connection_on_which_nothing_begins_is_closed_without_a_word(quick: Live, data: bytes) -> None:
    heard = say(quick.address, data)
    assert (heard.data, heard.ended) == (b"", "FIN")
    assert heard.seconds < 2


def test_a_body_that_stops_is_refused(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    heard = say(quick.address, whole[:-5])
    assert (heard.status, heard.ended) == (408, "FIN")
    assert json.loads(heard.body)["error"]["message"] == "The body of the request did not arrive in time"


def test_a_body_that_drips_is_refused_and_one_that_comes_is_not(quick: Live) -> None:
    """Progress is what counts: half a kibibyte a second."""
    body = b" " * 3_200 + URL
    whole = request("POST", ANALYZE, body)
    head = len(whole) - len(body)
    with connected(quick.address) as slow, connected(quick.address) as steady:
        slow.sendall(whole[:head])
        steady.sendall(whole[:head])
        slow.settimeout(0.1)
        for at in range(head, len(whole), 400):
            steady.sendall(whole[at : at + 400])
            slow.sendall(whole[at : at + 1])
            try:
                if slow.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
        assert hear(slow).status == 408
        steady.sendall(whole[at + 400 :])
        assert hear_reply(steady).status == 202


def test_a_second_request_on_the_same_connection_has_its_own_deadline(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    with connected(quick.address) as connection:
        connection.sendall(whole)
        assert hear_reply(connection).status == 202
        connection.sendall(whole[:40])
        again = hear(connection)
        assert (again.status, again.ended) == (408, "FIN")


def test_a_connection_that_is_used_again_and_again_is_never_late(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    with connected(quick.address) as connection:
        until = monotonic() + 1
        while monotonic() < until:
            connection.sendall(whole)
            assert hear_reply(connection).status == 202


def test_an_empty_line_after_a_reply_does_not_keep_a_connection(quick: Live) -> None:
    """Any byte ends the timer of an idle connection, also one that begins no request."""
    with connected(quick.address) as connection:
        connection.sendall(request("POST", ANALYZE, URL))
        assert hear_reply(connection).status == 202
        connection.sendall(b"\r\n")
        heard = hear(connection)
        assert (heard.data, heard.ended) == (b"", "FIN")


def test_a_client_that_waits_for_100_continue_is_not_late() -> None:
    """The server has not said that it will read (RFC 9110 section 10.1.1): here a fault keeps it from that."""
    fault = {"name": "slow", "operation": "videotoprompt.analyze_upload", "fault": {"kind": "latency", "for": "900ms"}}
    with live({"clock": {"mode": "real"}, "rules": [fault]}, QUICK) as server, connected(server.address) as connection:
        fields = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 100", "Expect: 100-continue")
        connection.sendall(request("POST", "/videotoprompt/v1/analyze/upload", b"", *fields))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    "fields",
    [[f"X-{n}: y" for n in range(200)], ["X-Long: " + "y" * 70_000], [f"X-{n}: {'y' * 8_000}" for n in range(9)]],
    ids=["many fields", "one long field", "much in all"],
)
@pytest.mark.parametrize("pieces", [1, 20])
def test_a_head_that_is_too_large_is_refused(quick: Live, fields: list[str], pieces: int) -> None:
    whole = request("POST", ANALYZE, URL, *fields)
    with connected(quick.address) as connection:
        size = -(-len(whole) // pieces)
        for at in range(0, len(whole), size):
            connection.sendall(whole[at : at + size])
        heard = hear(connection)
    assert (heard.status, heard.ended) == (431, "FIN")
    assert json.loads(heard.body) == {
        "error": {"type": "bad_request", "message": "The head of the request is too large"}
    }


def test_a_head_at_the_limit_is_taken(quick: Live) -> None:
    fields = [f"X-{n}: {'y' * 600}" for n in range(95)]
    assert ask(quick, request("POST", ANALYZE, URL, *fields)) == 202


def test_a_large_body_is_not_a_large_head(quick: Live) -> None:
    body = b" " * 300_000 + URL
    whole = request("POST", ANALYZE, body)
    with connected(quick.address) as connection:
        connection.sendall(whole)
        assert hear_reply(connection).status == 202
        for part in (whole[:100], whole[100:]):
            connection.sendall(part)
        assert hear_reply(connection).status == 202


@pytest.mark.parametrize(
    "data",
    [
        b"POST /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00",
        b"GET\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(quick: Live, data: bytes) -> None:
    heard = say(quick.address, data)
    assert heard.ended == "FIN"
    assert heard.status in (0, 400)
    if data.startswith(b"POST"):
        assert json.loads(heard.body)["error"]["type"] == "bad_request"


def test_a_bad_chunk_is_refused(quick: Live) -> None:
    head = request("POST", ANALYZE, b"", "Content-Type: application/json", "Transfer-Encoding: chunked")
    heard = say(quick.address, head + b"zz\r\n")
    assert (heard.status, heard.ended) == (400, "FIN")


def test_an_upgrade_is_answered_as_the_request_that_it_is(quick: Live) -> None:
    assert ask(quick, request("GET", "/_mock/health", b"", "Connection: Upgrade", "Upgrade: websocket")) == 200


def test_a_request_that_is_pipelined_behind_a_hanging_one_has_its_deadline_too(quick: Live) -> None:
    """There is no reply to give: the first request has not been answered yet."""
    with connected(quick.address) as connection:
        connection.sendall(request("POST", ANALYZE, b'{"url": "https://example.com/mock-hang.mp4"}') + b"GET / HT")
        heard = hear(connection)
    assert (heard.data, heard.ended) == (b"", "FIN")


def test_pipelined_requests_are_answered_in_order(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    with connected(quick.address) as connection:
        connection.sendall(whole + whole + request("GET", "/_mock/health", b"", "Connection: close"))
        heard = hear(connection)
    assert heard.data.count(b"HTTP/1.1 202") == 2
    assert heard.data.endswith(b'{"status":"ok"}')


def descriptors() -> int:
    return sum(1 for _ in FDS.iterdir())


def come_down_to(count: int) -> bool:
    """Wait until so many descriptors are open, as the server closes its own."""
    until = monotonic() + 5
    while descriptors() > count and monotonic() < until:
        pass
    return descriptors() <= count


@pytest.mark.skipif(not FDS.exists(), reason="descriptors are counted as Linux shows them")
def test_a_reply_that_nobody_reads_is_not_kept_for_ever() -> None:
    much = {"name": "much", "operation": "videotoprompt.*", "reply": {"padding": "x" * 20_000_000}}
    with live({"rules": [much]}, QUICK) as server, connected(server.address) as connection:
        connection.sendall(request("POST", ANALYZE, URL))
        assert connection.recv(1) == b"H"
        assert come_down_to(descriptors() - 1)
        heard = hear(connection)
    assert len(heard.data) < 20_000_000


@pytest.mark.skipif(not FDS.exists(), reason="descriptors are counted as Linux shows them")
def test_descriptors_are_given_back(quick: Live) -> None:
    quick.client.get("/_mock/health")
    before = descriptors()
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(quick.address)) for _ in range(50)]
        for each in slow:
            each.sendall(b"GET /videotoprompt")
        assert {hear(each).ended for each in slow} == {"FIN"}
        # These ends are the test's own; the server's go although nobody closes the others.
        assert come_down_to(before + 50)


def test_lateness_is_since_the_same_thing_is_waited_for() -> None:
    late = WaitTime()
    assert [late.update("a", at) for at in (0, 3, 5)] == [0, 3, 5]
    assert late.update("b", 6) == 0
    assert [late.update("b", at, got, 10) for at, got in ((8, 9), (9, 10), (12, 15), (13, 25))] == [2, 0, 3, 0]
