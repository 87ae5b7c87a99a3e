"""Every bundled scenario about NanoPhoto's other operations shows what its description says."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from tests.conversation import Conversation
from tests.nanophoto_client import credits, refused
from tests.nanophoto_family import (
    BANANA_2,
    CLEAN,
    CLEAN_BODY,
    JOBS,
    PRO,
    PROMPT,
    PROMPT_BODY,
    SEEDANCE,
    SORA,
    SORA_BODY,
    TVC,
    VEO,
    film,
    key,
    look,
    start,
    state,
)

Story = Callable[[Conversation], Coroutine[Any, Any, None]]
EVERY = (*JOBS, VEO)
IMAGES = (PRO, BANANA_2)


def body_of(path: str) -> dict[str, Any]:
    return film(4) if path == VEO else JOBS[path][0]


def refused_once(code: str, *paths: str) -> Story:
    """The first request to one of these paths is refused, and costs nothing. The next one is not."""

    async def story(t: Conversation) -> None:
        refused(await t.post(f"{paths[0]}/generate", body_of(paths[0])), code)
        for path in paths:
            assert (await t.post(f"{path}/generate", body_of(path))).status_code == 200
        assert (await credits(t))["kinds"] == ["opening", *["reserve"] * len(paths)]

    return story


def poll_refused_once(code: str, *paths: str) -> Story:
    """The first poll at one of these paths is refused. The next one is not."""

    async def story(t: Conversation) -> None:
        jobs = {path: await start(t, path, body_of(path)) for path in paths}
        refused(await look(t, paths[0], jobs[paths[0]]), code)
        for path, job in jobs.items():
            assert (await look(t, path, job)).status_code == 200

    return story


def link_refused_once(code: str) -> Story:
    async def story(t: Conversation) -> None:
        refused(await t.post(CLEAN, CLEAN_BODY), code)
        assert (await t.post(CLEAN, CLEAN_BODY)).status_code == 200

    return story


def ends(status: str, seconds: float, *paths: str) -> Story:
    """All jobs have this status after that time."""

    async def story(t: Conversation) -> None:
        jobs = {path: await start(t, path, body_of(path)) for path in paths}
        await t.advance(seconds)
        for path, job in jobs.items():
            assert (await state(t, path, job))["status"] == status

    return story


async def generation_forbidden(t: Conversation) -> None:
    video, image = await start(t, SORA), await start(t, PRO)
    refused(await look(t, PRO, image), "FORBIDDEN")
    assert (await look(t, SORA, video)).status_code == 200


async def jobs_fail(t: Conversation) -> None:
    for path in EVERY:
        job = await start(t, path, body_of(path))
        await t.advance(4)
        body = await state(t, path, job)
        assert (body["success"], body["status"], "errorCode" in body) == (False, "failed", path not in IMAGES)
    assert (await credits(t))["credits"] == 1_000_000


async def shot_fails(t: Conversation) -> None:
    job = await start(t, VEO, film(3))
    await t.advance(160)
    assert [shot["status"] for shot in (await state(t, VEO, job))["shots"]] == ["completed", "failed", "failed"]
    assert (await credits(t))["credits"] == 1_000_000


async def shot_stuck(t: Conversation) -> None:
    job = await start(t, VEO, film(4))
    await t.advance(100_000)
    ready = [shot["status"] for shot in (await state(t, VEO, job))["shots"]]
    assert ready == ["completed", "completed", "processing", "processing"]


async def storyboard_stuck(t: Conversation) -> None:
    job = await start(t, TVC)
    await t.advance(100_000)
    body = await state(t, TVC, job)
    assert (body["status"], body["step"]) == ("processing", "storyboard_image")
    assert "storyboardImageUrl" not in body


async def by_polls(t: Conversation) -> None:
    for path in JOBS:
        job = await start(t, path)
        assert [(await state(t, path, job))["status"] == "completed" for _ in range(4)] == [False, False, False, True]


async def lost_reply(t: Conversation) -> None:
    with pytest.raises(ConnectionResetError):
        await t.post(f"{SORA}/generate", SORA_BODY)
    await start(t, SORA)
    assert (await credits(t))["reserved"] == 8


async def few_credits(t: Conversation) -> None:
    dear = {**SORA_BODY, "modelTier": "sora2-pro-standard"}
    refused(await t.post(f"{SORA}/generate", dear), "INSUFFICIENT_CREDITS")
    for _ in range(7):
        await start(t, SORA)
    refused(await t.post(f"{SORA}/generate", SORA_BODY), "INSUFFICIENT_CREDITS")


async def task_expired(t: Conversation) -> None:
    job = await start(t, SORA)
    await t.advance(3_599)
    assert (await state(t, SORA, job))["status"] == "completed"
    await t.advance(1)
    refused(await look(t, SORA, job), "TASK_NOT_FOUND")


async def polls_not_counted(t: Conversation) -> None:
    job, image = await start(t, VEO, film(21)), await start(t, PRO)
    for _ in range(110):
        await state(t, VEO, job)
        await state(t, PRO, image)
    for _ in range(98):
        await t.post(f"{SORA}/generate", {})
    refused(await t.post(f"{SORA}/generate", SORA_BODY), "API_KEY_RATE_LIMIT_EXCEEDED")


async def failed_poll_is_500(t: Conversation) -> None:
    for path in EVERY:
        job = await start(t, path, body_of(path))
        assert (await look(t, path, job)).status_code == 200
        await t.advance(4)
        refused(await look(t, path, job), "GENERATION_FAILED", 500)


async def image_failure_code(t: Conversation) -> None:
    job = await start(t, PRO)
    await t.advance(4)
    body = await state(t, PRO, job)
    assert (body["error"], body["errorCode"], body["progress"]) == ("Generation failed", "GENERATION_FAILED", 0)


async def lenient(t: Conversation) -> None:
    job = await start(t, SORA, {**SORA_BODY, "aspectRatio": "square"})
    assert job["status"] == "processing"
    reply = await t.post(PROMPT, {**PROMPT_BODY, "mode": "imageToVideo", "topic": "mock-server-error"})
    assert reply.status_code == 500


async def watermark_priced(t: Conversation) -> None:
    assert (await t.post(CLEAN, CLEAN_BODY)).status_code == 200
    assert (await credits(t))["credits"] == 1_000_000 - 4


STORIES: Mapping[str, Story] = {
    "nanophoto-prompt-required": refused_once("PROMPT_REQUIRED", SORA, SEEDANCE, VEO),
    "nanophoto-invalid-prompt": refused_once("INVALID_PROMPT", *IMAGES),
    "nanophoto-image-required": refused_once("IMAGE_REQUIRED", SORA, SEEDANCE),
    "nanophoto-missing-input-image": refused_once("MISSING_INPUT_IMAGE", *IMAGES),
    "nanophoto-image-urls-required": refused_once("IMAGE_URLS_REQUIRED", *EVERY),
    "nanophoto-too-many-images": refused_once("TOO_MANY_IMAGES", *IMAGES),
    "nanophoto-shots-required": refused_once("SHOTS_REQUIRED", VEO),
    "nanophoto-invalid-image-count": refused_once("INVALID_IMAGE_COUNT", VEO),
    "nanophoto-task-id-required": poll_refused_once("TASK_ID_REQUIRED", SORA, TVC, SEEDANCE),
    "nanophoto-task-ids-required": poll_refused_once("TASK_IDS_REQUIRED", VEO),
    "nanophoto-task-not-found": poll_refused_once("TASK_NOT_FOUND", SORA, TVC, SEEDANCE, VEO),
    "nanophoto-generation-not-found": poll_refused_once("NOT_FOUND", *IMAGES),
    "nanophoto-generation-forbidden": generation_forbidden,
    "nanophoto-credits-not-reserved": refused_once("CREDIT_RESERVATION_FAILED", *IMAGES),
    "nanophoto-missing-share-link": link_refused_once("MISSING_SHARE_LINK"),
    "nanophoto-invalid-share-link": link_refused_once("INVALID_SHARE_LINK"),
    "nanophoto-generation-failed": refused_once("GENERATION_FAILED", *EVERY),
    "nanophoto-jobs-fail": jobs_fail,
    "nanophoto-shot-fails": shot_fails,
    "nanophoto-shot-stuck": shot_stuck,
    "nanophoto-storyboard-stuck": storyboard_stuck,
    "nanophoto-jobs-stuck": ends("processing", 100_000, SORA, TVC, SEEDANCE, VEO),
    "nanophoto-jobs-in-seconds": ends("completed", 28, *EVERY),
    "nanophoto-jobs-by-polls": by_polls,
    "nanophoto-job-lost-reply": lost_reply,
    "nanophoto-few-credits": few_credits,
    "nanophoto-task-expired": task_expired,
    "nanophoto-polls-not-counted": polls_not_counted,
    "nanophoto-failed-poll-is-500": failed_poll_is_500,
    "nanophoto-image-failure-code": image_failure_code,
    "nanophoto-lenient": lenient,
    "nanophoto-watermark-priced": watermark_priced,
}


@pytest.mark.parametrize("name", STORIES)
async def test_a_bundled_story(name: str) -> None:
    async with Conversation({"extends": name}) as t:
        await STORIES[name](t)


@pytest.mark.parametrize(
    ("name", "code"),
    [("nanophoto-internal-error", "INTERNAL_ERROR"), ("nanophoto-invalid-input", "INVALID_INPUT")],
)
async def test_the_errors_of_all_operations(name: str, code: str) -> None:
    bodies = {f"{path}/generate": body_of(path) for path in EVERY}
    bodies |= {CLEAN: CLEAN_BODY, PROMPT: PROMPT_BODY, f"{SORA}/check-status": {"taskId": "task_a"}}
    async with Conversation({"extends": name}) as t:
        for path, body in bodies.items():
            own = key(path.rpartition("/api/")[2].replace("/", "-"))
            refused(await t.post(path, body, headers=own), code)
            assert (await t.post(f"{SORA}/generate", SORA_BODY, headers=own)).status_code == 200
