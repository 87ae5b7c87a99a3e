"""Bundles are replayed: the replies are the same, byte by byte, or it is said where not and why."""

import asyncio
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from mockserver import MockServer
from mockserver.bundle import judged
from mockserver.bundle.files import read_bundle
from mockserver.bundle.timeline import events
from mockserver.cli.replay import replayed as replay_file
from mockserver.core.faults import Fault
from mockserver.core.journal import JournalEntry
from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from mockserver.outgoing.call import CallResult
from mockserver.providers.registry import providers
from mockserver.settings import Settings
from mockserver.testing.expected import part_of
from tests.bundling import ZIP, changed, replayed, saved, texts
from tests.conversation import Conversation
from tests.documents import ROOT
from tests.test_verdict_clean import CLIENTS, Client, GaveUp

VIDEO = {"url": "https://example.com/a.mp4", "platform": "sora"}
SUBMIT, HOOK = "/videotoprompt/v1/analyze/url", "http://127.0.0.1:9000/hook"
# Four stories of each provider: a good day, limits, failures, and faults on the wire.
STORIES = [
    ("default", "videotoprompt"),
    ("videotoprompt-rate-limited", "videotoprompt"),
    ("videotoprompt-unauthorized", "videotoprompt"),
    ("wire-garbled", "videotoprompt"),
    ("default", "prompttovideo"),
    ("prompttovideo-quota-free", "prompttovideo"),
    ("prompttovideo-throttled-once", "prompttovideo"),
    ("prompttovideo-lost-reply", "prompttovideo"),
    ("default", "nanophoto"),
    ("nanophoto-stream-slow", "nanophoto"),
    ("nanophoto-stream-cut-in-character", "nanophoto"),
    ("nanophoto-paid-but-failed", "nanophoto"),
    ("default", "descrideo"),
    ("descrideo-webhooks-lost", "descrideo"),
    ("descrideo-transcription-failed", "descrideo"),
    ("descrideo-flaky", "descrideo"),
    ("default", "dumplingai"),
    ("dumplingai-fails-twice", "dumplingai"),
    ("dumplingai-cut-off-reply", "dumplingai"),
    ("wire-latency", "dumplingai"),
]


@pytest.mark.parametrize(("scenario", "provider"), STORIES)
def test_each_of_twenty_stories_is_replayed_byte_by_byte(scenario: str, provider: str, tmp_path: Path) -> None:
    with MockServer(scenario, clock="auto", scenario_dir=ROOT / "scenarios") as mock:
        with suppress(GaveUp):
            CLIENTS[provider](Client(mock, provider, 10.0))
        bundle = read_bundle(mock.bundle(tmp_path / "story.mock.zip"))
        live = part_of("story", mock.hosted, mock.verdict())
    outcome = replay_file(bundle)
    assert outcome.requests
    assert [each for each in outcome.requests if not each.identical] == []
    assert judged.verdict(bundle, providers()) == live.data


async def test_a_reply_that_is_not_the_same_is_shown_with_the_place_and_the_recorded_bytes() -> None:
    async with Conversation() as t:
        await t.post(SUBMIT, VIDEO)
        data = await saved(t)

    def other(entry: Any) -> Any:
        return {**entry, "status": 200, "reply": entry["reply"].replace("sora", "veo3")}

    outcome = await replayed(changed(data, "journal.jsonl", other))
    (request,) = outcome.requests
    assert (outcome.identical, request.sent, request.why) == (0, True, "no reason is known; please report it")
    status, body = request.differences
    assert status == "status: 200 was recorded, now 202"
    assert body.startswith("body, at byte 96: ")
    assert "veo3" in body.partition(" was recorded, now ")[0]


async def test_keys_and_secrets_are_masked_and_the_masked_key_is_the_same_account() -> None:
    webhook = {"url": HOOK, "secret": "whsec_12345678"}
    async with Conversation({"extends": "videotoprompt-free-plan"}) as t:
        t.client.headers["Authorization"] = "Bearer sk_live_free_4711"
        await t.client.patch("/_mock/accounts/sk_live_free_4711?provider=videotoprompt", json={"webhook": webhook})
        for _ in range(7):
            await t.post(SUBMIT, VIDEO)
        await t.get("/videotoprompt/v1/account?key=sk_live_free_4711")
        await t.advance(60)
        data = await saved(t)
    assert b"sk_live_free_4711" not in texts(data)
    assert b"whsec_12345678" not in texts(data)
    outcome = await replayed(data)
    assert (len(outcome.requests), outcome.identical, outcome.changes) == (8, 8, ())


async def test_the_plan_of_a_key_and_a_refused_key_are_known_although_the_keys_are_masked() -> None:
    accounts = [
        {"key": "*-trial-*", "plan": "free", "limits": {"requests_per_minute": 1}},
        {"key": "revoked-0123456789", "refused": True},
        {"key": "*", "plan": "pro"},
    ]
    async with Conversation({"extends": "default", "accounts": accounts}) as t:
        statuses = []
        for key in ("company-trial-0123", "company-trial-0123", "revoked-0123456789", "somebody-else-0123"):
            reply = await t.post(SUBMIT, VIDEO, headers={"Authorization": f"Bearer {key}"})
            statuses.append(reply.status_code)
        data = await saved(t)
    assert statuses == [202, 429, 401, 202]
    assert b"0123456789" not in texts(data)
    assert (await replayed(data)).identical == 4


