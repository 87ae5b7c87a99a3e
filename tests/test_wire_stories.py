"""Every bundled scenario `wire-*` does what its description says, over real connections and in virtual time."""

import json
from collections.abc import Callable

import pytest

from mockserver.scenario.library import bundled_dir
from tests.live import Live, live
from tests.raw import Received, connected, receive, receive_reply, request

ANALYZE = "/videotoprompt/v1/analyze/url"
Story = Callable[[Live], None]


def ask(server: Live, number: int = 1, key: str = "key-1") -> Received:
    """Submit on a new connection, and receive until it ends."""
    body = json.dumps({"url": f"https://example.com/{number}.mp4"}).encode()
    with connected(server.address) as connection:
        connection.sendall(request("POST", ANALYZE, body, "Connection: close", key=key))
        return receive(connection)


def jobs(server: Live) -> int:
    return int(server.client.get("/_mock/jobs").json()["total"])


def now(server: Live) -> int:
    return int(server.clock()["milliseconds"])


def length(received: Received) -> int:
    return int(received.head["content-length"])


def only_once(server: Live) -> None:
    """Check that the next request succeeds, and also the second of another account."""
    assert ask(server, 2).status == 202
    ask(server, 3, "key-2")
    assert ask(server, 4, "key-2").status == 202


def reset(server: Live) -> None:
    received = ask(server)
    assert (received.data, received.ended, jobs(server)) == (b"", "RST", 0)
    only_once(server)


def lost_reply(server: Live) -> None:
    received = ask(server)
    assert (received.data, received.ended, jobs(server)) == (b"", "RST", 1)
    only_once(server)


def reset_mid_body(server: Live) -> None:
    received = ask(server)
    assert (received.status, received.ended, len(received.body)) == (202, "RST", round(length(received) * 0.5))
    only_once(server)


def empty_reply(server: Live) -> None:
    received = ask(server)
    assert (received.data, received.ended) == (b"", "FIN")
    only_once(server)


def truncate(server: Live) -> None:
    received = ask(server)
    assert (received.status, received.ended, len(received.body)) == (202, "FIN", round(length(received) * 0.6))
    only_once(server)


def missing_last_chunk(server: Live) -> None:
    received = ask(server)
    assert (received.head["transfer-encoding"], received.ended) == ("chunked", "FIN")
    assert received.body.endswith(b"}\r\n")
    only_once(server)


def stall(server: Live) -> None:
    began = now(server)
    received = ask(server)
    assert (received.status, received.ended, len(received.body)) == (202, "FIN", length(received))
    assert now(server) - began == 20_000
    only_once(server)


def hang(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(request("POST", ANALYZE, b'{"url": "https://example.com/1.mp4"}'))
        assert receive(connection, 0.2).ended == "open"
    assert ask(server, 2).status == 202


def latency(server: Live) -> None:
    for number in range(5):
        began = now(server)
        assert ask(server, number).status == 202
        assert 2_000 <= now(server) - began <= 4_000


def slow_tail(server: Live) -> None:
    waits = []
    for number in range(40):
        began = now(server)
        assert ask(server, number).status == 202
        waits.append(now(server) - began)
    assert sorted(waits)[20] < 600 < max(waits)


def slow_drip(server: Live) -> None:
    began = now(server)
    received = ask(server)
    assert json.loads(received.body)["status"] == "pending"
    assert now(server) - began == length(received) * 20


def garbled(server: Live) -> None:
    received = ask(server)
    assert len(received.body) == length(received)
    with pytest.raises(ValueError):
        json.loads(received.body)
    only_once(server)


def burst_of_5xx(server: Live) -> None:
    assert [ask(server, number).status for number in range(7)] == [500] * 5 + [202] * 2


def outage(server: Live) -> None:
    statuses = []
    for wait in ("0s", "29s", "1s", "119s", "1s"):
        server.advance(wait)
        statuses.append(ask(server).status)
    assert statuses == [202, 202, 503, 503, 202]


def flaky(server: Live) -> None:
    statuses = [ask(server, number).status for number in range(60)]
    assert set(statuses) == {0, 202, 500}
    assert 35 <= statuses.count(202) < 60
    assert jobs(server) >= statuses.count(202)


STORIES: dict[str, Story] = {
    "reset": reset,
    "lost-reply": lost_reply,
    "reset-mid-body": reset_mid_body,
    "empty-reply": empty_reply,
    "truncate": truncate,
    "missing-last-chunk": missing_last_chunk,
    "stall": stall,
    "hang": hang,
    "latency": latency,
    "slow-tail": slow_tail,
    "slow-drip": slow_drip,
    "garbled": garbled,
    "burst-of-5xx": burst_of_5xx,
    "outage": outage,
    "flaky": flaky,
}
# These wait for the clock, which must therefore advance by itself. In the others it stands still.
WAITING = ("stall", "latency", "slow-tail", "slow-drip", "flaky")
STUCK = {"steps": [{"status": "queued"}]}


@pytest.mark.parametrize("name", STORIES)
def test_the_scenario_does_what_it_describes(name: str) -> None:
    clock = {"mode": "auto" if name in WAITING else "manual"}
    with live({"extends": f"wire-{name}", "clock": clock, "plans": {"default": STUCK}}) as server:
        STORIES[name](server)


def test_every_bundled_wire_scenario_is_tested() -> None:
    bundled = {path.stem.removeprefix("wire-") for path in bundled_dir().glob("wire-*.yaml")}
    assert bundled == set(STORIES)


def test_a_client_that_retries_succeeds_on_a_flaky_wire() -> None:
    with live({"extends": "wire-flaky"}) as server:
        for number in range(20):
            assert any(is_accepted(server, number) for _ in range(6))


def is_accepted(server: Live, number: int) -> bool:
    with connected(server.address) as connection:
        body = json.dumps({"url": f"https://example.com/{number}.mp4"}).encode()
        connection.sendall(request("POST", ANALYZE, body))
        try:
            return receive_reply(connection, 0.2).status == 202
        except (AssertionError, OSError):
            return False
