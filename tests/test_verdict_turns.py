"""Requests that were sent at the same time do not follow each other, although the server answers one after another."""

import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver import MockServer
from mockserver.core.journal import Turn
from mockserver.core.verdict.order import follows
from tests.verdict_story import Story

SECOND = 1_000_000_000


@pytest.fixture
def story() -> Story:
    return Story()


def turn(free_at: int, ended_at: int, *, reused: bool = False) -> dict[str, Any]:
    """Return facts of a request with these times in nanoseconds, and the times in milliseconds that fit."""
    return {"turn": Turn(free_at, ended_at, reused), "real": (ended_at // 1_000_000, ended_at // 1_000_000)}


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (turn(SECOND - 1, SECOND + 100_000), False),  # its connection was open before
        (turn(SECOND + 35_000, SECOND + 200_000), False),  # it was being opened
        (turn(SECOND + 150_000, SECOND + 400_000), True),
        (turn(SECOND, SECOND + 100_000, reused=True), True),
        (turn(SECOND - 1, SECOND + 5_000_000, reused=True), True),
    ],
)
def test_a_request_follows_a_reply_that_its_client_can_have_seen(
    story: Story, later: dict[str, Any], *, expected: bool
) -> None:
    first = story.submit(**turn(0, SECOND))
    assert follows(story.submit(**later), first) is expected


@pytest.mark.parametrize(("after", "found"), [(1_000_000, 0), (300_000_000, 1)])
def test_unequal_requests_at_the_same_time_do_not_ignore_a_refusal(story: Story, after: int, found: int) -> None:
    refused: dict[str, Any] = {
        "created": False,
        "status": 429,
        "usage": story.usage(10),
        "retry_at": story.now + 20_000,
    }
    story.submit("a hike", **refused, **turn(0, SECOND))
    story.submit("a lake", **refused, **turn(SECOND + after, SECOND + after))
    assert len(story.findings("retry_after_ignored")) == found


def test_a_request_on_the_connection_of_the_refusal_ignores_it(story: Story) -> None:
    refused: dict[str, Any] = {
        "created": False,
        "status": 429,
        "usage": story.usage(10),
        "retry_at": story.now + 20_000,
    }
    story.submit("a hike", **refused, **turn(0, SECOND))
    story.submit("a lake", **refused, **turn(SECOND, SECOND + 1_000_000, reused=True))
    assert story.finding("retry_after_ignored").calls == (1, 2)


# Over sockets.

Send = Callable[[str], None]


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer(clock="manual") as mock:
        yield mock


@pytest.fixture
def clients(mock: MockServer) -> Iterator[list[Send]]:
    """Clients with a connection each, which is open."""
    place = urlsplit(mock.url("prompttovideo"))
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}", "Content-Type": "application/json"}
    connections = [HTTPConnection(place.netloc, timeout=10) for _ in range(2)]

    def sender(connection: HTTPConnection) -> Send:
        def send(prompt: str) -> None:
            connection.request("POST", f"{place.path}/api/v1/generate", f'{{"prompt": "{prompt}"}}', headers)
            connection.getresponse().read()

        return send

    for connection in connections:
        connection.connect()
    yield [sender(connection) for connection in connections]
    for connection in connections:
        connection.close()


def test_a_batch_that_is_refused_at_once_has_not_ignored_the_refusal(mock: MockServer, clients: list[Send]) -> None:
    mock.fault("prompttovideo.generate", "overloaded", times=2, retry_after="30s")
    threads = [threading.Thread(target=send, args=(f"a hike {n}",)) for n, send in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mock.verdict().of("warning") == ()


def test_one_after_another_on_a_connection_they_have(mock: MockServer, clients: list[Send]) -> None:
    mock.fault("prompttovideo.generate", "overloaded", times=2, retry_after="30s")
    clients[0]("a hike")
    clients[0]("a lake")
    assert [finding.rule for finding in mock.verdict().of("warning")] == ["retry_after_ignored"]
