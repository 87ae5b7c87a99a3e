"""Faults on the wire, with plain sockets: every byte, and how the connection ends."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conversation import Conversation
from tests.live import Live, live
from tests.raw import Received, connected, exchange, receive, receive_reply, request

ANALYZE = "/videotoprompt/v1/analyze/url"
UPLOAD = "/videotoprompt/v1/analyze/upload"
ALL = {"key": "*", "plan": "pro"}


def rule(name: str, fault: dict[str, Any], operation: str = "videotoprompt.analyze_url", **more: Any) -> dict[str, Any]:
    return {"name": name, "operation": operation, "when": {"input": {"contains": f"/{name}."}}, "fault": fault, **more}


RULES = [
    rule("reset", {"kind": "reset"}),
    rule("lost", {"kind": "reset", "phase": "after_commit"}),
    rule("reset-mid", {"kind": "reset", "phase": "mid_body", "at": "40%"}),
    rule("reset-none", {"kind": "reset", "phase": "mid_body", "at": "0%"}),
    rule("empty", {"kind": "empty_reply"}),
    rule("truncate", {"kind": "truncate", "at": "60%"}),
    rule("truncate-last", {"kind": "truncate", "at": "100%"}),
    rule("no-last-chunk", {"kind": "truncate", "at": "100%", "framing": "chunked"}),
    rule("stall", {"kind": "stall", "at": "30%", "for": "200ms"}),
    rule("stall-for-ever", {"kind": "stall", "at": "30%"}),
    rule("garble", {"kind": "garble", "at": "50%"}),
    rule("drip", {"kind": "slow_drip", "rate": 400}),
    rule("latency", {"kind": "latency", "for": "200ms"}),
    rule("hang", {"kind": "hang", "for": "200ms"}),
    rule("hang-for-ever", {"kind": "hang"}),
    {"name": "no upload", "operation": "videotoprompt.analyze_upload", "fault": {"kind": "empty_reply"}},
]


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live({"clock": {"mode": "real"}, "accounts": [ALL], "rules": RULES}) as server:
        yield server


def submit(name: str, *fields: str) -> bytes:
    return request("POST", ANALYZE, json.dumps({"url": f"https://example.com/{name}.mp4"}).encode(), *fields)


def exchange_for(server: Live, name: str) -> Received:
    return exchange(server.address, submit(name))


def jobs(server: Live) -> int:
    return int(server.client.get("/_mock/jobs").json()["total"])


def length(received: Received) -> int:
    return int(received.head["content-length"])


def test_a_reset_is_sent_before_any_byte(server: Live) -> None:
    before = jobs(server)
    received = exchange_for(server, "reset")
    assert (received.data, received.ended) == (b"", "RST")
    assert jobs(server) == before


def test_a_lost_reply_has_created_its_job(server: Live) -> None:
    before = jobs(server)
    received = exchange_for(server, "lost")
    assert (received.data, received.ended) == (b"", "RST")
    assert jobs(server) == before + 1


@pytest.mark.parametrize(("name", "share"), [("reset-mid", 0.4), ("reset-none", 0.0)])
def test_a_reset_in_the_body_comes_after_exactly_its_share_of_bytes(server: Live, name: str, share: float) -> None:
    received = exchange_for(server, name)
    assert (received.status, received.ended) == (202, "RST")
    assert len(received.body) == round(length(received) * share)


def test_an_empty_reply_closes_the_connection_in_order(server: Live) -> None:
    received = exchange_for(server, "empty")
    assert (received.data, received.ended) == (b"", "FIN")


def test_an_empty_reply_to_an_upload_is_not_a_reset(server: Live) -> None:
    """The system would reset a connection that is closed with unread bytes."""
    fields = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 3000000")
    with connected(server.address) as connection:
        connection.sendall(request("POST", UPLOAD, b"", *fields) + bytes(3_000_000))
        received = receive(connection)
    assert (received.data, received.ended) == (b"", "FIN")


def test_a_truncated_body_is_shorter_than_its_content_length(server: Live) -> None:
    received = exchange_for(server, "truncate")
    assert (received.status, received.ended) == (202, "FIN")
    assert len(received.body) == round(length(received) * 0.6)
    assert len(exchange_for(server, "truncate-last").body) == length(exchange_for(server, "truncate-last")) - 1


def test_a_chunked_body_can_lack_only_its_last_chunk(server: Live) -> None:
    received = exchange_for(server, "no-last-chunk")
    assert (received.head["transfer-encoding"], received.ended) == ("chunked", "FIN")
    size, _, rest = received.body.partition(b"\r\n")
    assert json.loads(rest)["status"] == "pending"
    assert rest.endswith(b"}\r\n")
    assert len(rest) == int(size, 16) + 2


def test_a_stall_is_a_pause_within_the_body(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("stall", "Connection: close"))
        received = receive(connection)
    assert received.ended == "FIN"
    assert json.loads(received.body)["status"] == "pending"
    assert len(b"".join(data for _, data in received.pieces[:-1]).partition(b"\r\n\r\n")[2]) == round(
        length(received) * 0.3
    )
    assert received.longest_silence >= 0.19


def test_a_stall_without_a_duration_never_continues(server: Live) -> None:
    received = exchange(server.address, submit("stall-for-ever"), 0.3)
    assert (received.ended, len(received.body)) == ("open", round(length(received) * 0.3))


def test_a_garbled_body_has_the_right_length_but_is_invalid(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("garble"))
        received = receive_reply(connection)
        assert len(received.body) == length(received)
        with pytest.raises(ValueError):
            json.loads(received.body)
        connection.sendall(submit("anything"))
        assert receive_reply(connection).status == 202


def test_a_slow_drip_is_sent_at_its_rate(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("drip", "Connection: close"))
        received = receive(connection)
    assert json.loads(received.body)["status"] == "pending"
    seconds = received.pieces[-1][0]
    assert seconds >= length(received) / 400 - 0.02
    assert len(received.pieces) >= 3


def test_latency_delays_a_complete_reply(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("latency", "Connection: close"))
        received = receive(connection)
    assert (received.status, len(received.body), received.ended) == (202, length(received), "FIN")
    assert received.pieces[0][0] >= 0.19


def test_a_hang_ends_without_a_reply_or_never(server: Live) -> None:
    received = exchange_for(server, "hang")
    assert (received.data, received.ended) == (b"", "FIN")
    assert received.seconds >= 0.19
    endless = exchange(server.address, submit("hang-for-ever"), 0.3)
    assert (endless.data, endless.ended) == (b"", "open")


def test_a_large_body_arrives_completely_before_the_reset() -> None:
    """A reset discards data that is in transit, so the server waits until the client's system has it."""
    fault = {"kind": "reset", "phase": "mid_body", "at": "90%"}
    rules = [{"name": "cut", "operation": "*", "fault": fault, "reply": {"padding": "x" * 400_000}}]
    with live({"accounts": [ALL], "rules": rules}) as server, connected(server.address) as connection:
        connection.sendall(submit("any"))
        received = receive(connection)
        assert received.ended == "RST"
        assert len(received.body) == round(length(received) * 0.9)


