"""Every bundled story of Descrideo, told: each shows what its description promises."""

from collections.abc import Callable, Coroutine
from typing import Any

import httpx2
import pytest

from mockserver.outgoing.call import CallResult
from mockserver.providers.descrideo import replies
from mockserver.scenario.library import bundled_dir
from tests.conversation import Conversation
from tests.descrideo_client import (
    DEMO,
    DEMO_KEY,
    HOUR,
    KEY,
    LIVE,
    ROOT,
    SANDBOX,
    answer,
    by,
    create,
    ended,
    held_to,
    hooks,
    job,
    passed,
    refused,
    secret,
    status,
    told,
    verified,
)  # fmt: skip

Story = Callable[[Conversation], Coroutine[Any, Any, None]]
STORIES: dict[str, Story] = {}
# These are in tests/test_scenario_language.py.
ELSEWHERE = {
    "descrideo-source-answers-scripted",
    "descrideo-source-asked-twice",
    "descrideo-source-gives-up",
}
APIS = [(LIVE, KEY), (SANDBOX, KEY), (DEMO, DEMO_KEY)]


def story(told: Story) -> Story:
    STORIES["descrideo-" + told.__name__.replace("_", "-")] = told
    return told


@pytest.mark.parametrize("name", sorted({path.stem for path in bundled_dir().glob("descrideo-*.yaml")} - ELSEWHERE))
async def test_a_bundled_story(name: str):
    """FACTS section 4: every error, state and ending that the rows name is a story too."""
    async with Conversation({"extends": name}) as t:
        await STORIES[name](t)


async def everywhere(t: Conversation, code: int) -> list[httpx2.Response]:
    """Every operation is refused with that status."""
    found = []
    for path, key in APIS:
        found += [await t.post(path, job(frames=10), headers=by(key)), await t.get(f"{path}/x", headers=by(key))]
    found += [await t.post(f"{path}/x/replay-webhook", headers=by(key)) for path, key in APIS[1:]]
    found.append(await t.get(f"{ROOT}/v1/webhook-secret", headers=by()))
    found.append(await t.get(f"{ROOT}/api/demo/v1/webhook-secret", headers=by(DEMO_KEY)))
    for reply in found:
        held_to(replies.Error, reply, code)
    return found


async def fails(t: Conversation, code: str, mode: str, *states: str) -> None:
    """A job of each API passes those states, fails with that code, and costs nothing."""
    for path, key in APIS:
        job_id = await create(t, job(mode, frames=10), path, key)
        assert await passed(t, job_id, path, key) == ["queued", *states, "failed"]
        body = await status(t, job_id, path, key)
        assert body["error"]["code"] == code
        assert body["error"]["message"]
        assert body["billing"]["token_cost"] == 0.0
        assert told(hooks(t)[-1])["error"] == body["error"]


async def stuck(t: Conversation, mode: str, *states: str) -> None:
    """A job of each API passes those states and stays in the last of them."""
    for path, key in APIS:
        job_id = await create(t, job(mode, frames=10), path, key)
        seen = [(await status(t, job_id, path, key))["status"]]
        for _ in range(40):
            await t.advance(0.25)
            now = (await status(t, job_id, path, key))["status"]
            seen += [now] if now != seen[-1] else []
        await t.advance(48 * HOUR)
        assert [*seen, (await status(t, job_id, path, key))["status"]] == [*states, states[-1]]
    assert hooks(t) == []


@story
async def bad_request(t: Conversation) -> None:
    for path, key in APIS:
        assert await refused(t, 400, job(frames=10), path, key) == "The parameters are not valid"


@story
async def invalid_key(t: Conversation) -> None:
    await everywhere(t, 401)


@story
async def out_of_tokens(t: Conversation) -> None:
    await refused(t, 402, job("audio", transcription={"segments": 30}))
    await create(t)
    assert await refused(t, 402) == "Insufficient tokens: 1 required, 0.5 available"
    await create(t, path=SANDBOX)


@story
async def monthly_limit(t: Conversation) -> None:
    await create(t)
    await create(t)
    await refused(t, 402)
    await t.advance(30 * 24 * HOUR)
    await create(t)


@story
async def postpaid(t: Conversation) -> None:
    for _ in range(20):
        await create(t)
    assert (await ended(t, job("audio")))["status"] == "succeeded"


@story
async def not_found(t: Conversation) -> None:
    for path, key in APIS:
        job_id = await create(t, job(frames=10), path, key)
        held_to(replies.Error, await t.get(f"{path}/{job_id}", headers=by(key)), 404)


@story
async def rate_limited(t: Conversation) -> None:
    job_id = await create(t)
    for _ in range(2):
        await status(t, job_id)
    held_to(replies.Error, await t.get(f"{LIVE}/{job_id}", headers=by()), 429)
    await t.advance(60)
    await status(t, job_id)


@story
async def throttled(t: Conversation) -> None:
    assert {reply.headers["retry-after"] for reply in await everywhere(t, 429)} == {"20"}


@story
async def server_error(t: Conversation) -> None:
    await everywhere(t, 500)


@story
async def outage(t: Conversation) -> None:
    assert {reply.headers["retry-after"] for reply in await everywhere(t, 503)} == {"5"}


@story
async def flaky(t: Conversation) -> None:
    job_id = await create(t)
    held_to(replies.Error, await t.get(f"{LIVE}/{job_id}", headers=by()), 500)
    assert (await status(t, job_id))["status"] == "queued"


