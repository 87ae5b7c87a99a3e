"""When a request came, as the operating system knows it: a stream begins then, however late it is read."""

import socket
import struct

import pytest

from mockserver.wire import stream
from mockserver.wire.arrival import unheard_for
from mockserver.wire.wire_faults import CONNECTION
from tests.conversation import Conversation
from tests.listener import Listener

PATH = "/nanophoto/api/sora-2/reverse-prompt"
ASKED = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}


class Told:
    """A transport whose system says that the last bytes came so many milliseconds ago."""

    def __init__(self, milliseconds: int | None) -> None:
        self._milliseconds = milliseconds

    def get_extra_info(self, _name: str) -> "Told":
        return self

    def getsockopt(self, _level: int, _option: int, size: int) -> bytes:
        if self._milliseconds is None:
            raise OSError("not a TCP connection")
        return struct.pack("=52xI", self._milliseconds).ljust(size, b"\0")


def scope(transport):
    return {"extensions": {CONNECTION: transport}}


def test_the_system_tells_when_the_last_bytes_came():
    assert unheard_for(scope(Told(250))) == (250 if hasattr(socket, "TCP_INFO") else 0)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        connection, _ = listener.accept()
        with connection:
            client.sendall(b"x")
            connection.recv(1)

            class Real:
                def get_extra_info(self, _name):
                    return connection

            assert 0 <= unheard_for(scope(Real())) < 5_000


def test_where_the_system_does_not_tell_it_came_just_now(monkeypatch):
    assert unheard_for({}) == 0
    assert unheard_for({"extensions": {}}) == 0
    assert unheard_for(scope(Told(None))) == 0
    monkeypatch.setattr("mockserver.wire.arrival._TCP_INFO", None)
    assert unheard_for(scope(Told(250))) == 0


def told(clock):
    pace = {"first": "600s", "every": "50s"}
    rule = {"name": "told", "operation": "nanophoto.reverse_prompt", "stream": {"text": "one two three", "pace": pace}}
    return {"clock": clock, "rules": [rule]}


@pytest.mark.parametrize(
    ("clock", "unread", "lasts"),
    [
        # The clock goes on while the server works: by less than twenty seconds.
        pytest.param({"mode": "real"}, 0, range(700_000, 720_000), id="read-at-once"),
        pytest.param({"mode": "real"}, 250_000, range(450_000, 470_000), id="read-late"),
        pytest.param({"mode": "manual"}, 250_000, [700_000], id="a-clock-that-stands-still"),
    ],
)
def test_a_stream_ends_as_long_after_its_request_came_as_told(talk, monkeypatch, clock, unread, lasts):
    monkeypatch.setattr(stream, "unheard_for", lambda _scope: unread)

    async def story(t: Conversation) -> None:
        listener = await Listener(t, PATH, ASKED).settled()
        (job,) = (await t.sandbox.store.page_jobs("nanophoto")).jobs
        assert sum(step.duration or 0 for step in job.plan.steps) in lasts
        await listener.leave()

    talk(story, scenario=told(clock))
