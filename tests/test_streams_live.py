"""Streams over a real socket: chunks are sent one by one, faults end the connection, and clients can disconnect."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.live import Live, live

PATH = "/nanophoto/api/sora-2/reverse-prompt"
BODY = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
LAST_CHUNK = b"0\r\n\r\n"


class RawConnection:
    """A TCP connection to the server, and the bytes that have been received since the last request."""

    def __init__(self, server: Live) -> None:
        self._socket = socket.create_connection(server.address, timeout=10)
        self.received = b""

    def post(self) -> None:
        self.received = b""
        body = json.dumps(BODY).encode()
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-1\r\nContent-Type: application/json\r\n"
        self._socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def read_until(self, ending: bytes) -> bytes:
        """Read until the received bytes end with `ending`, and return all of them."""
        while not self.received.endswith(ending):
            data = self._socket.recv(65_536)
            assert data, f"the connection ended after {self.received!r}"
            self.received += data
        return self.received

    def read_to_end(self) -> bytes:
        """Read until the server closes the connection. Raises ConnectionResetError if it is reset."""
        while data := self._socket.recv(65_536):
            self.received += data
        return self.received

    def nothing_to_read(self) -> bool:
        """Return true if there are no bytes to read at the moment, and the connection is open."""
        self._socket.setblocking(False)
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(10)

    def close(self) -> None:
        self._socket.close()


def rule(text: str, **stream):
    """Return a rule for the streamed reply."""
    return {"name": "stream", "operation": "nanophoto.reverse_prompt", "stream": {"text": text, **stream}}


@contextmanager
def streaming(text="one two three four", **stream) -> Iterator[tuple[Live, RawConnection]]:
    pace = {"first": "600ms", "every": "50ms", **stream.pop("pace", {})}
    with live({"rules": [rule(text, pace=pace, **stream)]}) as server:
        connection = RawConnection(server)
        try:
            yield server, connection
        finally:
            connection.close()


def test_the_first_chunk_arrives_before_the_last_is_sent():
    with streaming() as (server, connection):
        connection.post()
        head = connection.read_until(b"\r\n\r\n").lower()
        assert head.startswith(b"http/1.1 200 ok\r\n")
        assert b"content-type: text/plain; charset=utf-8\r\n" in head
        assert b"transfer-encoding: chunked\r\n" in head
        assert connection.nothing_to_read()
        server.advance("600ms")
        connection.read_until(b"4\r\none \r\n")
        assert connection.nothing_to_read()
        server.advance("50ms")
        connection.read_until(b"4\r\ntwo \r\n")
        assert connection.nothing_to_read()
        server.advance("1s")
        connection.read_until(b"6\r\nthree \r\n4\r\nfour\r\n" + LAST_CHUNK)
        connection.post()  # the connection is kept open
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_truncated_stream_ends_the_connection_without_the_last_chunk(caplog):
    with streaming(fault={"kind": "truncate", "at": "45%"}) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("10s")
        assert connection.read_to_end().endswith(b"4\r\none \r\n4\r\ntwo \r\n")
        assert server.journal()[1]["note"] == "the stream was sent with a fault: truncate"
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_reset_comes_after_everything_that_was_sent(caplog):
    with streaming(fault={"kind": "reset", "at": "45%"}) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("10s")
        connection.read_until(b"4\r\none \r\n4\r\ntwo \r\n")
        with pytest.raises(ConnectionResetError):
            connection.read_to_end()
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_reset_in_the_middle_of_a_chunk():
    with streaming(fault={"kind": "reset", "at": "34%"}) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("10s")
        connection.read_until(b"4\r\none \r\n2\r\ntw\r\n")
        with pytest.raises(ConnectionResetError):
            connection.read_to_end()


def test_a_stream_that_stalls_says_no_more_whatever_the_time():
    with streaming(fault={"kind": "stall", "at": "45%"}) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("1h")
        connection.read_until(b"4\r\none \r\n4\r\ntwo \r\n")
        assert connection.nothing_to_read()


def test_a_stall_with_a_duration_ends():
    with streaming(fault={"kind": "stall", "at": "45%", "for": "30s"}) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("30s")
        connection.read_until(b"4\r\none \r\n4\r\ntwo \r\n")
        assert connection.nothing_to_read()
        server.advance("30s")
        connection.read_until(LAST_CHUNK)


def test_a_garbled_stream_is_not_utf_8():
    with streaming(fault={"kind": "garble", "at": "45%"}) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("10s")
        body = connection.read_until(LAST_CHUNK).partition(b"two \r\n")[2]
        with pytest.raises(UnicodeDecodeError):
            body.decode()


def test_chunks_may_end_inside_a_character():
    with streaming("äö", pace={"unit": "bytes"}) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("10s")
        assert connection.read_until(LAST_CHUNK).endswith(
            b"1\r\n\xc3\r\n1\r\n\xa4\r\n1\r\n\xc3\r\n1\r\n\xb6\r\n" + LAST_CHUNK
        )


def test_a_stream_ends_when_the_client_disconnects():
    with streaming("one " * 1_000) as (server, connection):
        connection.post()
        connection.read_until(b"\r\n\r\n")
        server.advance("600ms")
        connection.read_until(b"one \r\n")
        connection.close()
        # The server notices at the next poll of its sockets, which comes before its reply to the next request.
        for _ in range(100):
            notes = [entry["note"] for entry in server.journal() if entry.get("provider") == "nanophoto"]
            if notes:
                break
        else:
            pytest.fail("the server did not notice that the client had disconnected")
        assert notes == ["the client disconnected after 4 bytes"]


def test_on_a_real_clock_chunks_are_sent_after_their_delays():
    pace = {"first": "20ms", "every": "5ms"}
    with live({"clock": {"mode": "real"}, "rules": [rule("a b c", pace=pace)]}) as server:
        reply = server.client.post(PATH, json=BODY, headers={"Authorization": "Bearer key-1"})
        assert reply.text == "a b c"
        # A few milliseconds less than 0.03: the clock and the event loop's timers round down to whole milliseconds.
        assert reply.elapsed.total_seconds() >= 0.026


def test_on_a_scaled_clock_a_stream_of_hours_is_short():
    clock = {"mode": "scaled", "speed": 1_000_000}
    with live({"clock": clock, "rules": [rule("a b c", pace={"every": "1h"})]}) as server:
        reply = server.client.post(PATH, json=BODY, headers={"Authorization": "Bearer key-1"})
        assert reply.text == "a b c"
