"""Rare but valid uses of one connection, with plain sockets: upgrades, pipelines, early disconnects, HTTP/1.0."""

import re
import socket
from collections.abc import Callable, Iterator

import pytest

from mockserver.clock import monotonic
from mockserver.serving.deadlines import ConnectionLimits
from tests.live import Live, live
from tests.raw import connected, exchange, receive, receive_reply, request

SUBMIT = "/videotoprompt/v1/analyze/url"
URL = b'{"url": "https://example.com/hike.mp4"}'
LATE = b'{"url": "https://example.com/late.mp4"}'
HANG = b'{"url": "https://example.com/mock-hang.mp4"}'
UPGRADE = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
CLOSE = "Connection: close"
KEY = {"Authorization": "Bearer key-1"}
LATENCY = {
    "name": "late",
    "operation": "videotoprompt.analyze_url",
    "when": {"input": {"contains": "late"}},
    "fault": {"kind": "latency", "for": "10s"},
}

HANGING = {**LATENCY, "name": "hang", "when": {"input": {"contains": "hang"}}, "fault": {"kind": "hang"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live({"rules": [LATENCY, HANGING]}) as live_server:
        yield live_server


def statuses(data: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", data)]


def latest(server: Live) -> str:
    """Return the note of the latest request to a provider."""
    requests = (e for e in server.journal() if e["kind"] == "request")
    return str(next(requests).get("note"))


@pytest.mark.parametrize("cut", [None, "in the head", "behind the head", "in the body"])
def test_the_body_of_a_request_with_an_upgrade_field_is_read(server: Live, cut: str | None) -> None:
    """Java's client asks for HTTP/2 in each request, also in requests with a body."""
    whole = request("POST", SUBMIT, URL, *UPGRADE)
    head = whole.index(b"\r\n\r\n") + 4
    at = {None: len(whole), "in the head": head - 20, "behind the head": head, "in the body": head + 5}[cut]
    with connected(server.address) as connection:
        connection.sendall(whole[:at])
        if cut is not None:
            server.clock()  # so that the server reads the first part alone
        connection.sendall(whole[at:] + request("GET", "/_mock/health", b"", CLOSE))
        assert statuses(receive(connection).data) == [202, 200]


def test_requests_after_a_request_with_an_upgrade_field_are_answered(server: Live) -> None:
    data = request("GET", "/_mock/health", b"", *UPGRADE) * 2 + request("GET", "/_mock/health", b"", CLOSE)
    assert statuses(exchange(server.address, data).data) == [200, 200, 200]


def test_many_requests_with_an_upgrade_field_can_be_pipelined(server: Live) -> None:
    short = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n"
    received = exchange(server.address, short * 4_000 + request("GET", "/_mock/health", b"", CLOSE))
    assert statuses(received.data) == [404] * 4_000 + [200]


def test_a_pipeline_continues_after_a_slow_client_has_read(server: Live) -> None:
    for number in range(200):
        server.client.get(f"/nowhere/{number}{'x' * 1_500}")
    journals = 19
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(server.address)
        connection.sendall(request("POST", SUBMIT, LATE) + request("GET", "/_mock/journal?limit=200") * journals)
        connection.sendall(request("GET", "/_mock/health", b"", CLOSE))
        server.advance("10s")
        assert statuses(receive(connection).data) == [202, *[200] * journals, 200]


REVERSE = "/nanophoto/api/sora-2/reverse-prompt"
JSON = "Content-Type: application/json"
INVALID_CHUNK = request("POST", REVERSE, b"", JSON, "Transfer-Encoding: chunked"), b"zz\r\n"
HEALTH = request("GET", "/_mock/health")
# What comes behind a request, in one or two parts, and the statuses of the replies to it.
BEHIND = {
    "an invalid chunk": (*INVALID_CHUNK, [400]),
    "bytes that are not HTTP": (b"\x00\xff", b"\r\n\r\n", [400]),
    "an unknown method": (b"", b"FOO /nanophoto/x HTTP/1.1\r\nHost: x\r\n\r\n", [404]),
    "no host": (b"", b"GET /nanophoto/x HTTP/1.1\r\n\r\n", [400]),
    "a target that is not ASCII": (b"GET /nano", "photo/ü HTTP/1.1\r\nHost: x\r\n\r\n".encode(), [400]),
    "a head that is too large": (
        b"GET /nanophoto/x HTTP/1.1\r\nHost: x\r\n",
        b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        [431],
    ),
    "CONNECT": (b"", b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n" + HEALTH, [400]),
    "CONNECT with a path": (b"", b"CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n" + HEALTH, [404]),
    "an upgrade": (b"", request("GET", "/_mock/health", b"", *UPGRADE) + request("GET", "/x", b"", CLOSE), [200, 404]),
    "17 requests": (HEALTH * 16, request("GET", "/_mock/health", b"", CLOSE), [200] * 17),
    "17 requests and an invalid one": (HEALTH * 17, b"BAD\r\n\r\n", [*[200] * 17, 400]),
    "an upgrade that is invalid": (request("GET", "/_mock/health", b"", *UPGRADE), b"BAD\r\n\r\n", [200, 400]),
}
STREAM = b'{"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}'
FIRST = {
    "at once": (HEALTH, 200),
    "late": (request("POST", SUBMIT, LATE), 202),
    "streamed": (request("POST", REVERSE, STREAM), 200),
}


@pytest.mark.parametrize("apart", [False, True], ids=["in one part", "in two parts"])
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("first", FIRST)
def test_replies_keep_the_order_of_the_requests(server: Live, first: str, behind: str, apart: bool) -> None:
    (data, status), (begin, rest, statuses_behind) = FIRST[first], BEHIND[behind]
    with connected(server.address) as connection:
        if apart:
            connection.sendall(data + begin)
            server.clock()
            connection.sendall(rest)
        else:
            connection.sendall(data + begin + rest)
        server.clock()
        server.advance("5m")
        received = receive(connection)
        assert (statuses(received.data), received.ended) == ([status, *statuses_behind], "FIN")


def test_a_refusal_waits_for_a_request_that_hangs_and_ends_with_its_client(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, HANG) + b"BAD\r\n\r\n")
        server.clock()
        assert receive(connection, 0.05).ended == "open"
    assert eventually(lambda: latest(server) == "a fault closed the connection")


def test_a_body_that_breaks_off_is_refused_in_the_place_of_its_reply(server: Live) -> None:
    """Also if its client waits for `100 Continue`."""
    for fields in ((JSON,), (JSON, "Expect: 100-continue")):
        start = request("POST", SUBMIT, b"", *fields, "Transfer-Encoding: chunked")
        with connected(server.address) as connection:
            connection.sendall(HEALTH + start)
            server.clock()
            connection.sendall(INVALID_CHUNK[1] + HEALTH)
            received = receive(connection)
            assert [s for s in statuses(received.data) if s != 100] == [200, 400]
            assert received.ended == "FIN"


def test_a_late_head_is_refused_after_the_reply_to_the_request_before_it() -> None:
    with (
        live({"rules": [LATENCY]}, ConnectionLimits(head_timeout=0.02, every=0.01)) as server,
        connected(server.address) as c,
    ):
        c.sendall(request("POST", SUBMIT, LATE) + b"GET /nanophoto/x HT")
        assert receive(c, 0.1).ended == "open"
        server.advance("10s")
        assert statuses(receive(c).data) == [202, 408]


def test_a_client_that_leaves_many_requests_behind_is_noticed() -> None:
    """Nothing is read while 16 requests wait, so the end of the connection is not read either."""
    with live({"rules": [HANGING]}, ConnectionLimits(every=0.01)) as server:
        with connected(server.address) as connection:
            connection.sendall(request("POST", SUBMIT, HANG) + HEALTH * 40)
            server.clock()
            connection.sendall(HEALTH * 40)
        assert eventually(lambda: any(e.get("note") == "a fault closed the connection" for e in server.journal()))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"FOO /videotoprompt/v1/analyze/url", (405, b"bad_request")),
        (b"FOO /v1/analyze/url", (405, b"bad_request")),
        (b"foo /nanophoto/api/sora-2/reverse-prompt", (405, b"accepts POST only")),
        (b"FOO /~default/nanophoto/nothing?x", (404, b"errorCode")),
        (b"FOO /_mock/clock", (405, b"No such method: FOO")),
        ("GET /videotoprompt/v1/é".encode(), (400, b"bad_request")),
        ("GET /nanophoto/é?é".encode(), (400, b"errorCode")),
        (b"GET /nanophoto/\xff", (400, b"errorCode")),
        (b"FOO /nanophoto/\xff", (404, b"errorCode")),
    ],
)
def test_methods_and_targets_that_the_parser_rejects_get_the_providers_format(
    server: Live, line: bytes, reply: tuple[int, bytes]
) -> None:
    received = exchange(server.address, line + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert received.status == reply[0]
    assert reply[1] in received.body
    assert ("allow" in received.head) == (reply[0] == 405 and b"_mock" not in line)


@pytest.mark.parametrize("length", [1, 3, 4, 10, 40])
def test_a_first_line_in_two_packets_gets_the_providers_format_too(server: Live, length: int) -> None:
    data = b"FOO /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(server.address) as connection:
        connection.sendall(request("GET", "/_mock/health") + data[:length])
        assert receive_reply(connection).status == 200
        connection.sendall(data[length:])
        received = receive_reply(connection)
    assert (received.status, b"bad_request" in received.body) == (405, True)


@pytest.mark.parametrize("rest", [b"O\r\n\r\n", b"O " + b"x" * 70_000, b"\x00 /x HTTP/1.1\r\n\r\n"])
def test_a_first_line_in_two_packets_that_is_no_request_is_refused(server: Live, rest: bytes) -> None:
    with connected(server.address) as connection:
        connection.sendall(request("GET", "/_mock/health") + b"FO")
        assert receive_reply(connection).status == 200
        connection.sendall(rest)
        received = receive_reply(connection)
    assert (received.status, b"The request is not valid HTTP" in received.body) == (400, True)


def test_the_host_decides_on_the_format_of_a_refusal_too(server: Live) -> None:
    received = exchange(server.address, b"FOO /v1/x HTTP/1.1\r\nHost: api.videotoprompt.org\r\n\r\n")
    assert (received.status, b'"not_found"' in received.body) == (404, True)


def test_the_size_of_a_head_does_not_include_earlier_requests(server: Live) -> None:
    long = b'{"url": "https://example.com/hike.mp4", "x": "' + b"x" * 150_000 + b'"}'
    following = request("GET", "/_mock/health", b"", CLOSE)
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, long) + following[:10])
        receive_reply(connection)
        connection.sendall(following[10:])
        assert statuses(receive(connection).data) == [200]
    many = request("GET", "/_mock/health") * 1_500
    with connected(server.address) as connection:
        connection.sendall(many + following[:10])
        server.clock()
        connection.sendall(following[10:])
        assert statuses(receive(connection).data) == [200] * 1_501