async def test_changes_through_the_control_api_are_made_again() -> None:
    async with Conversation() as t:
        job = (await t.post(SUBMIT, VIDEO)).json()["id"]
        await t.post(f"/_mock/jobs/{job}", {"status": "failed", "error": "on purpose"})
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        await t.post("/_mock/faults", {"operation": "videotoprompt.*", "fault": {"kind": "overloaded"}, "times": 2})
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        await t.client.delete("/_mock/faults")
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        await t.client.put("/_mock/scenario", json={"name": "prompttovideo-no-credits"})
        await t.post("/prompttovideo/api/v1/generate", {"prompt": "sunset"})
        await t.client.patch("/_mock/accounts/key-1?provider=prompttovideo", json={"credits": 5})
        await t.post("/prompttovideo/api/v1/generate", {"prompt": "sunset"})
        await t.post("/_mock/reset", {"what": "jobs"})
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        entries = (await t.get("/_mock/journal?kind=request")).json()["entries"]
        outcome = await replayed(await saved(t))
    assert [each["status"] for each in reversed(entries)] == [202, 200, 503, 200, 402, 200, 404]
    assert (len(outcome.requests), outcome.identical, outcome.changes) == (7, 7, ())


async def test_receivers_of_webhooks_answer_as_they_did_and_are_not_called() -> None:
    async with Conversation() as t:
        t.receivers.answers = [CallResult("response", 503), CallResult("timeout", error="no answer")]
        await t.client.patch("/_mock/accounts/key-1?provider=videotoprompt", json={"webhook": {"url": HOOK}})
        await t.post(SUBMIT, VIDEO)
        await t.advance(3600)
        calls, data = len(t.receivers.calls), await saved(t)
        made = await t.client.post("/_mock/sandboxes?name=copy", content=data, headers=ZIP)
        assert made.json()["bundle"]["identical"] == 1
        (there,) = (await t.get("/_mock/deliveries")).json()["deliveries"]
        (copy,) = (await t.get("/~copy/_mock/deliveries")).json()["deliveries"]
        assert len(t.receivers.calls) == calls == 3
    for delivery in (there, copy):
        assert [attempt["status"] for attempt in delivery["attempts"]] == [503, None, 200]
    assert (copy["id"], copy["body"]) == (there["id"], there["body"])


async def test_an_upload_is_not_kept_and_its_job_is_missing() -> None:
    async with Conversation() as t:
        files = {"video": ("a.mp4", video(2_000, Seeded("upload")).data, "video/mp4")}
        job = (await t.client.post("/videotoprompt/v1/analyze/upload", files=files)).json()
        await t.get(f"/videotoprompt/v1/analyze/{job['id']}")
        await t.get("/videotoprompt/v1/account")
        outcome = await replayed(await saved(t))
    upload, poll, account = outcome.requests
    assert (upload.sent, upload.why) == (False, "it was an upload, and uploads are not kept")
    assert poll.why == f"its job {job['id']} was created by #1, which was not sent"
    assert account.differences[0].startswith("header x-ratelimit-remaining: ")
    assert account.why == "#1 could not be sent, and what that did is missing"


async def test_a_long_body_is_kept_only_in_part() -> None:
    async with Conversation() as t:
        await t.post("/prompttovideo/api/v1/generate", {"prompt": "sunset " * 1_000})
        outcome = await replayed(await saved(t))
    assert [each.why for each in outcome.requests] == ["only the first 4,096 bytes of its body were kept"]


async def test_a_masked_value_in_a_body_gives_the_job_another_id_and_the_polls_follow_it() -> None:
    async with Conversation() as t:
        secret = {**VIDEO, "url": "https://example.com/a.mp4?token=0123456789abcdef"}
        job = (await t.post(SUBMIT, secret)).json()["id"]
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        data = await saved(t)
    assert b"0123456789abcdef" not in texts(data)
    submit, poll = (await replayed(data)).requests
    assert submit.why == "a value in the request is masked, and what the reply says follows from it"
    assert poll.why == "an earlier job has another id in the replay"
    assert not any(each.startswith("status") for each in (*submit.differences, *poll.differences))


async def test_a_client_that_gave_up_gives_up_again() -> None:
    async with Conversation({"extends": "wire-hang"}) as t:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await t.post(SUBMIT, VIDEO)
        outcome = await replayed(await saved(t))
    assert [each.identical for each in outcome.requests] == [True]


