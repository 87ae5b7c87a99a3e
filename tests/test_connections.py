"""Conversations over one connection that few clients have, and that must not go wrong: with bare sockets."""

import re
import socket
from collections.abc import Callable, Iterator

import pytest

from mockserver.clock import monotonic
from tests.live import Live, live
from tests.raw import connected, hear, hear_reply, request, say

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
    with live({"rules": [LATENCY, HANGING]}) as made:
        yield made


def statuses(data: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", data)]


def latest(server: Live) -> str:
    """The note of the latest request to a provider."""
    requests = (e for e in server.journal() if e["kind"] == "request")
    return str(next(requests).get("note"))


@pytest.mark.parametrize("cut", [None, "in the head", "behind the head", "in the body"])
def test_the_body_of_a_request_that_would_upgrade_is_read(server: Live, cut: str | None) -> None:
    """Java's client would like HTTP/2 with each of its requests, and sends it with their bodies."""
    whole = request("POST", SUBMIT, URL, *UPGRADE)
    head = whole.index(b"\r\n\r\n") + 4
    at = {None: len(whole), "in the head": head - 20, "behind the head": head, "in the body": head + 5}[cut]
    with connected(server.address) as connection:
        connection.sendall(whole[:at])
        if cut is not None:
            server.clock()  # a turn for the server, so that it reads the first part alone
        connection.sendall(whole[at:] + request("GET", "/_mock/health", b"", CLOSE))
        assert statuses(hear(connection).data) == [202, 200]


def test_what_follows_a_request_that_would_upgrade_is_answered_too(server: Live) -> None:
    data = request("GET", "/_mock/health", b"", *UPGRADE) * 2 + request("GET", "/_mock/health", b"", CLOSE)
    assert statuses(say(server.address, data).data) == [200, 200, 200]


def test_many_requests_that_would_upgrade_may_come_at_once(server: Live) -> None:
    short = b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n"
    heard = say(server.address, short * 4_000 + request("GET", "/_mock/health", b"", CLOSE))
    assert statuses(heard.data) == [404] * 4_000 + [200]


def test_a_pipeline_goes_on_when_a_slow_reader_has_caught_up(server: Live) -> None:
    for number in range(200):
        server.client.get(f"/nowhere/{number}{'x' * 1_500}")
    wanted = 20
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(server.address)
        connection.sendall(request("POST", SUBMIT, LATE) + request("GET", "/_mock/journal?limit=200") * (wanted - 1))
        connection.sendall(request("GET", "/_mock/health", b"", CLOSE))
        server.advance("10s")
        assert len(statuses(hear(connection).data)) == wanted + 1


def test_a_refusal_never_stands_in_for_the_reply_to_an_earlier_request(server: Live) -> None:
    """The second request turns out to be no HTTP while the first still waits for its reply."""
    broken = b"POST /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, LATE) + broken)
        server.clock()
        connection.sendall(b"zz\r\n")
        assert hear(connection).data == b""


def test_only_the_bytes_of_a_head_count_as_its_size(server: Live) -> None:
    long = b'{"url": "https://example.com/hike.mp4", "x": "' + b"x" * 150_000 + b'"}'
    following = request("GET", "/_mock/health", b"", CLOSE)
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, long) + following[:10])
        hear_reply(connection)
        connection.sendall(following[10:])
        assert statuses(hear(connection).data) == [200]
    many = request("GET", "/_mock/health") * 1_500
    with connected(server.address) as connection:
        connection.sendall(many + following[:10])
        server.clock()
        connection.sendall(following[10:])
        assert statuses(hear(connection).data) == [200] * 1_501


def test_a_client_that_leaves_is_noticed_behind_what_it_has_pipelined(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, HANG) + request("GET", "/_mock/health"))
        server.clock()
    assert ended(lambda: latest(server) == "a fault closed the connection")


def test_a_client_that_leaves_during_a_delay_was_not_cut_off(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(request("POST", SUBMIT, LATE))
        server.clock()
    assert ended(lambda: latest(server) == "the client disconnected before the reply")


def ended(happened: Callable[[], bool]) -> bool:
    """Ask until the server has noticed, for at most five seconds."""
    until = monotonic() + 5
    while not happened():
        if monotonic() > until:
            return False
    return True


def test_a_client_of_http_1_0_gets_no_chunks_and_no_interim_reply(server: Live) -> None:
    asked = b'{"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}'
    old = request("POST", "/nanophoto/api/sora-2/reverse-prompt", asked, "Expect: 100-continue")
    heard = say_and_advance(server, old.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    assert b"transfer-encoding" not in heard.lower()
    assert statuses(heard) == [200]
    body = heard.partition(b"\r\n\r\n")[2]
    assert body
    assert not re.match(rb"[0-9a-f]+\r\n", body)


def say_and_advance(server: Live, data: bytes) -> bytes:
    with connected(server.address) as connection:
        connection.sendall(data)
        server.clock()
        server.advance("2m")
        return hear(connection).data


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        pytest.param(SUBMIT, ("Content-Length: 100000000",), id="a body that is too large"),
        pytest.param("/nowhere", ("Content-Length: 100",), id="a path that nobody has"),
    ],
)
def test_a_client_that_waits_is_not_invited_to_send_what_nobody_wants(
    server: Live, path: str, fields: tuple[str, ...]
) -> None:
    heard = say(
        server.address, request("POST", path, b"", "Expect: 100-continue", "Content-Type: application/json", *fields)
    )
    assert statuses(heard.data)[0] >= 400
    assert b"100 Continue" not in heard.data
    assert heard.head["connection"] == "close"
    assert heard.ended == "FIN"


def test_a_long_field_counts_from_its_first_byte(server: Live) -> None:
    """Also where the first part of it comes together with the head's beginning."""
    whole = request("GET", "/v1/nothing", b"", "X-Long: " + "y" * 66_000)
    with connected(server.address) as connection:
        connection.sendall(whole[:30_000])
        server.clock()
        connection.sendall(whole[30_000:])
        assert statuses(hear(connection).data) == [431]


@pytest.mark.parametrize("body", [b"[]", b"7"])
def test_a_client_reads_the_providers_words_alone(server: Live, body: bytes) -> None:
    refused = server.client.post(SUBMIT, content=body, headers={"Content-Type": "application/json", **KEY})
    assert refused.json()["error"]["message"] == "The body must be a JSON object"
    unknown = server.client.get("/videotoprompt/v1/analyze/ana_unknown", headers=KEY)
    assert unknown.json()["error"]["message"] == "Analysis not found"
    assert latest(server) == "not_found: No job 'ana_unknown'"
