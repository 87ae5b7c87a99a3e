"""Deadlines and limits of requests, over real connections."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mockserver.clock import monotonic
from mockserver.serving.deadlines import ConnectionLimits, WaitTime
from tests.live import Live, live
from tests.raw import connected, exchange, receive, receive_reply, request

SCENARIO: dict[str, Any] = {"extends": "default"}
QUICK = ConnectionLimits(head_timeout=0.3, body_timeout=0.3, linger=0.2, every=0.05)
FDS = Path("/proc/self/fd")
URL = b'{"url": "https://example.com/a.mp4"}'
ANALYZE = "/videotoprompt/v1/analyze/url"
# A check for each provider's error envelope, by the path of one of its operations.
ENVELOPES = {
    ANALYZE: lambda body: body["error"]["type"] == "bad_request",
    "/prompttovideo/api/v1/generate": lambda body: isinstance(body["error"], str),
    "/nanophoto/api/sora-2/reverse-prompt": lambda body: body["errorCode"] == "INVALID_INPUT",
    "/descrideo/v1/video-descriptions": lambda body: isinstance(body["detail"], str),
    "/dumplingai/api/v1/extract-video": lambda body: isinstance(body["error"], str),
}


@pytest.fixture(scope="module")
def quick() -> Iterator[Live]:
    """A server with short deadlines."""
    with live(SCENARIO, QUICK) as server:
        yield server


def ask(server: Live, data: bytes) -> int:
    """Send a request, and return the status of its reply."""
    with connected(server.address) as connection:
        connection.sendall(data)
        return receive_reply(connection).status


@pytest.mark.parametrize("path", ENVELOPES)
def test_a_head_that_does_not_arrive_is_refused_in_the_providers_format(quick: Live, path: str) -> None:
    received = exchange(quick.address, f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Slow".encode())
    assert (received.status, received.ended) == (408, "FIN")
    assert received.head["connection"] == "close"
    assert ENVELOPES[path](json.loads(received.body))
    assert 0.3 <= received.seconds < 2


def test_the_format_is_also_found_by_a_documented_host(quick: Live) -> None:
    received = exchange(quick.address, b"POST /v1/analyze/url HTTP/1.1\r\nHost: api.videotoprompt.org\r\nX: ")
    assert json.loads(received.body)["error"]["type"] == "bad_request"


def test_a_head_for_no_provider_is_refused_with_problem_details(quick: Live) -> None:
    received = exchange(quick.address, b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n")
    assert received.head["content-type"] == "application/problem+json"
    assert json.loads(received.body)["status"] == 408


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n"])
def test_a_connection_without_a_request_is_closed_without_a_reply(quick: Live, data: bytes) -> None:
    received = exchange(quick.address, data)
    assert (received.data, received.ended) == (b"", "FIN")
    assert received.seconds < 2


def test_a_body_that_stops_is_refused(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    received = exchange(quick.address, whole[:-5])
    assert (received.status, received.ended) == (408, "FIN")
    assert json.loads(received.body)["error"]["message"] == "The body of the request did not arrive in time"


def test_a_body_that_is_too_slow_is_refused_and_a_steady_one_is_accepted(quick: Live) -> None:
    """The minimum is half a kibibyte per second."""
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
        assert receive(slow).status == 408
        steady.sendall(whole[at + 400 :])
        assert receive_reply(steady).status == 202


def test_a_second_request_on_the_same_connection_has_its_own_deadline(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    with connected(quick.address) as connection:
        connection.sendall(whole)
        assert receive_reply(connection).status == 202
        connection.sendall(whole[:40])
        again = receive(connection)
        assert (again.status, again.ended) == (408, "FIN")


def test_a_connection_that_is_in_use_is_not_closed(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    with connected(quick.address) as connection:
        until = monotonic() + 1
        while monotonic() < until:
            connection.sendall(whole)
            assert receive_reply(connection).status == 202


def test_an_empty_line_after_a_reply_does_not_keep_a_connection(quick: Live) -> None:
    """Any byte stops the timer of an idle connection, even if it does not begin a request."""
    with connected(quick.address) as connection:
        connection.sendall(request("POST", ANALYZE, URL))
        assert receive_reply(connection).status == 202
        connection.sendall(b"\r\n")
        received = receive(connection)
        assert (received.data, received.ended) == (b"", "FIN")


def test_there_is_no_deadline_while_a_client_waits_for_100_continue() -> None:
    """A fault delays the server's 100 Continue (RFC 9110 section 10.1.1)."""
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
        received = receive(connection)
    assert (received.status, received.ended) == (431, "FIN")
    assert json.loads(received.body) == {
        "error": {"type": "bad_request", "message": "The head of the request is too large"}
    }


