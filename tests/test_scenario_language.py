"""What people wanted to say with scenarios: each is a bundled scenario, run as its reader would."""

import threading
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from mockserver.outgoing.call import CallResult
from mockserver.testing import MockServer
from tests.conversation import Conversation
from tests.descrideo_client import BROKER, answer, brokered, create, status
from tests.videotoprompt_client import ROOT

VIDEO = {"url": "https://example.com/a.mp4", "platform": "sora"}
PRESIGNED = "http://127.0.0.1:9000/private/video.mp4?signature=abc"
REVERSE = "/nanophoto/api/sora-2/reverse-prompt"
LINK = {"videoSource": "url", "videoUrl": "https://example.com/a.mp4"}


def using(name: str) -> dict[str, Any]:
    return {"scenario": "test", "extends": name}


# Counting.


async def test_the_third_poll_of_each_job_fails_twice_and_then_heals() -> None:
    async with Conversation(using("videotoprompt-third-poll-fails")) as t:
        first, second = [(await t.post(f"{ROOT}/url", VIDEO)).json()["id"] for _ in range(2)]
        for _ in range(2):
            assert (await t.get(f"{ROOT}/{first}")).status_code == 200
        statuses = {name: [(await t.get(f"{ROOT}/{name}")).status_code for _ in range(5)] for name in (first, second)}
        assert statuses == {first: [503, 503, 200, 200, 200], second: [200, 200, 503, 503, 200]}


async def test_a_poll_of_an_unknown_job_does_not_count() -> None:
    async with Conversation(using("videotoprompt-third-poll-fails")) as t:
        polls = [(await t.get(f"{ROOT}/ana_0000000000000000")).status_code for _ in range(5)]
        assert polls == [404] * 5
        entry = (await t.get("/_mock/journal")).json()["entries"][0]
        [failed] = [miss["failed"] for miss in entry["missed"] if "third" in miss["rule"]]
        assert failed == "counted by job: the request names no job of this account"


async def test_two_accounts_share_a_count_of_the_sandbox() -> None:
    rules = [
        {
            "name": "one",
            "operation": "videotoprompt.*",
            "times": {"of": "sandbox", "is": 1},
            "fault": {"kind": "forbidden"},
        }
    ]
    async with Conversation({"extends": "default", "rules": rules}) as t:
        keys = [{"Authorization": f"Bearer key-{n}"} for n in range(3)]
        statuses = [(await t.post(f"{ROOT}/url", VIDEO, headers=key)).status_code for key in keys]
        assert statuses == [403, 202, 202]


async def test_the_first_event_of_each_job_is_lost_once() -> None:
    hook = {"url": "http://127.0.0.1:9000/hook"}
    scenario = {
        "extends": "default",
        "accounts": [{"key": "*", "plan": "pro", "webhook": hook}],
        "webhooks": [{"event": "*", "nth": {"of": "job", "is": 1}, "tampering": {"lose": 1}}],
    }
    async with Conversation(scenario) as t:
        for _ in range(2):
            await t.post(f"{ROOT}/url", VIDEO)
        await t.advance(60)
        deliveries = (await t.get("/_mock/deliveries")).json()["deliveries"]
        assert [[a["outcome"] for a in d["attempts"]] for d in deliveries] == [["lost", "response"]] * 2


def test_a_rule_has_one_count() -> None:
    wrong = {"nth": 2, "times": {"of": "job", "is": 3}}
    with pytest.raises(Exception, match="nth counts by account and times by job; a rule has one count"):
        MockServer({"rules": [{"name": "r", "operation": "*", **wrong}]}).open()


# Batches.


async def batch(t: Conversation, size: int) -> list[str]:
    items = [{**VIDEO, "url": f"https://example.com/{n}.mp4"} for n in range(size)]
    batch_id = (await t.post(f"{ROOT}/batch", {"analyses": items})).json()["id"]
    await t.advance(60)
    return [each["status"] for each in (await t.get(f"{ROOT}/batch/{batch_id}")).json()["analyses"]]