async def test_the_options_of_the_server_are_those_of_the_bundle() -> None:
    async with Conversation(settings=Settings(rule_header=True, additive=True)) as t:
        await t.post(SUBMIT, VIDEO)
        data = await saved(t)
    assert (await replayed(data)).identical == 1
    async with Conversation() as other:
        made = await other.client.post("/_mock/sandboxes", content=data, headers=ZIP)
    (difference,) = made.json()["bundle"]["differences"]
    assert difference["why"] == "this server runs with other options: rule-header, additive"


async def test_a_fork_goes_on_from_an_entry() -> None:
    async with Conversation() as t:
        job = (await t.post(SUBMIT, VIDEO)).json()["id"]
        await t.advance(3)
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        await t.advance(60)
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        made = await t.client.post("/_mock/sandboxes?name=fork&at=2", content=await saved(t), headers=ZIP)
        assert made.json()["bundle"] == {"requests": 2, "identical": 2, "differences": [], "changes": []}
        now = (await t.get("/~fork/_mock/clock")).json()
        assert (now["now"], now["mode"]) == ("2025-06-01T12:00:03Z", "manual")
        await t.post(f"/~fork/_mock/jobs/{job}", {"status": "failed", "error": "in the fork"})
        assert (await t.get(f"/~fork/_mock/jobs/{job}")).json()["status"] == "failed"
        assert (await t.get(f"/_mock/jobs/{job}")).json()["status"] == "succeeded"


async def test_a_journal_without_its_beginning_says_what_is_missing() -> None:
    async with Conversation() as t:
        job = (await t.post(SUBMIT, VIDEO)).json()["id"]
        await t.post("/_mock/reset", {"what": "journal"})
        await t.get(f"/videotoprompt/v1/analyze/{job}")
        (poll,) = (await replayed(await saved(t))).requests
    assert poll.number == 2
    assert poll.why == "the oldest entries of the journal are not in the bundle, nor what they created"


async def test_a_cleared_sandbox_is_replayed_from_there() -> None:
    async with Conversation() as t:
        await t.post(SUBMIT, VIDEO)
        await t.advance(90)
        await t.post("/_mock/reset", {"what": "all"})
        await t.post(SUBMIT, VIDEO)
        outcome = await replayed(await saved(t))
    assert [(each.number, each.identical) for each in outcome.requests] == [(2, True)]


async def test_a_loaded_sandbox_can_be_saved_and_loaded_again() -> None:
    async with Conversation({"extends": "videotoprompt-free-plan"}) as t:
        for _ in range(7):
            await t.post(SUBMIT, VIDEO)
        await t.client.post("/_mock/sandboxes?name=copy", content=await saved(t), headers=ZIP)
        again = (await t.get("/~copy/_mock/bundle")).content
        made = await t.client.post("/_mock/sandboxes?name=copy-2", content=again, headers=ZIP)
    assert made.json()["bundle"]["identical"] == 7


async def test_a_fault_from_outside_of_the_scenario_is_named() -> None:
    async with Conversation() as t:
        t.sandbox.inject = lambda operation, path: Fault("server_error")
        await t.post(SUBMIT, VIDEO)
        (request,) = (await replayed(await saved(t))).requests
    assert request.why == "its fault (server_error) came from outside of the scenario, as in a sweep"


def test_a_server_imports_the_archive_only_when_a_bundle_is_made() -> None:
    start = "import sys, mockserver.app, mockserver.serving.serve; assert 'mockserver.bundle' not in sys.modules\n"
    control = "import mockserver.control.app; assert 'mockserver.bundle.archive' not in sys.modules"
    subprocess.run([sys.executable, "-c", start + control], check=True, timeout=30)


def test_of_clients_that_send_at_the_same_time_the_order_may_not_be_known(tmp_path: Path) -> None:
    with MockServer(clock="auto") as mock:
        headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}

        def send(client: int) -> None:
            with requests.Session() as session:
                session.headers.update(headers)
                for _ in range(6):
                    job = session.post(f"{mock.url('videotoprompt')}/analyze/url", json=VIDEO, timeout=10).json()["id"]
                    session.get(f"{mock.url('videotoprompt')}/analyze/{job}", timeout=10)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, range(4)))
        bundle = read_bundle(mock.bundle(tmp_path / "clients.mock.zip"))
    outcome = replay_file(bundle)
    assert len(outcome.requests) == 48
    for request in outcome.requests:
        assert request.sent
        assert request.identical or re.match(
            "it came at the same time as #|an earlier job has another id", request.why or ""
        )


def test_requests_of_one_instant_are_in_the_order_of_their_effects() -> None:
    def entry(number: int, began: int, ended: int, **more: Any) -> JournalEntry:
        return JournalEntry("request", 5, number, method="GET", path="/", status=200, real=(began, ended), **more)

    change = JournalEntry("control", 5, 3, action={"do": "resume"})
    stream, hang = entry(4, 100, 900), entry(5, 150, 950, delivered="client_left")
    entries = [entry(1, 200, 203), entry(2, 201, 202), change, stream, hang, replace(stream, at=4, number=6)]
    order = [(each.entry.number, each.leaves) for each in events(entries)]
    assert order == [(6, False), (4, False), (5, False), (2, False), (1, False), (3, False), (5, True)]