def test_a_head_just_below_the_limits_is_accepted(quick: Live) -> None:
    fields = [f"X-{n}: {'y' * 600}" for n in range(95)]
    assert ask(quick, request("POST", ANALYZE, URL, *fields)) == 202


def test_a_large_body_does_not_count_as_head(quick: Live) -> None:
    body = b" " * 300_000 + URL
    whole = request("POST", ANALYZE, body)
    with connected(quick.address) as connection:
        connection.sendall(whole)
        assert receive_reply(connection).status == 202
        for part in (whole[:100], whole[100:]):
            connection.sendall(part)
        assert receive_reply(connection).status == 202


def test_an_invalid_head_is_refused(quick: Live) -> None:
    data = b"POST /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n"
    received = exchange(quick.address, data)
    assert (received.status, received.ended) == (400, "FIN")
    assert json.loads(received.body)["error"] == {"type": "bad_request", "message": "The request is not valid HTTP"}


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x00\xa5\x01\x00", b"GET\r\n\r\n"], ids=["tls", "no target"])
def test_bytes_without_an_address_are_refused_with_problem_details(quick: Live, data: bytes) -> None:
    received = exchange(quick.address, data)
    assert (received.status, received.ended) == (400, "FIN")
    assert json.loads(received.body)["detail"] == "The request is not valid HTTP"


def test_a_bad_chunk_is_refused(quick: Live) -> None:
    head = request("POST", ANALYZE, b"", "Content-Type: application/json", "Transfer-Encoding: chunked")
    received = exchange(quick.address, head + b"zz\r\n")
    assert (received.status, received.ended) == (400, "FIN")


def test_an_upgrade_field_is_ignored(quick: Live) -> None:
    assert ask(quick, request("GET", "/_mock/health", b"", "Connection: Upgrade", "Upgrade: websocket")) == 200


def test_a_request_that_is_pipelined_behind_a_hanging_one_has_a_deadline(quick: Live) -> None:
    """It is refused after the reply to the first request, which therefore keeps its connection."""
    with connected(quick.address) as connection:
        connection.sendall(request("POST", ANALYZE, b'{"url": "https://example.com/mock-hang.mp4"}') + b"GET / HT")
        received = receive(connection, 0.3)
    assert (received.data, received.ended) == (b"", "open")


def test_pipelined_requests_are_answered_in_order(quick: Live) -> None:
    whole = request("POST", ANALYZE, URL)
    with connected(quick.address) as connection:
        connection.sendall(whole + whole + request("GET", "/_mock/health", b"", "Connection: close"))
        received = receive(connection)
    assert received.data.count(b"HTTP/1.1 202") == 2
    assert received.data.endswith(b'{"status":"ok"}')


def descriptors() -> int:
    return sum(1 for _ in FDS.iterdir())


def wait_for_descriptors(count: int) -> bool:
    """Wait until at most this many descriptors are open, because the server has closed its own."""
    until = monotonic() + 5
    while descriptors() > count and monotonic() < until:
        pass
    return descriptors() <= count


@pytest.mark.skipif(not FDS.exists(), reason="counting descriptors needs /proc")
def test_a_connection_whose_client_does_not_read_is_closed() -> None:
    much = {"name": "much", "operation": "videotoprompt.*", "reply": {"padding": "x" * 20_000_000}}
    with live({"rules": [much]}, QUICK) as server, connected(server.address) as connection:
        connection.sendall(request("POST", ANALYZE, URL))
        assert connection.recv(1) == b"H"
        assert wait_for_descriptors(descriptors() - 1)
        received = receive(connection)
    assert len(received.data) < 20_000_000


@pytest.mark.skipif(not FDS.exists(), reason="counting descriptors needs /proc")
def test_descriptors_of_slow_clients_are_closed(quick: Live) -> None:
    quick.client.get("/_mock/health")
    before = descriptors()
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(quick.address)) for _ in range(50)]
        for each in slow:
            each.sendall(b"GET /videotoprompt")
        assert {receive(each).ended for each in slow} == {"FIN"}
        # Only the 50 descriptors of the test itself stay open.
        assert wait_for_descriptors(before + 50)


def test_the_wait_time_restarts_with_another_wait_and_with_enough_progress() -> None:
    wait = WaitTime()
    assert [wait.update("a", at) for at in (0, 3, 5)] == [0, 3, 5]
    assert wait.update("b", 6) == 0
    assert [wait.update("b", at, progress, 10) for at, progress in ((8, 9), (9, 10), (12, 15), (13, 25))] == [
        2,
        0,
        3,
        0,
    ]
