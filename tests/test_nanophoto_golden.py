"""A golden transcript of each flow of NanoPhoto's other operations: any change of a reply shows in a file."""

import pytest

from tests.conversation import Conversation
from tests.nanophoto_client import AUTO
from tests.nanophoto_family import CLEAN, CLEAN_BODY, JOBS, PROMPT, PROMPT_BODY, VEO, film, shot
from tests.transcripts import Transcript

NAMES = {path: path.rpartition("/")[2] for path in JOBS}


@pytest.mark.parametrize("path", JOBS, ids=NAMES.values())
async def test_a_job(path: str) -> None:
    body, field, seconds, _ = JOBS[path]
    async with Conversation() as t:
        transcript = Transcript(t)
        job = await transcript.post(f"{path}/generate", body)
        await transcript.wait(seconds // 2)
        await transcript.post(f"{path}/check-status", {field: job[field]})
        await transcript.wait(seconds - seconds // 2)
        done = await transcript.post(f"{path}/check-status", {field: job[field]})
        for link in ("storyboardImageUrl", "videoUrl", "imageUrl"):
            if link in done:
                await transcript.download(done[link])
        failing = {"adTheme" if "adTheme" in body else "prompt": "mock-fail"}
        failed = await transcript.post(f"{path}/generate", {**body, **failing})
        await transcript.wait(10)
        await transcript.post(f"{path}/check-status", {field: failed[field]})
        await transcript.post(f"{path}/check-status", {field: "unknown"})
        await transcript.post(f"{path}/generate", {})
        transcript.check(f"nanophoto/{NAMES[path]}")


async def test_shots() -> None:
    async with Conversation() as t:
        transcript = Transcript(t)
        for shots, waits in ((film(2), (150, 150)), ({"shots": [shot(1), shot(2, prompt="mock-fail")]}, (154,))):
            job = await transcript.post(f"{VEO}/generate", shots)
            poll = {"taskIds": [{"shotId": each["shotId"], "taskId": each["taskId"]} for each in job["shots"]]}
            done = await transcript.post(f"{VEO}/check-status", poll)
            for seconds in waits:
                await transcript.wait(seconds)
                done = await transcript.post(f"{VEO}/check-status", poll)
            if "videoUrl" in done:
                await transcript.download(done["videoUrl"])
        await transcript.post(f"{VEO}/generate", {"shots": []})
        transcript.check("nanophoto/veo-3")


async def test_a_prompt() -> None:
    async with Conversation(AUTO) as t:
        transcript = Transcript(t)
        for body in (PROMPT_BODY, {"topic": "A city at sunset", "technique": "long-take", "locale": "ja"}, {}):
            await transcript.post(PROMPT, body)
        transcript.check("nanophoto/generate-prompt")


async def test_a_watermark() -> None:
    async with Conversation(AUTO) as t:
        transcript = Transcript(t)
        clean = await transcript.post(CLEAN, CLEAN_BODY)
        await transcript.download(clean["url"])
        await transcript.post(CLEAN, {"share_link": "https://example.com/video"})
        transcript.check("nanophoto/remove-watermark")
