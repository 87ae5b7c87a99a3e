"""What has no effect costs nothing, and is there all the same for whoever looks; what has one happens at its time."""

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
    """The journal, oldest first: transitions by their status, everything else by its kind."""
    entries = (await t.get("/_mock/journal")).json()["entries"]
    return [entry["note"] if entry["kind"] == "transition" else entry["kind"] for entry in reversed(entries)]


async def test_a_job_without_effects_wakes_nobody() -> None:
    """A polled analysis, whose account has no webhook, is computed when it is looked at."""

    async with Conversation(QUICK) as t:
        made = (await t.post(SUBMIT, VIDEO)).json()
        assert await t.sandbox.store.next_effect() is None
        t.sandbox.clock.jump(t.sandbox.clock.now() + 5_000)
        assert (await t.get(f"/videotoprompt/v1/analyze/{made['id']}")).json()["status"] == "completed"


async def test_the_journal_has_its_steps_in_their_places() -> None:
    async with Conversation(QUICK) as t:
        made = (await t.post(SUBMIT, VIDEO)).json()
        for seconds in (1, 3, 2):
            t.sandbox.clock.jump(t.sandbox.clock.now() + seconds * 1_000)
            await t.get(f"/videotoprompt/v1/analyze/{made['id']}")
        assert await kinds(t) == ["request", "request", "running", "request", "succeeded", "request"]
        # Looking again shows the same.
        assert await kinds(t) == ["request", "request", "running", "request", "succeeded", "request"]


async def test_jobs_that_are_forgotten_leave_their_steps_behind() -> None:
    async with Conversation(QUICK) as t:
        await t.post(SUBMIT, VIDEO)
        t.sandbox.clock.jump(t.sandbox.clock.now() + 5_000)
        assert (await t.post("/_mock/reset", {"what": "jobs"})).status_code == 204
        assert await kinds(t) == ["request", "running", "succeeded"]
        assert (await t.get("/_mock/jobs")).json()["total"] == 0


async def test_lists_and_counts_know_the_present_status() -> None:
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
        made = (await t.post(SUBMIT, VIDEO)).json()
        if how == "account":
            set_ = await t.client.patch("/_mock/accounts/key-1?provider=videotoprompt", json={"webhook": HOOK})
        else:
            accounts = [{"key": "*", "plan": "pro", "webhook": HOOK}]
            set_ = await t.client.put("/_mock/scenario", json={"scenario": "with-webhook", "accounts": accounts})
        assert set_.status_code == 200, set_.text
        assert t.receivers.calls == []
        await t.advance(10)
        assert [call.url for call in t.receivers.calls] == [HOOK["url"]]
        assert made["id"].encode() in t.receivers.calls[0].body


async def test_what_was_paid_is_charged_or_given_back_though_nobody_looks_at_the_job() -> None:
    async with Conversation(QUICK) as t:
        await t.post("/prompttovideo/api/v1/generate", {"prompt": "A sunset"})
        t.sandbox.clock.jump(t.sandbox.clock.now() + 60_000)
        [account] = (await t.get("/_mock/accounts/key-1?provider=prompttovideo")).json()["accounts"]
        assert (account["credits"], account["reserved"]) == (999_999, 0)
        assert [entry["kind"] for entry in account["ledger"]] == ["opening", "reserve", "capture"]


async def test_a_job_that_goes_by_polls_shows_every_step() -> None:
    """A poll that counts makes a successor of the job; what was passed before is not lost."""
    steps = [{"status": "queued", "for": "1s"}, {"status": "running", "polls": 2}, {"status": "succeeded"}]

    async with Conversation({**QUICK, "plans": {"default": {"steps": steps}}}) as t:
        made = (await t.post(SUBMIT, VIDEO)).json()
        t.sandbox.clock.jump(t.sandbox.clock.now() + 1_000)
        statuses = [(await t.get(f"/videotoprompt/v1/analyze/{made['id']}")).json()["status"] for _ in range(3)]
        assert statuses == ["processing", "processing", "completed"]
        assert await kinds(t) == ["request", "running", "request", "request", "succeeded", "request"]


async def test_an_upload_is_not_shown_as_something_else() -> None:
    """The file passes by and is gone: the journal has no body for it, and none that was made up."""

    async with Conversation() as t:
        files = {"video": ("film.mp4", video(2_000, Seeded(1)).data)}
        replies = [await t.client.post("/videotoprompt/v1/analyze/upload", files=files) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [202, 202]
        assert len({reply.json()["id"] for reply in replies}) == 2
        [entry, _] = (await t.get("/_mock/journal?operation=videotoprompt.analyze_upload")).json()["entries"]
        assert entry["request"]["body"] == ""


@pytest.mark.parametrize(("unread", "lasts"), [(0.0, 3_000_000), (1_000.0, 2_000_000), (9_000.0, 0)])
async def test_a_stream_counts_from_when_its_request_came(monkeypatch, unread: float, lasts: int) -> None:
    """A client that came with five hundred others gets its last chunk no later than one that came alone."""
    monkeypatch.setattr("mockserver.wire.asgi.AsgiConnection.unread", unread)
    stream = {"text": "a b", "pace": {"first": "0s", "every": "3000s"}}
    rule = {"name": "slow", "operation": "nanophoto.*", "stream": stream}

    async with Conversation({"clock": {"mode": "real"}, "rules": [rule]}) as t:
        asked = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
        listener = await Listener(t, "/nanophoto/api/sora-2/reverse-prompt", asked).settled()
        [job] = (await t.sandbox.store.page_jobs("nanophoto")).jobs
        until_the_end = sum(step.duration or 0 for step in job.plan.steps)
        assert abs(until_the_end - lasts) < 20_000
        await listener.leave()
