"""Steps without effects are computed when they are read; effects happen on time."""

import pytest

from mockserver.core.seeded import Seeded
from mockserver.media.maker import video
from tests.conversation import Conversation
from tests.listener import Listener

SUBMIT = "/videotoprompt/v1/analyze/url"
VIDEO = {"url": "https://example.com/hike.mp4"}
HOOK = {"url": "http://receiver.test/hook", "secret": "whsec_1"}
STEPS = [{"status": "queued", "for": "2s"}, {"status": "running", "for": "3s"}, {"status": "succeeded"}]
QUICK = {
    "accounts": [{"key": "*", "plan": "pro"}],
    "plans": {"default": {"steps": STEPS}},
}


async def kinds(t: Conversation) -> list[str]:
    """Return the journal, oldest first: the status of transitions, and the kind of other entries."""
    entries = (await t.get("/_mock/journal")).json()["entries"]
    return [entry["note"] if entry["kind"] == "transition" else entry["kind"] for entry in reversed(entries)]


async def test_a_job_without_effects_schedules_nothing() -> None:
    """An analysis whose account has no webhook is computed when it is polled."""

    async with Conversation(QUICK) as t:
        submitted = (await t.post(SUBMIT, VIDEO)).json()
        assert await t.sandbox.store.next_effect() is None
        t.sandbox.clock.jump(t.sandbox.clock.now() + 5_000)
        assert (await t.get(f"/videotoprompt/v1/analyze/{submitted['id']}")).json()["status"] == "completed"


async def test_the_journal_has_the_steps_in_order_of_time() -> None:
    async with Conversation(QUICK) as t:
        submitted = (await t.post(SUBMIT, VIDEO)).json()
        for seconds in (1, 3, 2):
            t.sandbox.clock.jump(t.sandbox.clock.now() + seconds * 1_000)
            await t.get(f"/videotoprompt/v1/analyze/{submitted['id']}")
        assert await kinds(t) == ["request", "request", "running", "request", "succeeded", "request"]
        # Reading it again gives the same.
        assert await kinds(t) == ["request", "request", "running", "request", "succeeded", "request"]


async def test_the_steps_of_deleted_jobs_stay_in_the_journal() -> None:
    async with Conversation(QUICK) as t:
        await t.post(SUBMIT, VIDEO)
        t.sandbox.clock.jump(t.sandbox.clock.now() + 5_000)
        assert (await t.post("/_mock/reset", {"what": "jobs"})).status_code == 204
        assert await kinds(t) == ["request", "running", "succeeded", "control"]
        assert (await t.get("/_mock/jobs")).json()["total"] == 0


async def test_lists_and_counts_use_the_current_status() -> None:
    async with Conversation(QUICK) as t:
        video = (await t.post("/prompttovideo/api/v1/generate", {"prompt": "A sunset"})).json()
        for seconds, status, waiting in ((0, "pending", 1), (2, "processing", 0), (3, "completed", 0)):
            t.sandbox.clock.jump(t.sandbox.clock.now() + seconds * 1_000)
            listed = (await t.get(f"/prompttovideo/api/v1/videos?status={status}")).json()["videos"]
            assert [each["id"] for each in listed] == [video["video_id"]]
            queue = (await t.get("/prompttovideo/api/v1/queue/status")).json()
            assert queue["queue_stats"]["total_pending"] == waiting


@pytest.mark.parametrize("how", ["account", "scenario"])
async def test_a_webhook_that_is_set_after_the_submission_is_sent(how: str) -> None:
    async with Conversation(QUICK) as t:
        submitted = (await t.post(SUBMIT, VIDEO)).json()
        if how == "account":
            set_ = await t.client.patch("/_mock/accounts/key-1?provider=videotoprompt", json={"webhook": HOOK})
        else:
            accounts = [{"key": "*", "plan": "pro", "webhook": HOOK}]
            set_ = await t.client.put("/_mock/scenario", json={"scenario": "with-webhook", "accounts": accounts})
        assert set_.status_code == 200, set_.text
        assert t.receivers.calls == []
        await t.advance(10)
        assert [call.url for call in t.receivers.calls] == [HOOK["url"]]
        assert submitted["id"].encode() in t.receivers.calls[0].body


async def test_credits_are_charged_even_if_the_job_is_never_read() -> None:
    async with Conversation(QUICK) as t:
        await t.post("/prompttovideo/api/v1/generate", {"prompt": "A sunset"})
        t.sandbox.clock.jump(t.sandbox.clock.now() + 60_000)
        [account] = (await t.get("/_mock/accounts/key-1?provider=prompttovideo")).json()["accounts"]
        assert (account["credits"], account["reserved"]) == (999_999, 0)
        assert [entry["kind"] for entry in account["ledger"]] == ["opening", "reserve", "capture"]


async def test_the_journal_has_every_step_of_a_job_that_counts_polls() -> None:
    """A counted poll replaces the job. The steps that the old version has passed are not lost."""
    steps = [{"status": "queued", "for": "1s"}, {"status": "running", "polls": 2}, {"status": "succeeded"}]

    async with Conversation({**QUICK, "plans": {"default": {"steps": steps}}}) as t:
        submitted = (await t.post(SUBMIT, VIDEO)).json()
        t.sandbox.clock.jump(t.sandbox.clock.now() + 1_000)
        statuses = [(await t.get(f"/videotoprompt/v1/analyze/{submitted['id']}")).json()["status"] for _ in range(3)]
        assert statuses == ["processing", "processing", "completed"]
        assert await kinds(t) == ["request", "running", "request", "request", "succeeded", "request"]


async def test_the_journal_has_no_body_for_an_upload() -> None:
    """The file is read and discarded."""

    async with Conversation() as t:
        files = {"video": ("film.mp4", video(2_000, Seeded(1)).data)}
        replies = [await t.client.post("/videotoprompt/v1/analyze/upload", files=files) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [202, 202]
        assert len({reply.json()["id"] for reply in replies}) == 2
        [entry, _] = (await t.get("/_mock/journal?operation=videotoprompt.analyze_upload")).json()["entries"]
        assert entry["request"]["body"] == ""


@pytest.mark.parametrize(("unread", "lasts"), [(0.0, 3_000_000), (1_000.0, 2_000_000), (9_000.0, 0)])
async def test_a_stream_is_timed_from_the_arrival_of_its_request(monkeypatch, unread: float, lasts: int) -> None:
    """One of five hundred simultaneous clients gets its last chunk no later than a single client."""
    monkeypatch.setattr("mockserver.wire.asgi.AsgiConnection.seconds_unread", unread)
    stream = {"text": "a b", "pace": {"first": "0s", "every": "3000s"}}
    rule = {"name": "slow", "operation": "nanophoto.*", "stream": stream}

    async with Conversation({"clock": {"mode": "real"}, "rules": [rule]}) as t:
        body = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
        listener = await Listener(t, "/nanophoto/api/sora-2/reverse-prompt", body).settled()
        [job] = (await t.sandbox.store.page_jobs("nanophoto")).jobs
        until_the_end = sum(step.duration or 0 for step in job.plan.steps)
        assert abs(until_the_end - lasts) < 20_000
        await listener.leave()