@story
async def lost_reply(t: Conversation) -> None:
    with pytest.raises(ConnectionResetError):
        await t.post(LIVE, job(), headers=by())
    await t.advance(HOUR)
    (call,) = hooks(t)
    assert (await status(t, told(call)["job_id"]))["status"] == "succeeded"
    account = (await t.get(f"/_mock/accounts/{KEY}?provider=descrideo")).json()["accounts"][0]
    assert account["credits"] == 999_999.0


@story
async def demo_unprocessable(t: Conversation) -> None:
    said = await refused(t, 422, job(frames=10), DEMO, DEMO_KEY)
    assert said == "Only English is available in the demo"
    await create(t)


@story
async def demo_used_up(t: Conversation) -> None:
    await refused(t, 429, job(frames=10), DEMO, DEMO_KEY)
    await create(t)


@story
async def sandbox_quota(t: Conversation) -> None:
    for _ in range(2):
        await create(t, path=SANDBOX)
    await refused(t, 429, path=SANDBOX)
    await create(t)
    await t.advance(12 * HOUR)
    await create(t, path=SANDBOX)


@story
async def failed(t: Conversation) -> None:
    seen = ["resolving_source", "probing", "extracting_frames", "ai_request"]
    await fails(t, "ai_request_failed", "vision", *seen)
    account = (await t.get(f"/_mock/accounts/{KEY}?provider=descrideo")).json()["accounts"][0]
    assert (account["credits"], account["reserved"]) == (1_000_000.0, 0.0)


@story
async def source_unresolved(t: Conversation) -> None:
    await fails(t, "source_resolution_failed", "vision", "resolving_source")


@story
async def source_unreachable(t: Conversation) -> None:
    await fails(t, "source_unreachable", "audio", "resolving_source", "probing")


@story
async def transcription_failed(t: Conversation) -> None:
    stages = ["resolving_source", "probing", "extracting_audio", "transcribing_audio"]
    await fails(t, "transcription_failed", "vision_audio", *stages)
    assert (await ended(t))["status"] == "succeeded"


@story
async def stuck_queued(t: Conversation) -> None:
    await stuck(t, "vision", "queued")


@story
async def stuck_resolving_source(t: Conversation) -> None:
    await stuck(t, "vision", "queued", "resolving_source")


@story
async def stuck_probing(t: Conversation) -> None:
    await stuck(t, "vision", "queued", "resolving_source", "probing")


@story
async def stuck_extracting_audio(t: Conversation) -> None:
    await stuck(t, "audio", "queued", "resolving_source", "probing", "extracting_audio")


@story
async def stuck_transcribing_audio(t: Conversation) -> None:
    await stuck(t, "vision_audio", "queued", "resolving_source", "probing", "extracting_audio", "transcribing_audio")


@story
async def stuck_extracting_frames(t: Conversation) -> None:
    await stuck(t, "vision", "queued", "resolving_source", "probing", "extracting_frames")
    assert (await ended(t, job("audio")))["status"] == "succeeded"


@story
async def stuck_ai_request(t: Conversation) -> None:
    await stuck(t, "vision", "queued", "resolving_source", "probing", "extracting_frames", "ai_request")


@story
async def by_polls(t: Conversation) -> None:
    job_id = await create(t, job("vision_audio"))
    seen = [(await status(t, job_id))["status"] for _ in range(8)]
    assert seen == [
        "queued", "resolving_source", "probing", "extracting_audio", "transcribing_audio", "extracting_frames",
        "ai_request", "succeeded",
    ]  # fmt: skip


@story
async def step_by_step(t: Conversation) -> None:
    job_id = await create(t)
    for expected in ("queued", "resolving_source", "probing", "extracting_frames", "ai_request"):
        await t.advance(HOUR)
        assert (await status(t, job_id))["status"] == expected
        await t.post(f"/_mock/jobs/{job_id}", {"release": True})
    assert (await status(t, job_id))["status"] == "succeeded"


@story
async def slow(t: Conversation) -> None:
    job_id = await create(t)
    for seconds, expected in ((59, "queued"), (1, "resolving_source"), (539, "ai_request"), (1, "succeeded")):
        await t.advance(seconds)
        assert (await status(t, job_id))["status"] == expected


@story
async def page_example(t: Conversation) -> None:
    body = await ended(t, job("vision_audio"))
    assert body["billing"] == {
        "token_cost": 1.23, "base_cost": 1.0, "transcription_cost": 0.23, "franchise_cost": 0.0,
    }  # fmt: skip
    assert body["meta"] == {
        "generation_mode": "vision_audio",
        "transcription": {"enabled": True, "status": "completed", "seconds": 45.5},
    }


@story
async def fetched(t: Conversation) -> None:
    t.receivers.answers = [answer(b"\0", 206)]
    assert (await ended(t))["status"] == "succeeded"
    t.receivers.answers = [CallResult("connect_error", error="Connection refused")]
    body = await ended(t)
    assert (body["status"], body["error"]["code"]) == ("failed", "source_unreachable")


@story
async def webhooks_lost(t: Conversation) -> None:
    await create(t)
    await t.advance(30)
    assert hooks(t) == []
    await t.advance(20)
    assert told(hooks(t)[0])["status"] == "succeeded"


@story
async def webhooks_forged(t: Conversation) -> None:
    await ended(t)
    (call,) = hooks(t)
    assert not verified(call.body, dict(call.headers), await secret(t))


@story
async def secret_known(t: Conversation) -> None:
    for key in (KEY, DEMO_KEY):
        assert await secret(t, key) == "whsec_test"


STORIES["descrideo-secret"] = STORIES.pop("descrideo-secret-known")
