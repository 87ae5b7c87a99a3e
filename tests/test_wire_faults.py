"""Faults on the wire, as a client of bare sockets sees them: every byte, and how the connection ends."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conversation import Conversation
from tests.live import Live, live
from tests.raw import Heard, connected, hear, hear_reply, request, say

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


def heard_of(server: Live, name: str) -> Heard:
    return say(server.address, submit(name))


def jobs(server: Live) -> int:
    return int(server.client.get("/_mock/jobs").json()["total"])


def length(heard: Heard) -> int:
    return int(heard.head["content-length"])


def test_a_reset_is_a_real_one_before_any_byte(server: Live) -> None:
    before = jobs(server)
    heard = heard_of(server, "reset")
    assert (heard.data, heard.ended) == (b"", "RST")
    assert jobs(server) == before


def test_a_lost_reply_leaves_the_job_behind(server: Live) -> None:
    before = jobs(server)
    heard = heard_of(server, "lost")
    assert (heard.data, heard.ended) == (b"", "RST")
    assert jobs(server) == before + 1


@pytest.mark.parametrize(("name", "share"), [("reset-mid", 0.4), ("reset-none", 0.0)])
def test_a_reset_in_the_middle_comes_after_exactly_so_many_bytes(server: Live, name: str, share: float) -> None:
    heard = heard_of(server, name)
    assert (heard.status, heard.ended) == (202, "RST")
    assert len(heard.body) == round(length(heard) * share)


def test_an_empty_reply_is_an_orderly_end(server: Live) -> None:
    heard = heard_of(server, "empty")
    assert (heard.data, heard.ended) == (b"", "FIN")


def test_an_empty_reply_to_an_upload_is_no_reset(server: Live) -> None:
    """A system resets a connection that is closed with unread bytes on it."""
    fields = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 3000000")
    with connected(server.address) as connection:
        connection.sendall(request("POST", UPLOAD, b"", *fields) + bytes(3_000_000))
        heard = hear(connection)
    assert (heard.data, heard.ended) == (b"", "FIN")


def test_a_truncated_body_is_shorter_than_its_length(server: Live) -> None:
    heard = heard_of(server, "truncate")
    assert (heard.status, heard.ended) == (202, "FIN")
    assert len(heard.body) == round(length(heard) * 0.6)
    assert len(heard_of(server, "truncate-last").body) == length(heard_of(server, "truncate-last")) - 1


def test_a_chunked_body_may_lack_nothing_but_its_last_chunk(server: Live) -> None:
    heard = heard_of(server, "no-last-chunk")
    assert (heard.head["transfer-encoding"], heard.ended) == ("chunked", "FIN")
    size, _, rest = heard.body.partition(b"\r\n")
    assert json.loads(rest)["status"] == "pending"
    assert rest.endswith(b"}\r\n")
    assert len(rest) == int(size, 16) + 2


def test_a_stall_is_a_silence_in_the_middle(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("stall", "Connection: close"))
        heard = hear(connection)
    assert heard.ended == "FIN"
    assert json.loads(heard.body)["status"] == "pending"
    assert len(b"".join(data for _, data in heard.pieces[:-1]).partition(b"\r\n\r\n")[2]) == round(length(heard) * 0.3)
    assert heard.longest_silence >= 0.19


def test_a_stall_without_an_end_waits_for_the_client(server: Live) -> None:
    heard = say(server.address, submit("stall-for-ever"), 0.3)
    assert (heard.ended, len(heard.body)) == ("open", round(length(heard) * 0.3))


def test_a_garbled_body_has_its_length_and_makes_no_sense(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("garble"))
        heard = hear_reply(connection)
        assert len(heard.body) == length(heard)
        with pytest.raises(ValueError):
            json.loads(heard.body)
        connection.sendall(submit("anything"))
        assert hear_reply(connection).status == 202


def test_a_slow_drip_keeps_its_rate(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("drip", "Connection: close"))
        heard = hear(connection)
    assert json.loads(heard.body)["status"] == "pending"
    seconds = heard.pieces[-1][0]
    assert seconds >= length(heard) / 400 - 0.02
    assert len(heard.pieces) >= 3


def test_latency_comes_before_a_whole_reply(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(submit("latency", "Connection: close"))
        heard = hear(connection)
    assert heard.status == 202
    assert heard.pieces[0][0] >= 0.19


def test_a_hang_ends_without_a_word_or_not_at_all(server: Live) -> None:
    heard = heard_of(server, "hang")
    assert (heard.data, heard.ended) == (b"", "FIN")
    assert heard.seconds >= 0.19
    assert say(server.address, submit("hang-for-ever"), 0.3).ended == "open"


def test_a_large_body_arrives_up_to_the_byte_before_the_reset() -> None:
    """A reset throws away what is still on its way: the server waits until the client's system has it."""
    fault = {"kind": "reset", "phase": "mid_body", "at": "90%"}
    rules = [{"name": "cut", "operation": "*", "fault": fault, "reply": {"padding": "x" * 400_000}}]
    with live({"accounts": [ALL], "rules": rules}) as server, connected(server.address) as connection:
        connection.sendall(submit("any"))
        heard = hear(connection)
        assert heard.ended == "RST"
        assert len(heard.body) == round(length(heard) * 0.9)