async def test_the_second_item_of_each_batch_fails() -> None:
    async with Conversation(using("videotoprompt-batch-second-item")) as t:
        for _ in range(2):
            assert await batch(t, 3) == ["completed", "failed", "completed"]


async def test_items_count_apart_from_their_batches() -> None:
    async with Conversation(using("videotoprompt-batch-every-third")) as t:
        assert await batch(t, 4) == ["completed", "completed", "failed", "completed"]
        assert await batch(t, 3) == ["completed", "failed", "completed"]


async def test_a_rule_without_item_counts_batches_apart_from_items() -> None:
    rules = [{"name": "second", "operation": "videotoprompt.analyze_batch", "nth": 2, "fault": {"kind": "forbidden"}}]
    async with Conversation({"extends": "default", "rules": rules}) as t:
        assert await batch(t, 3) == ["completed", "failed", "completed"]
        refused = await t.post(f"{ROOT}/batch", {"analyses": [VIDEO]})
        assert refused.status_code == 403


# Streams.


def received(mock: MockServer) -> tuple[bytes, str | None]:
    """The bytes of a stream that arrived, and the kind of error that ended it."""
    body = b""
    headers = {"Authorization": f"Bearer {mock.key('nanophoto')}"}
    with httpx2.Client(base_url=mock.url("nanophoto"), headers=headers, timeout=5) as client:
        try:
            with client.stream("POST", "/api/sora-2/reverse-prompt", json=LINK) as reply:
                for chunk in reply.iter_raw():
                    body += chunk
        except httpx2.TransportError as error:
            return body, type(error).__name__
    return body, None


def test_a_stream_is_cut_at_an_exact_byte() -> None:
    with MockServer("nanophoto-stream-cut-at-byte") as mock:
        body, error = received(mock)
        assert (len(body), error) == (100, "RemoteProtocolError")


def test_a_stream_is_cut_inside_a_character() -> None:
    with MockServer("nanophoto-stream-cut-in-character") as mock:
        body, error = received(mock)
        assert error in ("RemoteProtocolError", "ReadError")
        with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
            body.decode()


def test_a_json_reply_is_cut_inside_a_character() -> None:
    fault = {"kind": "truncate", "at": "5 bytes", "inside": "character"}
    rule = {"name": "cut", "operation": "dumplingai.list_formats", "reply": {"note": "naïve"}, "fault": fault}
    with MockServer({"rules": [rule]}) as mock:
        headers = {"Authorization": f"Bearer {mock.key('dumplingai')}"}
        body = b""
        with (
            suppress(httpx2.RemoteProtocolError),
            httpx2.stream("GET", mock.url("dumplingai") + "/extract-video", headers=headers) as reply,
        ):
            for chunk in reply.iter_raw():
                body += chunk
        with pytest.raises(UnicodeDecodeError):
            body.decode()


def test_a_stream_without_such_a_character_says_so_in_the_journal() -> None:
    stream = {"text": "plain words", "fault": {"kind": "truncate", "at": "50%", "inside": "character"}}
    with MockServer({"rules": [{"name": "r", "operation": "nanophoto.*", "stream": stream}]}) as mock:
        received(mock)
        assert "not inside a character, because none has several bytes" in (mock.requests()[0].note or "")


def test_a_held_stream_goes_on_when_the_test_says_so() -> None:
    with MockServer("nanophoto-stream-held") as mock:
        results: list[tuple[bytes, str | None]] = []
        client = threading.Thread(target=lambda: results.append(received(mock)))
        client.start()
        assert mock.resume() == 1
        client.join()
        [(body, error)] = results
        assert error is None
        assert len(body) > 500
        assert [job.status for job in mock.jobs.all()] == ["succeeded"]


def test_there_is_nothing_to_resume() -> None:
    with MockServer() as mock, pytest.raises(AssertionError, match="no reply is held"):
        mock.resume(timeout=0.01)


@pytest.mark.parametrize("fault", [{"kind": "reset"}, {"kind": "stall", "for": "5s"}])
def test_only_a_stall_without_a_length_is_held(fault: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="only a stall without for can be held"):
        MockServer({"rules": [{"name": "r", "operation": "*", "fault": {**fault, "held": True}}]}).open()


