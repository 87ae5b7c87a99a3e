"""NanoPhoto's other operations: jobs with their states and prices, error codes, owners, and the limit of all."""

from pathlib import Path
from typing import Any

import pytest

from mockserver.core.verdict.facts import Facts
from mockserver.providers import nanophoto
from mockserver.providers.nanophoto import NanoPhoto, prices
from mockserver.settings import Settings
from mockserver.verdict.collect import collect
from tests.conversation import Conversation
from tests.nanophoto_client import AUTO, credits, refused
from tests.nanophoto_family import (
    BANANA_2,
    CLEAN,
    CLEAN_BODY,
    IMAGE_BODY,
    JOBS,
    PICTURE,
    PRO,
    PROMPT,
    PROMPT_BODY,
    SEEDANCE,
    SEEDANCE_BODY,
    SORA,
    SORA_BODY,
    TVC,
    TVC_BODY,
    VEO,
    film,
    key,
    look,
    shot,
    start,
    state,
)

every_job = pytest.mark.parametrize("path", JOBS)
IMAGES = (PRO, BANANA_2)
FAILING = {"prompt": "mock-fail", "adTheme": "mock-fail"}


def failing(path: str) -> dict[str, Any]:
    """Return a request whose job fails."""
    body = dict(JOBS[path][0])
    return body | {name: text for name, text in FAILING.items() if name in body}


# Jobs.


@every_job
async def test_a_job_runs_to_its_end(path: str) -> None:
    _, field, seconds, price = JOBS[path]
    async with Conversation() as t:
        job = await start(t, path)
        waiting = "pending" if path in IMAGES else "processing"
        assert (job["success"], job["status"]) == (True, waiting)
        assert job["taskId"].startswith("task_")
        assert (await state(t, path, job))["status"] == waiting
        await t.advance(seconds - 1)
        running = await state(t, path, job)
        assert running["status"] == ("generating" if path in IMAGES else "processing")
        assert running[field] == job[field]
        await t.advance(1)
        done = await state(t, path, job)
        assert (done["success"], done["status"], done[field]) == (True, "completed", job[field])
        if path in IMAGES:
            assert (done["progress"], done["imageUrl"].endswith(".jpg")) == (100, True)
        else:
            assert (done["generationTime"], done["creditsUsed"]) == (seconds, price)
            assert done["videoUrl"].endswith(".mp4")
        await t.advance(86_400)
        assert await state(t, path, job) == done


async def test_a_commercial_goes_through_its_stages() -> None:
    async with Conversation() as t:
        job = await start(t, TVC)
        seen = []
        for _ in range(25):
            body = await state(t, TVC, job)
            seen.append((body["status"], body["step"], "storyboardImageUrl" in body))
            await t.advance(10)
    assert list(dict.fromkeys(seen)) == [
        ("processing", "storyboard_script", False),
        ("processing", "storyboard_image", False),
        ("processing", "video", True),
        ("completed", "video", True),
    ]


async def test_a_failed_commercial_names_the_stage_in_which_it_failed() -> None:
    steps = [{"status": "running", "stage": "storyboard_script", "for": "5s"}, {"status": "failed", "error": "No"}]
    rule = {"name": "fails", "operation": "nanophoto.sora_2_tvc_generate", "plan": "early"}
    async with Conversation({"extends": "default", "plans": {"early": {"steps": steps}}, "rules": [rule]}) as t:
        job = await start(t, TVC)
        await t.advance(5)
        body = await state(t, TVC, job)
        assert (body["status"], body["step"], body["error"]) == ("failed", "storyboard_script", "No")


async def test_a_generation_is_not_polled_by_its_task_id() -> None:
    async with Conversation() as t:
        job = await start(t, PRO)
        refused(await t.post(f"{PRO}/check-status", {"generationId": job["taskId"]}), "NOT_FOUND")


async def test_a_job_is_polled_at_its_own_operation() -> None:
    async with Conversation() as t:
        video, image = await start(t, SORA), await start(t, PRO)
        for path in (TVC, SEEDANCE):
            refused(await t.post(f"{path}/check-status", {"taskId": video["taskId"]}), "TASK_NOT_FOUND")
        refused(await t.post(f"{SORA}/check-status", {"taskId": image["generationId"]}), "TASK_NOT_FOUND")
        refused(await look(t, BANANA_2, image), "NOT_FOUND")