def test_the_journal_tells_what_was_done_to_a_request(server: Live) -> None:
    told = {}
    for name in ("truncate", "lost"):
        heard_of(server, name)
        # Written down when the connection is gone, which the client may see a moment before.
        while name not in told:
            told.update({e["rule"]: (e.get("status"), e.get("note")) for e in server.journal() if "rule" in e})
    assert told["truncate"] == (202, "the reply was spoilt: truncate")
    assert told["lost"] == (202, "the operation was done and its reply lost: reset")


@pytest.mark.parametrize("kind", ["truncate", "garble", "stall", "slow_drip", "reset"])
def test_a_reply_without_a_body_has_none_to_spoil(kind: str) -> None:
    """HEAD promises the length of the body that GET has (RFC 9110 section 9.3.2)."""
    fault = {"kind": kind, "phase": "mid_body", **({"for": "10ms"} if kind == "stall" else {})}
    rules = [{"name": "spoilt", "operation": "prompttovideo.get_account", "fault": fault}]
    with live({"clock": {"mode": "auto"}, "accounts": [ALL], "rules": rules}) as server:
        heard = say(server.address, request("HEAD", "/prompttovideo/api/v1/account", b"", "Connection: close"))
        assert (heard.status, heard.body) == (200, b"")
        assert length(heard) > 0
        assert heard.ended == ("RST" if kind == "reset" else "FIN")


async def test_a_burst_of_errors_ends_by_itself_and_is_each_accounts_own() -> None:
    burst = {"name": "burst", "operation": "*", "times": 3, "fault": {"kind": "server_error"}}

    async with Conversation({"accounts": [ALL], "rules": [burst]}) as t:
        body = {"url": "https://example.com/a.mp4"}
        assert [(await t.post(ANALYZE, body)).status_code for _ in range(5)] == [500, 500, 500, 202, 202]
        other = {"Authorization": "Bearer key-2"}
        assert (await t.post(ANALYZE, body, headers=other)).status_code == 500


async def test_a_fault_may_be_one_accounts_alone() -> None:
    theirs = {
        "name": "x",
        "operation": "*",
        "when": {"account.key": {"equals": "key-2"}},
        "fault": {"kind": "overloaded"},
    }

    async with Conversation({"accounts": [ALL], "rules": [theirs]}) as t:
        body = {"url": "https://example.com/a.mp4"}
        assert (await t.post(ANALYZE, body)).status_code == 202
        assert (await t.post(ANALYZE, body, headers={"Authorization": "Bearer key-2"})).status_code == 503