def test_the_journal_describes_the_fault_of_a_request(server: Live) -> None:
    entries = {}
    for name in ("truncate", "lost"):
        exchange_for(server, name)
        # The entry is written after the connection has ended, which the client may notice a moment earlier.
        while name not in entries:
            entries.update({e["rule"]: (e.get("status"), e.get("note")) for e in server.journal() if "rule" in e})
    assert entries["truncate"] == (202, "the reply was sent with a fault: truncate")
    assert entries["lost"] == (202, "the operation was done, but its reply was lost: reset")


@pytest.mark.parametrize("kind", ["truncate", "garble", "stall", "slow_drip", "reset"])
def test_a_fault_in_the_body_of_a_head_reply_sends_no_body(kind: str) -> None:
    """The reply has the Content-Length of the GET (RFC 9110 section 9.3.2)."""
    fault = {"kind": kind, "phase": "mid_body", **({"for": "10ms"} if kind == "stall" else {})}
    rules = [{"name": "damaged", "operation": "prompttovideo.get_account", "fault": fault}]
    with live({"clock": {"mode": "auto"}, "accounts": [ALL], "rules": rules}) as server:
        received = exchange(server.address, request("HEAD", "/prompttovideo/api/v1/account", b"", "Connection: close"))
        assert (received.status, received.body) == (200, b"")
        assert length(received) > 0
        assert received.ended == ("RST" if kind == "reset" else "FIN")


async def test_a_burst_of_errors_ends_by_itself_for_each_account() -> None:
    burst = {"name": "burst", "operation": "*", "times": 3, "fault": {"kind": "server_error"}}

    async with Conversation({"accounts": [ALL], "rules": [burst]}) as t:
        body = {"url": "https://example.com/a.mp4"}
        assert [(await t.post(ANALYZE, body)).status_code for _ in range(5)] == [500, 500, 500, 202, 202]
        other = {"Authorization": "Bearer key-2"}
        assert (await t.post(ANALYZE, body, headers=other)).status_code == 500