@every_job
async def test_a_poll_can_be_what_moves_a_job_on(path: str) -> None:
    rule = {"name": "by polls", "operation": "nanophoto.*_generate", "plan": "by-polls"}
    async with Conversation({"extends": "default", "rules": [rule]}) as t:
        job = await start(t, path)
        states = [(await state(t, path, job))["status"] for _ in range(4)]
        assert states[-1] == "completed"
        assert "completed" not in states[:-1]


# Prices.


PRICED = [
    *((SORA, {**SORA_BODY, "modelTier": tier, "videoDuration": seconds}, price)
      for (tier, seconds), price in prices.SORA.items()),
    *((TVC, {**TVC_BODY, "videoDuration": seconds}, 8) for seconds in ("10", "15")),
    *((path, {**IMAGE_BODY, "imageQuality": quality}, price) for path in IMAGES
      for quality, price in prices.IMAGES.items()),
    *((SEEDANCE, {**SEEDANCE_BODY, "resolution": size, "duration": seconds, "generateAudio": sound},
       price * (2 if sound else 1))
      for (size, seconds), price in prices.SEEDANCE.items() for sound in (False, True)),
    *((VEO, film(1, resolution=size), price) for size, price in prices.VEO.items()),
    (VEO, film(21), 210),
]  # fmt: skip


async def test_the_price_of_each_request() -> None:
    async with Conversation({"extends": "default", "clock": {"mode": "manual"}}) as t:
        for path, body, price in PRICED:
            before = (await credits(t))["credits"] if path != SORA or body is not PRICED[0][1] else 1_000_000
            job = await start(t, path, body)
            assert before - (await credits(t))["credits"] == price, (path, body)
            if path in (SORA, TVC, SEEDANCE):
                await t.advance(240)
                assert (await state(t, path, job))["creditsUsed"] == price
    assert prices.SEEDANCE["1080p", "12"] * 2 == 44


@pytest.mark.parametrize("path", [*JOBS, VEO])
async def test_the_price_is_taken_at_the_start_and_given_back_once(path: str) -> None:
    body, price = (film(2, shots=[shot(1), shot(2, prompt="mock-fail")]), 20) if path == VEO else (failing(path), None)
    price = price or JOBS[path][3]
    async with Conversation() as t:
        job = await start(t, path, body)
        account = await credits(t)
        assert (account["credits"], account["reserved"]) == (1_000_000 - price, price)
        await t.advance(1_000)
        for _ in range(3):
            failed = await state(t, path, job)
            assert (failed["success"], failed["status"]) == (False, "failed")
        account = await credits(t)
        assert (account["credits"], account["reserved"], account["kinds"]) == (
            1_000_000, 0, ["opening", "reserve", "release"],
        )  # fmt: skip


async def test_a_request_without_enough_credits_creates_nothing() -> None:
    async with Conversation({"extends": "default", "accounts": [{"key": "*", "credits": 7}]}) as t:
        refused(await t.post(f"{TVC}/generate", TVC_BODY), "INSUFFICIENT_CREDITS")
        refused(await t.post(f"{VEO}/generate", film(1)), "INSUFFICIENT_CREDITS")
        # The request is checked before its price.
        refused(await t.post(f"{TVC}/generate", {}), "INVALID_INPUT")
        assert (await t.get("/_mock/jobs")).json()["total"] == 0
        await start(t, SORA)
        refused(await t.post(f"{SORA}/generate", SORA_BODY), "INSUFFICIENT_CREDITS")


async def test_a_watermark_is_removed() -> None:
    async with Conversation(AUTO) as t:
        body = (await t.post(CLEAN, CLEAN_BODY)).json()
        name = body["url"].rpartition("/")[2].removesuffix(".mp4")
        assert (body["status"], len(name), set(name) <= set("0123456789abcdef")) == ("completed", 32, True)
        again = (await t.post(CLEAN, CLEAN_BODY)).json()
        assert again["url"] != body["url"]
        assert (await t.get(again["url"])).status_code == 200
    async with Conversation({"extends": "nanophoto-watermark-priced", "clock": {"mode": "auto"}}) as t:
        assert (await t.post(CLEAN, CLEAN_BODY)).status_code == 200
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]
        failed = {"share_link": "https://sora.chatgpt.com/p/mock-fail"}
        refused(await t.post(CLEAN, failed), "GENERATION_FAILED")
        assert (await credits(t))["kinds"][-2:] == ["reserve", "release"]