async def test_a_probability_is_seeded() -> None:
    flaky = {"name": "flaky", "operation": "*", "probability": "40%", "fault": {"kind": "server_error"}}
    seen: list[list[int]] = []

    for _ in range(2):
        async with Conversation({"accounts": [ALL], "rules": [flaky], "seed": 7}) as t:
            body = {"url": "https://example.com/a.mp4"}
            seen.append([(await t.post(ANALYZE, body)).status_code for _ in range(50)])
    assert seen[0] == seen[1]
    assert 10 <= seen[0].count(500) <= 30
    assert seen[0].count(202) + seen[0].count(500) == 50


@pytest.mark.parametrize(
    "window",
    [
        {"from": "30s", "until": "2m"},
        {"from": "2025-06-01T12:00:30Z", "until": "2025-06-01T12:02:00Z"},
        {"from": "30s", "until": "2025-06-01T12:02:00Z"},
    ],
    ids=["since the start", "instants", "both"],
)
async def test_an_outage_is_a_window_on_the_clock(window: dict[str, str]) -> None:
    """It takes its first instant in, and not its last."""
    outage = {"name": "down", "operation": "videotoprompt.*", "during": window, "fault": {"kind": "overloaded"}}

    async with Conversation({"accounts": [ALL], "rules": [outage]}) as t:
        seen = []
        for wait in (0, 29.999, 0.001, 89.999, 0.001):
            await t.advance(wait)
            seen.append((await t.get("/videotoprompt/v1/analyze/ana_x")).status_code)
        assert seen == [404, 404, 503, 503, 404]
        assert (await t.get("/_mock/journal")).json()["entries"][0]["missed"][0]["failed"].startswith("during: until")


async def test_a_window_counts_from_when_the_scenario_was_put_on() -> None:
    outage = {"name": "down", "operation": "*", "during": {"until": "10s"}, "fault": {"kind": "overloaded"}}

    async with Conversation({"accounts": [ALL], "rules": []}) as t:
        asked = "/videotoprompt/v1/analyze/ana_x"
        await t.advance(3600)
        assert (await t.get(asked)).status_code == 404
        put = {"scenario": "later", "accounts": [ALL], "rules": [outage]}
        assert (await t.client.put("/_mock/scenario", json=put)).status_code == 200
        assert (await t.get(asked)).status_code == 503
        await t.advance(10)
        assert (await t.get(asked)).status_code == 404
        assert (await t.post("/_mock/reset", {"what": "all"})).status_code == 204
        assert (await t.get(asked)).status_code == 503


async def test_latency_may_be_lognormal_and_is_seeded() -> None:
    slow = {"name": "slow", "operation": "*", "fault": {"kind": "latency", "for": "300ms", "p99": "3s"}}
    told: list[list[int]] = []

    for _ in range(2):
        async with Conversation({"accounts": [ALL], "rules": [slow], "clock": {"mode": "auto"}}) as t:
            told.append([])
            for n in range(50):
                # The jobs before this one go on by themselves, and are to be over.
                await t.sandbox.courier.settled()
                before = t.sandbox.clock.now()
                await t.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"})
                told[-1].append(t.sandbox.clock.now() - before)
    assert told[0] == told[1]
    ranked = sorted(told[0])
    assert ranked[0] < 150 < ranked[25] < 600 < ranked[-1]


def test_an_armed_fault_breaks_one_connection(server: Live) -> None:
    armed = {"operation": "videotoprompt.analyze_url", "fault": {"kind": "truncate", "at": 0.5, "framing": "chunked"}}
    assert server.client.post("/_mock/faults", json=armed).status_code == 201
    assert heard_of(server, "one").head["transfer-encoding"] == "chunked"
    with connected(server.address) as connection:
        connection.sendall(submit("two"))
        assert hear_reply(connection).status == 202


async def test_without_a_socket_a_broken_reply_is_a_connection_error() -> None:
    async with Conversation({"accounts": [ALL], "rules": RULES}) as t:
        for name in ("reset", "empty", "truncate"):
            with pytest.raises(ConnectionResetError):
                await t.post(ANALYZE, {"url": f"https://example.com/{name}.mp4"})