async def test_a_fault_can_be_limited_to_one_account() -> None:
    only_one = {
        "name": "x",
        "operation": "*",
        "when": {"account.key": {"equals": "key-2"}},
        "fault": {"kind": "overloaded"},
    }

    async with Conversation({"accounts": [ALL], "rules": [only_one]}) as t:
        body = {"url": "https://example.com/a.mp4"}
        assert (await t.post(ANALYZE, body)).status_code == 202
        assert (await t.post(ANALYZE, body, headers={"Authorization": "Bearer key-2"})).status_code == 503


async def test_the_seed_determines_which_requests_a_probability_selects() -> None:
    flaky = {"name": "flaky", "operation": "*", "probability": "40%", "fault": {"kind": "server_error"}}
    statuses: list[list[int]] = []

    for _ in range(2):
        async with Conversation({"accounts": [ALL], "rules": [flaky], "seed": 7}) as t:
            body = {"url": "https://example.com/a.mp4"}
            statuses.append([(await t.post(ANALYZE, body)).status_code for _ in range(50)])
    assert statuses[0] == statuses[1]
    assert 10 <= statuses[0].count(500) <= 30
    assert statuses[0].count(202) + statuses[0].count(500) == 50


@pytest.mark.parametrize(
    "window",
    [
        {"from": "30s", "until": "2m"},
        {"from": "2025-06-01T12:00:30Z", "until": "2025-06-01T12:02:00Z"},
        {"from": "30s", "until": "2025-06-01T12:02:00Z"},
    ],
    ids=["since the start", "instants", "both"],
)
async def test_an_outage_can_be_limited_to_a_window_of_time(window: dict[str, str]) -> None:
    """The window includes its first instant, but not its last."""
    outage = {"name": "down", "operation": "videotoprompt.*", "during": window, "fault": {"kind": "overloaded"}}

    async with Conversation({"accounts": [ALL], "rules": [outage]}) as t:
        statuses = []
        for wait in (0, 29.999, 0.001, 89.999, 0.001):
            await t.advance(wait)
            statuses.append((await t.get("/videotoprompt/v1/analyze/ana_x")).status_code)
        assert statuses == [404, 404, 503, 503, 404]
        assert (await t.get("/_mock/journal")).json()["entries"][0]["missed"][0]["failed"].startswith("during: until")


async def test_a_window_is_relative_to_the_start_of_the_scenario() -> None:
    outage = {"name": "down", "operation": "*", "during": {"until": "10s"}, "fault": {"kind": "overloaded"}}

    async with Conversation({"accounts": [ALL], "rules": []}) as t:
        path = "/videotoprompt/v1/analyze/ana_x"
        await t.advance(3600)
        assert (await t.get(path)).status_code == 404
        put = {"scenario": "later", "accounts": [ALL], "rules": [outage]}
        assert (await t.client.put("/_mock/scenario", json=put)).status_code == 200
        assert (await t.get(path)).status_code == 503
        await t.advance(10)
        assert (await t.get(path)).status_code == 404
        assert (await t.post("/_mock/reset", {"what": "all"})).status_code == 204
        assert (await t.get(path)).status_code == 503


async def test_lognormal_latency_is_determined_by_the_seed() -> None:
    slow = {"name": "slow", "operation": "*", "fault": {"kind": "latency", "for": "300ms", "p99": "3s"}}
    durations: list[list[int]] = []

    for _ in range(2):
        async with Conversation({"accounts": [ALL], "rules": [slow], "clock": {"mode": "auto"}}) as t:
            durations.append([])
            for n in range(50):
                # Earlier jobs must have ended, because they advance the clock too.
                await t.sandbox.courier.settled()
                before = t.sandbox.clock.now()
                await t.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"})
                durations[-1].append(t.sandbox.clock.now() - before)
    assert durations[0] == durations[1]
    ranked = sorted(durations[0])
    assert ranked[0] < 150 < ranked[25] < 600 < ranked[-1]


def test_an_armed_fault_applies_to_one_request(server: Live) -> None:
    armed = {"operation": "videotoprompt.analyze_url", "fault": {"kind": "truncate", "at": 0.5, "framing": "chunked"}}
    assert server.client.post("/_mock/faults", json=armed).status_code == 201
    assert exchange_for(server, "one").head["transfer-encoding"] == "chunked"
    with connected(server.address) as connection:
        connection.sendall(submit("two"))
        assert receive_reply(connection).status == 202


async def test_without_a_socket_a_lost_reply_is_a_connection_error() -> None:
    async with Conversation({"accounts": [ALL], "rules": RULES}) as t:
        for name in ("reset", "empty", "truncate"):
            with pytest.raises(ConnectionResetError):
                await t.post(ANALYZE, {"url": f"https://example.com/{name}.mp4"})