# Errors.


def but(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a body with other values; None leaves a field out."""
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


DATA_URL = "data:image/png;base64,iVBORw0KGgo="
TO_VIDEO = {"mode": "imageToVideo"}
INVALID: list[tuple[str, Any, str]] = [
    *((f"{path}/generate", but(JOBS[path][0], prompt=prompt), code)
      for path, code in ((SORA, "PROMPT_REQUIRED"), (SEEDANCE, "PROMPT_REQUIRED"), (PRO, "INVALID_PROMPT"),
                         (BANANA_2, "INVALID_PROMPT"))
      for prompt in (None, "", " \n")),
    *((f"{path}/generate", but(JOBS[path][0], **changes), code)
      for path in (SORA, SEEDANCE)
      for changes, code in (
          (TO_VIDEO, "IMAGE_REQUIRED"),
          ({**TO_VIDEO, "imageUrls": []}, "IMAGE_REQUIRED"),
          ({**TO_VIDEO, "imageUrls": [DATA_URL]}, "IMAGE_URLS_REQUIRED"),
          ({**TO_VIDEO, "imageUrls": "iVBORw0KGgo="}, "IMAGE_URLS_REQUIRED"),
          ({**TO_VIDEO, "imageUrls": [PICTURE, "ftp://example.com/a.png"]}, "IMAGE_URLS_REQUIRED"),
          ({**TO_VIDEO, "imageUrls": [5]}, "IMAGE_URLS_REQUIRED"),
          ({**TO_VIDEO, "images": [PICTURE]}, "IMAGE_URLS_REQUIRED"),
          ({**TO_VIDEO, "inputImages": [DATA_URL]}, "IMAGE_URLS_REQUIRED"),
          ({"imageUrls": [DATA_URL]}, "IMAGE_URLS_REQUIRED"),
          ({"imageUrls": 5}, "INVALID_INPUT"),
          ({"mode": None}, "INVALID_INPUT"),
          ({"mode": "text"}, "INVALID_INPUT"),
          ({"prompt": 5}, "INVALID_INPUT"),
          ({"aspectRatio": "16:9"}, "INVALID_INPUT"),
      )),
    *((f"{path}/generate", but(IMAGE_BODY, **changes), code)
      for path, most in ((PRO, 8), (BANANA_2, 14))
      for changes, code in (
          ({"mode": "edit"}, "MISSING_INPUT_IMAGE"),
          ({"mode": "edit", "inputImageUrls": [DATA_URL]}, "IMAGE_URLS_REQUIRED"),
          ({"mode": "edit", "inputImageUrls": [PICTURE] * (most + 1)}, "TOO_MANY_IMAGES"),
          ({"aspectRatio": "1:1"}, "INVALID_INPUT"),
          ({"imageQuality": "8K"}, "INVALID_INPUT"),
          ({"mode": None}, "INVALID_INPUT"),
      )),
    (f"{BANANA_2}/generate", but(IMAGE_BODY, googleSearch="yes"), "INVALID_INPUT"),
    (f"{SORA}/generate", but(SORA_BODY, videoDuration=10), "INVALID_INPUT"),
    (f"{SORA}/generate", but(SORA_BODY, videoDuration="12"), "INVALID_INPUT"),
    (f"{SORA}/generate", but(SORA_BODY, modelTier="sora3"), "INVALID_INPUT"),
    (f"{SEEDANCE}/generate", but(SEEDANCE_BODY, duration=8), "INVALID_INPUT"),
    (f"{SEEDANCE}/generate", but(SEEDANCE_BODY, duration=None), "INVALID_INPUT"),
    (f"{SEEDANCE}/generate", but(SEEDANCE_BODY, resolution=None), "INVALID_INPUT"),
    (f"{SEEDANCE}/generate", but(SEEDANCE_BODY, prompt="x" * 1_001), "INVALID_INPUT"),
    (f"{TVC}/generate", {}, "INVALID_INPUT"),
    (f"{TVC}/generate", but(TVC_BODY, referenceImageUrl=DATA_URL), "INVALID_INPUT"),
    (f"{TVC}/generate", [], "INVALID_INPUT"),
    (PROMPT, {}, "INVALID_INPUT"),
    (PROMPT, {"topic": " "}, "INVALID_INPUT"),
    (PROMPT, {"topic": "x" * 501}, "INVALID_INPUT"),
    (PROMPT, but(PROMPT_BODY, duration="10"), "INVALID_INPUT"),
    (PROMPT, but(PROMPT_BODY, technique="zoom"), "INVALID_INPUT"),
    (PROMPT, but(PROMPT_BODY, locale="xx"), "INVALID_INPUT"),
    (PROMPT, but(PROMPT_BODY, **TO_VIDEO), "INVALID_INPUT"),
    (PROMPT, but(PROMPT_BODY, imageUrls=[PICTURE] * 4), "INVALID_INPUT"),
    (PROMPT, but(PROMPT_BODY, imageUrls=[DATA_URL]), "INVALID_INPUT"),
    (CLEAN, {}, "MISSING_SHARE_LINK"),
    (CLEAN, {"shareLink": CLEAN_BODY["share_link"]}, "MISSING_SHARE_LINK"),
    (CLEAN, {"share_link": "https://example.com/p/s_1"}, "INVALID_SHARE_LINK"),
    (CLEAN, {"share_link": 5}, "INVALID_INPUT"),
    (f"{VEO}/generate", {}, "SHOTS_REQUIRED"),
    (f"{VEO}/generate", {"shots": []}, "SHOTS_REQUIRED"),
    (f"{VEO}/generate", {"shots": "one"}, "INVALID_INPUT"),
    (f"{VEO}/generate", film(22), "INVALID_INPUT"),
    (f"{VEO}/generate", {"shots": [shot(1), shot(1)]}, "INVALID_INPUT"),
    (f"{VEO}/generate", film(2, resolution="1080p"), "INVALID_INPUT"),
    (f"{VEO}/generate", film(2, resolution="4k"), "INVALID_INPUT"),
    (f"{VEO}/generate", film(1, resolution="4K"), "INVALID_INPUT"),
    (f"{VEO}/generate", {"shots": [shot(1), but(shot(2), prompt=None)]}, "PROMPT_REQUIRED"),
    (f"{VEO}/generate", {"shots": [shot(1, prompt="")]}, "PROMPT_REQUIRED"),
    (f"{VEO}/generate", {"shots": [shot(1, imageUrls=[PICTURE])]}, "INVALID_IMAGE_COUNT"),
    *((f"{VEO}/generate", {"shots": [shot(1, generationType=kind, imageUrls=[PICTURE] * count)]}, "INVALID_IMAGE_COUNT")
      for kind, count in (("FIRST_AND_LAST_FRAMES_2_VIDEO", 0), ("FIRST_AND_LAST_FRAMES_2_VIDEO", 3),
                          ("REFERENCE_2_VIDEO", 0), ("REFERENCE_2_VIDEO", 4))),
    (f"{VEO}/generate", {"shots": [shot(1, generationType="REFERENCE_2_VIDEO", imageUrls=[DATA_URL])]},
     "IMAGE_URLS_REQUIRED"),
    (f"{VEO}/generate", {"shots": [shot(1, generationType="VIDEO")]}, "INVALID_INPUT"),
    (f"{VEO}/generate", {"shots": [but(shot(1), id=None)]}, "INVALID_INPUT"),
    (f"{VEO}/generate", {"shots": [but(shot(1), aspectRatio="1:1")]}, "INVALID_INPUT"),
    *((f"{path}/check-status", {}, "TASK_ID_REQUIRED") for path in (SORA, TVC, SEEDANCE)),
    *((f"{path}/check-status", {"taskId": "task_0"}, "TASK_NOT_FOUND") for path in (SORA, TVC, SEEDANCE)),
    (f"{SORA}/check-status", {"taskId": ""}, "TASK_ID_REQUIRED"),
    (f"{SORA}/check-status", {"taskId": 7}, "INVALID_INPUT"),
    *((f"{path}/check-status", {}, "INVALID_INPUT") for path in IMAGES),
    *((f"{path}/check-status", {"generationId": "0"}, "NOT_FOUND") for path in IMAGES),
    (f"{VEO}/check-status", {}, "TASK_IDS_REQUIRED"),
    (f"{VEO}/check-status", {"taskIds": []}, "TASK_IDS_REQUIRED"),
    (f"{VEO}/check-status", {"taskIds": ["task_0"]}, "INVALID_INPUT"),
    (f"{VEO}/check-status", {"taskIds": [{"shotId": "shot-1", "taskId": "task_0"}]}, "TASK_NOT_FOUND"),
]  # fmt: skip


async def test_each_code_of_an_invalid_request() -> None:
    poor = {"key": "*", "credits": 0, "limits": {"requests_per_hour": None}}
    async with Conversation({"extends": "default", "accounts": [poor]}) as t:
        for path, body, code in INVALID:
            reply = await t.post(path, body)
            assert code in reply.text, (path, body, reply.text)
            assert refused(reply, code)
        assert (await t.get("/_mock/jobs")).json()["total"] == 0


async def test_a_message_names_the_field() -> None:
    async with Conversation() as t:
        assert refused(await t.post(f"{SORA}/generate", but(SORA_BODY, prompt="")), "PROMPT_REQUIRED") == (
            "prompt is required"
        )
        message = refused(await t.post(f"{SORA}/generate", but(SORA_BODY, modelTier="x")), "INVALID_INPUT")
        assert message.startswith("modelTier: Input should be 'sora2'")
        message = refused(await t.post(f"{SORA}/generate", but(SORA_BODY, videoDuration=15)), "INVALID_INPUT")
        assert message == 'videoDuration must be a text such as "15", not the number 15'
        message = refused(await t.post(PROMPT, but(PROMPT_BODY, duration="10")), "INVALID_INPUT")
        assert message == "duration must be a number, not a text"
        message = refused(await t.post(f"{VEO}/generate", {"shots": [shot(1), shot(1)]}), "INVALID_INPUT")
        assert message == "shots: the id of each shot must be unique, and 'shot-1' occurs twice"


@pytest.mark.parametrize("path", [f"{SORA}/generate", f"{SORA}/check-status", f"{VEO}/check-status", PROMPT, CLEAN])
async def test_every_operation_needs_a_key(path: str) -> None:
    async with Conversation() as t:
        refused(await t.post(path, {}, headers={"Authorization": ""}), "LOGIN_REQUIRED")


async def test_jobs_of_other_accounts() -> None:
    async with Conversation() as t:
        for path in (SORA, TVC, SEEDANCE, PRO, BANANA_2):
            job = await start(t, path)
            code = "FORBIDDEN" if path in IMAGES else "TASK_NOT_FOUND"
            assert refused(await look(t, path, job, headers=key("other")), code)
            assert (await look(t, path, job)).status_code == 200
        job = await start(t, VEO, film(2))
        refused(await look(t, VEO, job, headers=key("other")), "TASK_NOT_FOUND")


async def test_ids_expire_only_if_a_scenario_says_so() -> None:
    async with Conversation({"extends": "nanophoto-task-expired"}) as t:
        jobs = {path: await start(t, path) for path in JOBS}
        await t.advance(3_599)
        assert {(await look(t, path, job)).status_code for path, job in jobs.items()} == {200}
        await t.advance(1)
        for path, job in jobs.items():
            refused(await look(t, path, job), "NOT_FOUND" if path in IMAGES else "TASK_NOT_FOUND")


async def test_values_that_are_not_documented() -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        (f"{PRO}/generate", but(IMAGE_BODY, aspectRatio="1:1")),
        (f"{SORA}/generate", but(SORA_BODY, videoDuration=15)),
        (f"{VEO}/generate", {"shots": [shot(1, aspectRatio="21:9")]}),
        (PROMPT, but(PROMPT_BODY, **TO_VIDEO)),
    ]
    async with Conversation() as t:
        for path, body in wrong:
            refused(await t.post(path, body), "INVALID_INPUT")
        newest = [e.deviations for e in await t.sandbox.journal() if e.kind == "request"]
        assert [bool(found) for found in newest] == [False, True, True, True]
        assert newest[3][0].startswith("aspectRatio: Input should be '16:9'")
    async with Conversation({"extends": "nanophoto-lenient", "clock": {"mode": "auto"}}) as t:
        for path, body in wrong:
            assert (await t.post(path, body)).status_code == 200
        refused(await t.post(f"{SORA}/generate", but(SORA_BODY, prompt="")), "PROMPT_REQUIRED")
        refused(await t.post(f"{SORA}/generate", but(SORA_BODY, prompt=5)), "INVALID_INPUT")
        jobs = (await t.sandbox.store.page_jobs()).jobs
        assert "15" in {job.request.get("videoDuration") for job in jobs}
        newest = [e.deviations for e in await t.sandbox.journal() if e.kind == "request" and e.status == 200]
        assert newest[0] == ("imageUrls needs at least one image",)
        assert all(newest)
    async with Conversation({"extends": "nanophoto-lenient"}, Settings(strict=True)) as t:
        refused(await t.post(*wrong[0]), "INVALID_INPUT")


async def test_unknown_fields_and_other_headers_are_ignored() -> None:
    browser = {"Origin": "https://nanophoto.ai", "Referer": "https://nanophoto.ai/", "User-Agent": "Mozilla/5.0"}
    async with Conversation() as t:
        assert (await t.post(f"{SORA}/generate", but(SORA_BODY, seed=5), headers=browser)).status_code == 200


# The limit.


async def test_one_limit_counts_all_operations() -> None:
    async with Conversation({"extends": "nanophoto-hourly-limit"}) as t:
        video, image = await start(t, SORA), await start(t, PRO)
        for _ in range(97):
            await state(t, SORA, video)
        assert (await look(t, PRO, image)).status_code == 200
        for reply in (await look(t, SORA, video), await look(t, PRO, image), await t.post(CLEAN, CLEAN_BODY)):
            assert "100 requests" in refused(reply, "API_KEY_RATE_LIMIT_EXCEEDED")
        assert (await look(t, PRO, image, headers=key("other"))).status_code == 403
        await t.advance(3_600)
        assert (await state(t, SORA, video))["status"] == "completed"


# Magic words, provenance, verdict.


MAGIC = [("mock-rate-limited", 429), ("mock-no-credits", 402), ("mock-server-error", 500), ("mock-unauthorized", 401)]


@pytest.mark.parametrize(("word", "status"), MAGIC)
async def test_magic_words_work_in_the_text_of_each_request(word: str, status: int) -> None:
    bodies: dict[str, dict[str, Any]] = {
        f"{SORA}/generate": but(SORA_BODY, prompt=word),
        f"{TVC}/generate": but(TVC_BODY, adTheme=word),
        f"{SEEDANCE}/generate": but(SEEDANCE_BODY, prompt=word),
        f"{PRO}/generate": but(IMAGE_BODY, prompt=word),
        f"{BANANA_2}/generate": but(IMAGE_BODY, prompt=word),
        f"{VEO}/generate": {"shots": [shot(1), shot(2, prompt=word)]},
        PROMPT: but(PROMPT_BODY, topic=word),
        CLEAN: {"share_link": f"https://sora.chatgpt.com/p/{word}"},
    }
    async with Conversation() as t:
        for path, body in bodies.items():
            assert (await t.post(path, body)).status_code == status, path


async def test_forbidden_is_403_where_that_is_documented() -> None:
    async with Conversation() as t:
        refused(await t.post(f"{PRO}/generate", but(IMAGE_BODY, prompt="mock-forbidden")), "FORBIDDEN")
        refused(await t.post(f"{SORA}/generate", but(SORA_BODY, prompt="mock-forbidden")), "LOGIN_REQUIRED")
        refused(await t.post(f"{SORA}/generate", but(SORA_BODY, prompt="mock-not-found")), "TASK_NOT_FOUND")


async def test_what_is_documented_works_without_assumptions() -> None:
    async with Conversation(AUTO, Settings(no_assumed=True)) as t:
        job = await start(t, SORA)
        assert (await state(t, SORA, job))["status"] == "completed"
        image = await start(t, PRO)
        assert (await state(t, PRO, image))["status"] == "completed"
        for path, body, row in (
            (f"{SORA}/generate", but(SORA_BODY, videoDuration=None), "rule.sora_2_generate.videoDuration.default"),
            (
                f"{PRO}/generate",
                but(IMAGE_BODY, imageQuality=None),
                "rule.nano_banana_pro_generate.imageQuality.default",
            ),
            (f"{SEEDANCE}/generate", SEEDANCE_BODY, "rule.unread_replies"),
            (f"{BANANA_2}/generate", IMAGE_BODY, "rule.nano_banana_2_replies"),
        ):
            reply = await t.post(path, body)
            assert (reply.status_code, reply.json()["rule"]) == (501, f"nanophoto.{row}")


async def facts(t: Conversation) -> Facts:
    return await collect(t.sandbox, [t.app.provider("nanophoto")])


async def test_the_advice_for_polls() -> None:
    async with Conversation(AUTO) as t:
        found = (await facts(t)).providers["nanophoto"]
        operations = found.operations
        assert {name: each.role for name, each in operations.items() if each.role in ("submit", "poll")} == {
            **dict.fromkeys(
                ("reverse_prompt", "generate_prompt", "remove_watermark", "sora_2_generate", "sora_2_tvc_generate",
                 "nano_banana_pro_generate", "nano_banana_2_generate", "veo_3_generate", "seedance_1_5_pro_generate"),
                "submit",
            ),
            **dict.fromkeys(
                ("sora_2_check_status", "sora_2_tvc_check_status", "nano_banana_pro_check_status",
                 "nano_banana_2_check_status", "veo_3_check_status", "seedance_1_5_pro_check_status"),
                "poll",
            ),
        }  # fmt: skip
        assert operations["nano_banana_2_check_status"].poll_every == (3_000, "rule.poll_images_every")
        assert found.poll_every == (5_000, "rule.poll_every")
        assert all(each.cost_row for each in operations.values() if each.paid)


async def test_the_verdict_sees_what_a_client_pays_for_twice() -> None:
    async with Conversation() as t:
        for path in (SORA, PRO):
            first, second = await start(t, path), await start(t, path)
            await t.advance(400)
            done = [await state(t, path, job) for job in (first, second)]
            assert {body["status"] for body in done} == {"completed"}
            await t.get(done[0].get("videoUrl") or done[0]["imageUrl"])
        found = await facts(t)
        submits = [call for call in found.calls if call.role == "submit"]
        assert [call.intent == submits[0].intent for call in submits] == [True, True, False, False]
        polls = [call for call in found.calls if call.role == "poll"]
        assert {call.seen for call in polls} == {"succeeded"}
        assert all(call.link and call.job for call in polls)
        [asset, _] = [call for call in found.calls if call.role == "asset"]
        assert asset.job == polls[0].job
        assert {charge.net for charge in found.charges} == {400}


def test_every_operation_of_a_job_declares_where_it_is_known_from() -> None:
    shown = [each for each in NanoPhoto().operations if not each.hidden]
    assert len(shown) == 15
    assert [each.name for each in shown if each.origin is None] == ["reverse_prompt"]


async def test_a_rule_can_count_the_polls_of_each_job() -> None:
    rule = {"name": "second poll", "operation": "nanophoto.*_check_status", "nth": {"of": "job", "is": 2}}
    async with Conversation({"extends": "default", "rules": [{**rule, "fault": {"kind": "server_error"}}]}) as t:
        for path in (SORA, PRO):
            for job in (await start(t, path), await start(t, path)):
                assert [(await look(t, path, job)).status_code for _ in range(3)] == [200, 500, 200]
        refused(await t.post(f"{SORA}/check-status", {"taskId": "task_unknown"}), "TASK_NOT_FOUND")


def test_an_operation_takes_few_lines_of_code() -> None:
    """What the products share is written once: see `bodies`, `flow`, `tasks`, `files` and `replies`."""
    products = ("sora", "commercials", "seedance", "images", "films", "shots", "prompts", "watermark")
    folder = Path(nanophoto.__file__).parent
    lines = sum(len((folder / f"{name}.py").read_text("utf-8").splitlines()) for name in products)
    assert lines / 14 <= 60
