"""Languages of results: those with phrases, the others of ISO 639-1, and codes that are none (FACTS section 6)."""

from typing import Any

import pytest

from mockserver.content.languages import ISO_639_1, WRITTEN
from mockserver.content.locales import locale
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.descrideo_client import LIVE, by, job

V2P = "/videotoprompt/v1/analyze"
URL = "https://example.com/a.mp4"
ROW = "rule.language_in_english"


async def analyzed(t: Conversation, **body: Any) -> Any:
    """Return the reply with the result of a new analysis."""
    submitted = await t.post(f"{V2P}/url", {"url": URL, **body})
    await t.advance(60)
    return submitted, await t.get(f"{V2P}/{submitted.json()['id']}")


@pytest.mark.parametrize("language", [code for code in WRITTEN if len(code) == 2])
async def test_the_whole_prompt_is_in_the_language(language):
    async with Conversation() as t:
        _, reply = await analyzed(t, language=language, platform="stable-diffusion", include_negative=True)
        prompt, words = reply.json()["prompt"], locale(language)
        assert set(prompt["negative"].split(words.comma)) <= {*words.prompt.negative, *words.prompt.negative_people}
        analysis = prompt["style_analysis"]
        assert analysis["lighting"] in words.lights.values()
        assert analysis["mood"] in words.moods.values()
        assert analysis["camera"].startswith(tuple(words.framings.values()))
        assert analysis["lighting"] in prompt["text"]


async def test_a_language_without_phrases_is_answered_in_english_and_reported():
    async with Conversation(settings=Settings(rule_header=True)) as t:
        english = (await analyzed(t))[1].json()["prompt"]
        submitted, reply = await analyzed(t, language="it")
        assert reply.json()["prompt"] == english
        for each in (submitted, reply):
            assert f"videotoprompt.{ROW};class=assumed" in each.headers["x-mock-rule"]
        created = await t.post(LIVE, job(client_context={"lang": "sw"}), headers=by())
        await t.advance(60)
        done = await t.get(f"{LIVE}/{created.json()['job_id']}", headers=by())
        for each in (created, done):
            assert f"descrideo.{ROW};class=assumed" in each.headers["x-mock-rule"]
        notes = [entry.note for entry in await t.sandbox.journal() if entry.note]
        assert any("'sw'" in note for note in notes)
        assert any("'it'" in note for note in notes)
        plain = await analyzed(t, language="de")
        assert all(ROW not in each.headers["x-mock-rule"] for each in plain)


async def test_a_language_without_phrases_in_the_instructions_is_reported_too():
    async with Conversation(settings=Settings(rule_header=True)) as t:

        async def done(instructions: str | None, lang: str = "de") -> Any:
            body = job(client_context={"lang": lang, "custom_instructions": instructions})
            created = await t.post(LIVE, body, headers=by())
            await t.advance(60)
            return created, await t.get(f"{LIVE}/{created.json()['job_id']}", headers=by())

        english = (await done(None, "en"))[1].json()["result"]
        for reply in (italian := await done("Write in Italian")):
            assert f"descrideo.{ROW}" in reply.headers["x-mock-rule"]
        assert italian[1].json()["result"] == english
        dutch = await done("Gebruik niet meer dan tien woorden")
        assert all(ROW not in reply.headers["x-mock-rule"] for reply in dutch)
        assert all(ROW not in reply.headers["x-mock-rule"] for reply in await done("Höchstens zehn Wörter"))
        notes = [entry.note for entry in await t.sandbox.journal() if entry.note]
        assert len([note for note in notes if "the language that custom_instructions ask for" in note]) == 2
        assert len([note for note in notes if "no words of the language of custom_instructions" in note]) == 2


async def test_an_upload_and_an_item_of_a_batch_are_reported_too():
    async with Conversation(settings=Settings(rule_header=True)) as t:
        reply = await t.post(f"{V2P}/batch", {"analyses": [{"url": URL, "language": "nl"}]})
        assert ROW in reply.headers["x-mock-rule"]


async def test_a_language_without_phrases_is_refused_where_assumptions_are():
    async with Conversation(settings=Settings(no_assumed=True)) as t:
        reply = await t.post(LIVE, job(client_context={"lang": "it", "output_fields": ["tags"]}), headers=by())
        assert (reply.status_code, reply.json()["rule"]) == (501, f"descrideo.{ROW}")


@pytest.mark.parametrize(
    ("code", "hint"),
    [("xx", ""), ("qq", ""), ("EN", "did you mean 'en'?"), ("pt-BR", "did you mean 'pt'?"), ("english", ""), ("", "")],
)
async def test_a_code_that_is_not_of_iso_639_1_is_refused(code, hint):
    async with Conversation() as t:
        replies = [
            await t.post(f"{V2P}/url", {"url": URL, "language": code}),
            await t.post(LIVE, job(client_context={"lang": code}), headers=by()),
        ]
        for reply in replies:
            assert reply.status_code == 400
            assert "ISO 639-1" in reply.text
            assert hint in reply.text
        upload = await t.client.post(f"{V2P}/upload", files={"video": b"x"}, data={"language": code})
        assert upload.status_code == 400


def test_the_codes_of_iso_639_1():
    assert len(ISO_639_1) == len(set(ISO_639_1)) == 183
    assert set(WRITTEN) - set(ISO_639_1) == {"zh-TW"}