# Call-outs.


def broker(t: Conversation, *answers: CallResult) -> list[str]:
    """Answer the calls to the Source Provider in turn, and everything else with 200. Returns the URLs of the calls."""
    urls: list[str] = []
    network: Any = t.receivers

    async def send(call: Any) -> CallResult:
        urls.append(call.url)
        turn = urls.count(BROKER) - 1
        return answers[min(turn, len(answers) - 1)] if call.url == BROKER else CallResult("response", 200)

    network.send = send
    return urls


GOOD = answer({"url": PRESIGNED})


async def test_the_first_response_of_a_source_provider_is_ignored_and_the_second_used() -> None:
    async with Conversation(using("descrideo-source-asked-twice")) as t:
        urls = broker(t, GOOD)
        job_id = await create(t, brokered())
        await t.advance(4)
        assert urls.count(BROKER) == 1
        assert (await status(t, job_id))["status"] == "resolving_source"
        await t.advance(60)
        assert urls.count(BROKER) == 2
        assert (await status(t, job_id))["status"] == "succeeded"
        [delivery] = [d for d in (await t.get("/_mock/deliveries")).json()["deliveries"] if d["url"] == BROKER]
        assert [a["outcome"] for a in delivery["attempts"]] == ["ignored", "response"]


async def test_a_source_provider_that_fails_once_is_asked_again() -> None:
    async with Conversation({"extends": "default", "call_outs": [{"event": "source.*", "retries": ["5s"]}]}) as t:
        urls = broker(t, answer(b"", 500), GOOD)
        job_id = await create(t, brokered())
        await t.advance(60)
        assert urls.count(BROKER) == 2
        assert (await status(t, job_id))["status"] == "succeeded"


async def test_a_source_provider_whose_responses_are_all_ignored_fails_the_job() -> None:
    async with Conversation(using("descrideo-source-gives-up")) as t:
        urls = broker(t, GOOD)
        job_id = await create(t, brokered())
        await t.advance(60)
        assert urls.count(BROKER) == 3
        error = (await status(t, job_id))["error"]
        assert error["code"] == "source_resolution_failed"
        assert "did not answer in time" in error["message"]


async def test_a_scenario_answers_in_place_of_the_source_provider() -> None:
    async with Conversation(using("descrideo-source-answers-scripted")) as t:
        urls = broker(t, GOOD)
        jobs = []
        for _ in range(2):
            jobs.append(await create(t, brokered()))
            await t.advance(60)
        states = [await status(t, job_id) for job_id in jobs]
        assert [state["status"] for state in states] == ["failed", "succeeded"]
        assert "answered 503" in states[0]["error"]["message"]
        assert BROKER not in urls


async def test_the_signature_of_a_call_out_can_be_wrong() -> None:
    rule = {"event": "source.resolve", "signature": "missing"}
    async with Conversation({"extends": "default", "call_outs": [rule]}) as t:
        headers: list[str] = []
        network: Any = t.receivers

        async def send(call: Any) -> CallResult:
            if call.url == BROKER:
                headers.extend(name.lower() for name, _ in call.headers)
            return GOOD if call.url == BROKER else CallResult("response", 200)

        network.send = send
        await create(t, brokered())
        await t.advance(60)
        assert headers
        assert not any("signature" in name for name in headers)


async def test_a_scenario_that_is_read_back_has_the_same_meaning() -> None:
    scenario = {
        **using("descrideo-source-answers-scripted"),
        "rules": [
            {"name": "r", "operation": "*", "nth": {"of": "job", "is": 3}, "fault": {"kind": "stall", "at": "7 bytes"}}
        ],
    }
    async with Conversation(scenario) as t:
        shown = (await t.get("/_mock/scenario")).json()
        assert shown["rules"][0]["nth"] == {"of": "job", "is": [3]}
        assert shown["rules"][0]["fault"]["at"] == "7 bytes"
        again = await t.client.put("/_mock/scenario", json={**shown, "extends": None})
        assert again.status_code == 200, again.text
