"""Veo of NanoPhoto: shots that end one after another, the joined clip, and what fails together."""

from typing import Any

import pytest

from mockserver.media.reader import probe
from tests.conversation import Conversation
from tests.nanophoto_client import credits, refused
from tests.nanophoto_family import VEO, film, look, shot, start, state


def statuses(body: dict[str, Any]) -> list[str]:
    return [each["status"] for each in body["shots"]]


async def test_shots_end_one_after_another() -> None:
    async with Conversation() as t:
        job = await start(t, VEO, film(3))
        assert (job["success"], job["status"], statuses(job)) == (True, "processing", ["processing"] * 3)
        assert [each["shotId"] for each in job["shots"]] == ["shot-1", "shot-2", "shot-3"]
        for ready in range(3):
            await t.advance(149)
            body = await state(t, VEO, job)
            assert statuses(body) == ["completed"] * ready + ["processing"] * (3 - ready)
            assert (body["status"], "videoUrl" in body) == ("processing", False)
            await t.advance(1)
        body = await state(t, VEO, job)
        assert (body["status"], statuses(body)) == ("completed", ["completed"] * 3)
        assert [each["generationTime"] for each in body["shots"]] == [150] * 3
        assert len({body["videoUrl"], *(each["videoUrl"] for each in body["shots"])}) == 4


async def test_the_joined_clip_has_the_length_of_all_shots() -> None:
    async with Conversation() as t:
        job = await start(t, VEO, film(21))
        await t.advance(21 * 150)
        body = await state(t, VEO, job)
        assert probe((await t.get(body["videoUrl"])).content).duration_ms == 168_000
        assert probe((await t.get(body["shots"][20]["videoUrl"])).content).duration_ms == 8_000


async def test_a_single_shot_is_not_joined() -> None:
    async with Conversation() as t:
        job = await start(t, VEO, film(1, resolution="4k"))
        await t.advance(150)
        body = await state(t, VEO, job)
        assert (body["status"], "videoUrl" in body, len(body["shots"])) == ("completed", False, 1)


async def test_a_poll_can_ask_for_some_of_the_shots() -> None:
    async with Conversation() as t:
        job = await start(t, VEO, film(2))
        await t.advance(150)
        first, second = ({**job, "shots": [each]} for each in job["shots"])
        assert (await state(t, VEO, first))["status"] == "completed"
        assert "videoUrl" not in await state(t, VEO, first)
        assert (await state(t, VEO, second))["status"] == "processing"
        twice = {**job, "shots": [job["shots"][0]] * 2}
        assert statuses(await state(t, VEO, twice)) == ["completed"] * 2


async def test_one_unknown_id_refuses_the_whole_poll() -> None:
    async with Conversation() as t:
        job = await start(t, VEO, film(2))
        unknown = {"shotId": "shot-3", "taskId": "task_unknown"}
        refused(await look(t, VEO, {"shots": [*job["shots"], unknown]}), "TASK_NOT_FOUND")
        [whole] = [each for each in (await t.sandbox.store.page_jobs()).jobs if "shots" in each.facts]
        refused(await look(t, VEO, {"shots": [{"shotId": "shot-1", "taskId": whole.id}]}), "TASK_NOT_FOUND")


async def test_one_failed_shot_gives_all_shots_back() -> None:
    async with Conversation({"extends": "nanophoto-shot-fails"}) as t:
        job = await start(t, VEO, film(4))
        assert (await credits(t))["reserved"] == 40
        await t.advance(150)
        assert statuses(await state(t, VEO, job)) == ["completed", "processing", "processing", "processing"]
        await t.advance(4)
        body = await state(t, VEO, job)
        assert (body["success"], body["status"], body["errorCode"]) == (False, "failed", "GENERATION_FAILED")
        assert statuses(body) == ["completed", "failed", "failed", "failed"]
        assert [each.get("error") for each in body["shots"]] == [
            None, "Video generation failed", *["another shot of the same generation failed"] * 2,
        ]  # fmt: skip
        await t.advance(10_000)
        account = await credits(t)
        assert (account["credits"], account["reserved"]) == (1_000_000, 0)
        assert account["kinds"] == ["opening", "reserve", "release"]
        assert await state(t, VEO, job) == body


async def test_a_stuck_shot_lets_those_after_it_wait() -> None:
    async with Conversation({"extends": "nanophoto-shot-stuck"}) as t:
        job = await start(t, VEO, film(4))
        await t.advance(100_000)
        assert statuses(await state(t, VEO, job)) == ["completed", "completed", "processing", "processing"]


async def test_a_shot_that_is_forced_to_fail_ends_its_generation() -> None:
    async with Conversation() as t:
        job = await start(t, VEO, film(2))
        forced = {"status": "failed", "error": "no"}
        reply = await t.post(f"/_mock/jobs/{job['shots'][1]['taskId']}", forced)
        assert reply.status_code == 200, reply.text
        assert statuses(await state(t, VEO, job)) == ["failed", "failed"]
        assert (await credits(t))["credits"] == 1_000_000


@pytest.mark.parametrize("plan", ["by-polls", "fast"])
async def test_other_plans_take_effect_shot_by_shot(plan: str) -> None:
    rule = {"name": "other", "operation": "nanophoto.veo_3_generate", "plan": plan}
    async with Conversation({"extends": "default", "rules": [rule]}) as t:
        job = await start(t, VEO, film(2))
        seen = [statuses(await state(t, VEO, job)) for _ in range(8)]
        assert seen[-1] == ["completed"] * 2
        assert ["processing", "completed"] not in seen
        assert (seen[0] == ["completed"] * 2) == (plan == "fast")
        assert (await state(t, VEO, job))["status"] == "completed"
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]


async def test_images_fit_the_type_of_each_shot() -> None:
    url = "https://example.com/a.png"
    shots = [
        shot(1),
        shot(2, generationType="FIRST_AND_LAST_FRAMES_2_VIDEO", imageUrls=[url, url]),
        shot(3, generationType="REFERENCE_2_VIDEO", imageUrls=[url] * 3, aspectRatio="9:16"),
        shot(4, imageUrls=[]),
    ]
    async with Conversation() as t:
        job = await start(t, VEO, {"shots": shots})
        await t.advance(600)
        assert (await state(t, VEO, job))["status"] == "completed"
