"""Streams over a real socket: pieces leave one by one, connections end as told, and clients may go away."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.live import Live, live

PATH = "/nanophoto/api/sora-2/reverse-prompt"
ASKED = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
LAST = b"0\r\n\r\n"


class Wire:
    """A bare connection, on which bytes are seen as they come."""

    def __init__(self, server: Live) -> None:
        self._socket = socket.create_connection(server.address, timeout=10)
        self.got = b""

    def ask(self, asked=ASKED) -> None:
        body = json.dumps(asked).encode()
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-1\r\nContent-Type: application/json\r\n"
        self._socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def hear(self, ending: bytes) -> bytes:
        """Read on until what came ends with `ending`."""
        while not self.got.endswith(ending):
            more = self._socket.recv(65_536)
            assert more, f"the connection ended after {self.got!r}"
            self.got += more
        return self.got

    def rest(self) -> bytes:
        """Read on until the server ends the connection. Raises ConnectionResetError when it does so with a reset."""
        while more := self._socket.recv(65_536):
            self.got += more
        return self.got

    def silent(self) -> bool:
        """True when nothing has come yet that was not read."""
        self._socket.setblocking(False)
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(10)

    def close(self) -> None:
        self._socket.close()


@contextmanager
def streaming(text="one two three four", **stream) -> Iterator[tuple[Live, Wire]]:
    pace = {"first": "600ms", "every": "50ms", **stream.pop("pace", {})}
    told = {"text": text, "pace": pace, **stream}
    rule = {"name": "told", "operation": "nanophoto.reverse_prompt", "stream": told}
    with live({"rules": [rule]}) as server:
        wire = Wire(server)
        try:
            yield server, wire
        finally:
            wire.close()


def test_the_first_piece_arrives_before_the_last_is_sent():
    with streaming() as (server, wire):
        wire.ask()
        head = wire.hear(b"\r\n\r\n").lower()
        assert head.startswith(b"http/1.1 200 ok\r\n")
        assert b"content-type: text/plain; charset=utf-8\r\n" in head
        assert b"transfer-encoding: chunked\r\n" in head
        assert wire.silent()
        server.advance("600ms")
        wire.hear(b"4\r\none \r\n")
        assert wire.silent()
        server.advance("50ms")
        wire.hear(b"4\r\ntwo \r\n")
        assert wire.silent()
        server.advance("1s")
        wire.hear(b"6\r\nthree \r\n4\r\nfour\r\n" + LAST)
        wire.ask()
        wire.hear(b"\r\n\r\n")


def test_a_truncated_stream_ends_the_connection_without_the_last_chunk(caplog):
    with streaming(fault={"kind": "truncate", "at": "45%"}) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("10s")
        assert wire.rest().endswith(b"4\r\none \r\n4\r\ntwo \r\n")
        assert server.journal()[1]["note"] == "the stream was sent with a fault: truncate"
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_reset_comes_after_everything_that_was_sent(caplog):
    with streaming(fault={"kind": "reset", "at": "45%"}) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("10s")
        wire.hear(b"4\r\none \r\n4\r\ntwo \r\n")
        with pytest.raises(ConnectionResetError):
            wire.rest()
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_reset_in_the_middle_of_a_piece():
    with streaming(fault={"kind": "reset", "at": "34%"}) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("10s")
        wire.hear(b"4\r\none \r\n2\r\ntw\r\n")
        with pytest.raises(ConnectionResetError):
            wire.rest()


def test_a_stream_that_stalls_says_no_more_whatever_the_time():
    with streaming(fault={"kind": "stall", "at": "45%"}) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("1h")
        wire.hear(b"4\r\none \r\n4\r\ntwo \r\n")
        assert wire.silent()


def test_a_stall_may_end():
    with streaming(fault={"kind": "stall", "at": "45%", "for": "30s"}) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("30s")
        wire.hear(b"4\r\none \r\n4\r\ntwo \r\n")
        assert wire.silent()
        server.advance("30s")
        wire.hear(LAST)


def test_a_garbled_stream_is_no_text_any_more():
    with streaming(fault={"kind": "garble", "at": "45%"}) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("10s")
        body = wire.hear(LAST).partition(b"two \r\n")[2]
        with pytest.raises(UnicodeDecodeError):
            body.decode()


def test_pieces_may_end_inside_a_character():
    with streaming("äö", pace={"unit": "bytes"}) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("10s")
        assert wire.hear(LAST).endswith(b"1\r\n\xc3\r\n1\r\n\xa4\r\n1\r\n\xc3\r\n1\r\n\xb6\r\n" + LAST)


def test_a_client_that_goes_away_ends_the_stream():
    with streaming("one " * 1_000) as (server, wire):
        wire.ask()
        wire.hear(b"\r\n\r\n")
        server.advance("600ms")
        wire.hear(b"one \r\n")
        wire.close()
        # The server learns of it when it next looks at its sockets, which it does before it answers.
        for _ in range(100):
            notes = [entry["note"] for entry in server.journal() if entry.get("provider") == "nanophoto"]
            if notes:
                break
        else:
            pytest.fail("the server never noticed")
        assert notes == ["the client disconnected after 4 bytes"]


def ruled(**pace):
    told = {"text": "a b c", "pace": pace}
    return {"name": "told", "operation": "nanophoto.reverse_prompt", "stream": told}


def test_on_a_real_clock_a_stream_takes_its_time():
    with live({"clock": {"mode": "real"}, "rules": [ruled(first="20ms", every="5ms")]}) as server:
        reply = server.client.post(PATH, json=ASKED, headers={"Authorization": "Bearer key-1"})
        assert reply.text == "a b c"
        assert reply.elapsed.total_seconds() >= 0.03


def test_a_scaled_clock_makes_hours_of_streaming_short():
    with live({"clock": {"mode": "scaled", "speed": 1_000_000}, "rules": [ruled(every="1h")]}) as server:
        reply = server.client.post(PATH, json=ASKED, headers={"Authorization": "Bearer key-1"})
        assert reply.text == "a b c"
