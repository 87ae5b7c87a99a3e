"""The verdict on clients of NanoPhoto's jobs: a careful one has no finding, and careless ones have theirs."""

from collections.abc import Sequence

import pytest

from mockserver.core.verdict.finding import Finding
from mockserver.verdict.judging import verdict_on
from tests.conversation import Conversation
from tests.nanophoto_family import BANANA_2, JOBS, PRO, SORA, VEO, film, look, start, state

EVERY = (*JOBS, VEO)


async def findings(t: Conversation) -> Sequence[Finding]:
    return (await verdict_on(t.sandbox, [t.app.provider("nanophoto")])).findings


async def collected(t: Conversation, path: str, every: float) -> None:
    """Start a job, poll it until it has ended, and download its result."""
    job = await start(t, path, film(3) if path == VEO else None)
    while (body := await state(t, path, job))["status"] not in ("completed", "failed"):
        await t.advance(every)
    if body["status"] == "completed":
        links = [body.get("videoUrl") or body.get("imageUrl") or body["shots"][0]["videoUrl"]]
        links += [body["storyboardImageUrl"]] if "storyboardImageUrl" in body else []
        for link in links:
            assert (await t.get(link)).status_code == 200


@pytest.mark.parametrize("scenario", ["default", "nanophoto-jobs-fail", "nanophoto-shot-fails"])
async def test_a_careful_client_has_no_finding(scenario: str) -> None:
    async with Conversation({"extends": scenario}) as t:
        for path in EVERY:
            await collected(t, path, 20)
        assert [f"{each.rule}: {each.message}" for each in await findings(t)] == []


async def test_images_may_be_polled_every_four_seconds_and_videos_may_not() -> None:
    async with Conversation() as t:
        for path in (PRO, BANANA_2):
            await collected(t, path, 4)
        assert list(await findings(t)) == []
        await collected(t, SORA, 4)
        [found] = await findings(t)
        assert (found.rule, found.operation) == ("poll_too_fast", "nanophoto.sora_2_check_status")
        assert found.row == "nanophoto.rule.poll_every"


@pytest.mark.parametrize("path", EVERY)
async def test_a_client_that_pays_twice_is_found(path: str) -> None:
    async with Conversation({"extends": "nanophoto-job-lost-reply"}) as t:
        with pytest.raises(ConnectionResetError):
            await start(t, path, film(3) if path == VEO else None)
        await collected(t, path, 20)
        [found] = [each for each in await findings(t) if each.rule == "duplicate_paid_job"]
        assert found.row == f"nanophoto.rule.{path.rpartition('/')[2].replace('-', '_').replace('.', '_')}.price"


async def test_a_client_that_polls_on_after_the_end_is_found() -> None:
    async with Conversation() as t:
        job = await start(t, VEO, film(1))
        await t.advance(150)
        for _ in range(4):
            await look(t, VEO, job)
            await t.advance(10)
        assert [each.rule for each in await findings(t)] == ["polled_after_terminal"]
