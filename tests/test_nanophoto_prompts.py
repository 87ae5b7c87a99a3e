"""NanoPhoto's prompt generator: its text in eleven languages and ten techniques, and how it is streamed and paid."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from mockserver.content import film_prompts, languages, locales
from mockserver.core.seeded import Seeded
from mockserver.providers.nanophoto.models import Locale
from mockserver.providers.nanophoto.prompts import Technique
from tests.conversation import Conversation
from tests.listener import Listener
from tests.nanophoto_client import AUTO, credits
from tests.nanophoto_family import PICTURE, PROMPT, PROMPT_BODY

LOCALES, TECHNIQUES = get_args(Locale), get_args(Technique)
FILE = Path(film_prompts.__file__).with_name("techniques.json")


async def written(t: Conversation, **changes: Any) -> str:
    reply = await t.post(PROMPT, {**PROMPT_BODY, **changes})
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    return reply.text


def test_every_language_has_every_phrase() -> None:
    assert list(json.loads(FILE.read_text("utf-8"))) == list(LOCALES) == sorted(LOCALES, key=LOCALES.index)
    assert set(LOCALES) == set(languages.WRITTEN)
    for code in LOCALES:
        phrases = film_prompts.phrases_of(code)
        assert tuple(phrases.techniques) == TECHNIQUES
        texts = [text for pair in phrases.techniques.values() for text in pair]
        assert all(texts)
        assert len(set(texts)) == 20


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_prompt_has_what_it_needs(locale: str) -> None:
    async with Conversation(AUTO) as t:
        text = await written(t, locale=locale)
        phrases, words = film_prompts.phrases_of(locale), locales.locale(locale)
        for label in (phrases.technique, phrases.camera, phrases.light, phrases.mood, phrases.palette, phrases.timing):
            assert f"- **{label}:** " in text
        assert f"## {phrases.structure}\n\n1. [" in text
        assert any(story.title in text for story in words.stories.values())
        assert phrases.techniques["aerial-view"][1] in text
        assert words.angles["aerial"] in text
        assert str(PROMPT_BODY["topic"]) in text


async def test_each_technique_changes_the_shots() -> None:
    async with Conversation(AUTO) as t:
        texts = {technique: await written(t, technique=technique) for technique in TECHNIQUES}
        assert len(set(texts.values())) == len(TECHNIQUES)
        shots = {name: text.count("\n") - text.partition("1. [")[0].count("\n") for name, text in texts.items()}
        assert min(shots, key=lambda name: shots[name]) == "long-take"
        assert await written(t, technique="pov") == texts["pov"]


@pytest.mark.parametrize(("seconds", "end"), [(10, "10 s]"), (15, "15 s]"), (7.5, "7.5 s]"), (3_600, "3600 s]")])
async def test_the_shots_add_up_to_the_duration(seconds: float, end: str) -> None:
    async with Conversation(AUTO) as t:
        times = [line for line in (await written(t, duration=seconds)).splitlines() if line[:1].isdigit()]
        assert times[0].startswith("1. [0–")
        assert f"–{end}" in times[-1]


async def test_a_reference_image_is_named() -> None:
    async with Conversation(AUTO) as t:
        text = await written(t, mode="imageToVideo", imageUrls=[PICTURE])
        assert film_prompts.phrases_of("en").image in text
        assert film_prompts.phrases_of("en").image not in await written(t, imageUrls=[PICTURE])


async def test_a_prompt_is_streamed_and_paid_at_its_end() -> None:
    async with Conversation() as t:
        listener = await Listener(t, PROMPT, PROMPT_BODY).settled()
        assert (listener.status, (await credits(t))["reserved"]) == (200, 2)
        await t.advance(1)
        begun = len(listener.pieces)
        await t.advance(600)
        assert listener.complete
        assert 0 < begun < len(listener.pieces)
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]


async def test_a_failed_prompt_and_a_broken_one_cost_nothing() -> None:
    broken_off = {"stream": {"fault": {"kind": "truncate"}}, "when": {"body.topic": {"contains": "city"}}}
    cut = {"name": "cut", "operation": "nanophoto.generate_prompt", **broken_off}
    async with Conversation({"extends": "default", "rules": [cut]}) as t:
        failed = await Listener(t, PROMPT, {**PROMPT_BODY, "topic": "mock-fail"}).settled()
        broken = await Listener(t, PROMPT, PROMPT_BODY).settled()
        await t.advance(600)
        assert (failed.status, '"errorCode":"INTERNAL_ERROR"' in failed.text) == (500, True)
        assert broken.broken
        assert (await credits(t))["credits"] == 1_000_000


def test_a_topic_of_any_kind_gives_a_prompt() -> None:
    for topic in ("*# | `", "x" * 500, "🎬", "a\nb", "\ud800"):
        text = film_prompts.film_prompt(Seeded("any"), topic, "montage", 0.1, "xx")
        assert text.startswith("# ")
        assert len(text) < 5_000