def test_a_disconnect_is_noticed_although_another_request_is_pipelined(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, HANG) + request("GET", "/_mock/health"))
        server.clock()
    assert eventually(lambda: latest(server) == "a fault closed the connection")


def test_a_disconnect_during_a_delay_is_recorded_as_such(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, LATE))
        server.clock()
    assert eventually(lambda: latest(server) == "the client disconnected before the reply")


def eventually(condition: Callable[[], bool]) -> bool:
    """Check a condition until it is true, for at most five seconds."""
    until = monotonic() + 5
    while not condition():
        if monotonic() > until:
            return False
    return True


def test_an_http_1_0_client_gets_no_chunks_and_no_interim_reply(server: Live) -> None:
    content = b'{"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}'
    old = request("POST", "/nanophoto/api/sora-2/reverse-prompt", content, "Expect: 100-continue")
    received = exchange_and_advance(server, old.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    assert b"transfer-encoding" not in received.lower()
    assert statuses(received) == [200]
    body = received.partition(b"\r\n\r\n")[2]
    assert body
    assert not re.match(rb"[0-9a-f]+\r\n", body)


def exchange_and_advance(server: Live, data: bytes) -> bytes:
    with connected(server.address) as connection:
        connection.sendall(data)
        server.clock()
        server.advance("2m")
        return receive(connection).data


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        pytest.param(SUBMIT, ("Content-Length: 100000000",), id="a body that is too large"),
        pytest.param("/nowhere", ("Content-Length: 100",), id="an unknown path"),
    ],
)
def test_a_refused_client_is_not_asked_to_continue(server: Live, path: str, fields: tuple[str, ...]) -> None:
    received = exchange(
        server.address, request("POST", path, b"", "Expect: 100-continue", "Content-Type: application/json", *fields)
    )
    assert statuses(received.data) == [413 if path == SUBMIT else 404]
    assert received.head["connection"] == "close"
    assert received.ended == "FIN"


def test_the_whole_length_of_a_field_counts(server: Live) -> None:
    """Also if its first part arrives together with the beginning of the head."""
    whole = request("GET", "/v1/nothing", b"", "X-Long: " + "y" * 66_000)
    with connected(server.address) as connection:
        connection.sendall(whole[:30_000])
        server.clock()
        connection.sendall(whole[30_000:])
        assert statuses(receive(connection).data) == [431]


@pytest.mark.parametrize("body", [b"[]", b"7"])
def test_errors_contain_only_the_providers_words(server: Live, body: bytes) -> None:
    refused = server.client.post(SUBMIT, content=body, headers={"Content-Type": "application/json", **KEY})
    assert refused.json()["error"]["message"] == "The body must be a JSON object"
    unknown = server.client.get("/videotoprompt/v1/analyze/ana_unknown", headers=KEY)
    assert unknown.json()["error"]["message"] == "Analysis not found"
    assert latest(server) == "not_found: No job 'ana_unknown'"
