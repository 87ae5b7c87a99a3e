"""Descrideo's results: only the requested fields, and as mode, language and instructions require."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.content.descriptions import FIELDS, describe
from mockserver.content.locales import CODES, locale
from mockserver.content.people import person
from mockserver.content.scene import Scene
from mockserver.core.seeded import Seeded

HINT = "https://example.com/videos/swiss-mountain-hiking.mp4"


def text_of(instructions: str | None = None, mode: str = "vision", lang: str = "en", seed: object = 1) -> str:
    found = describe(Seeded("d", str(seed)), HINT, ["description"], lang, instructions, mode)["description"]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("fields", [[], ["title"], ["tags"], ["description", "tags"], list(FIELDS)])
def test_a_result_has_only_the_requested_fields(fields):
    assert list(describe(Seeded(1), HINT, fields)) == fields


def test_unknown_fields_are_left_out_and_the_order_is_fixed():
    assert list(describe(Seeded(1), HINT, ["tags", "mood", "title"])) == ["title", "tags"]


def test_a_field_does_not_depend_on_the_other_requested_fields():
    whole = describe(Seeded(1), HINT)
    assert all(describe(Seeded(1), HINT, [field])[field] == whole[field] for field in FIELDS)
    assert whole == describe(Seeded(1), HINT)


@pytest.mark.parametrize("lang", CODES)
def test_a_result_is_written_in_its_language(lang):
    for n in range(40):
        found = describe(Seeded(n), "", FIELDS, lang, None, "vision_audio")
        story = locale(lang).stories[Scene.of(Seeded(n), "").story]
        assert story.title in found["title"]
        assert found["tags"][:-1] == story.tags.split(", ")
        assert story.subject.lower() in str(found["description"]).lower()
        assert not set("{}") & set(str(found["description"]) + str(found["title"]))


def test_the_words_of_the_url_are_found_in_title_or_tags():
    results = [describe(Seeded(n), HINT) for n in range(20)]
    assert any(str(found["title"]).startswith("Swiss Mountain Hiking: ") for found in results)
    assert all("swiss" in found["tags"] and "hiking" in found["tags"] for found in results)
    assert all(len(found["tags"]) == len(set(found["tags"])) for found in results)


def test_technical_details_are_included_on_request():
    assert "mm lens" not in text_of()
    assert "mm lens" in text_of("Focus on technical details")
    assert "#" in text_of("Focus on technical details")


@pytest.mark.parametrize(
    ("lang", "wish"),
    [
        ("en", "Make the description more detailed"),
        ("de", "Bitte ausführlich"),
        ("zh", "请写得更详细"),
        ("es", "más detalles"),
    ],
)
def test_instructions_can_make_the_text_longer(lang, wish):
    for n in range(10):
        assert len(text_of(wish, lang=lang, seed=n)) > len(text_of(lang=lang, seed=n)) * 1.2


def test_instructions_can_make_the_text_shorter():
    assert len(text_of("Keep it short")) < len(text_of()) / 2


def test_two_videos_with_the_same_story_differ_by_a_detail():
    scenes = [Scene.of(Seeded(n), "") for n in range(200)]
    keynotes = [scene for scene in scenes if scene.story == "talk.keynote"]
    assert len({scene.detail for scene in keynotes}) >= 4
    for n, scene in enumerate(scenes):
        words = locale("en")
        found = describe(Seeded(n), "", FIELDS)
        assert words.details[scene.detail] in str(found["description"]).lower()
        assert str(found["tags"][-1]) in words.details[scene.detail]
        assert not str(found["tags"][-1]).startswith(("a ", "an "))


def test_what_cannot_be_heard_is_not_in_the_result_of_a_recording():
    for n in range(60):
        words, scene = locale("en"), Scene.of(Seeded(n), "")
        found = describe(Seeded(n), "", FIELDS, mode="audio")
        assert words.details[scene.detail] not in str(found).lower()


def test_hashtags_are_tags_with_a_hash():
    tags = describe(Seeded(1), HINT, ["tags"], "en", "Use hashtags")["tags"]
    assert all(tag.startswith("#") and " " not in tag for tag in tags)


def test_only_the_audio_modes_describe_sounds():
    heard = "On the soundtrack"
    assert heard not in text_of(mode="vision")
    assert heard in text_of(mode="vision_audio")
    assert "A voice says" in text_of(mode="vision_audio")
    blind = text_of(mode="audio")
    assert blind.startswith("Judging by its soundtrack")
    assert "palette" not in blind
    assert "lens" not in text_of("technical details", mode="audio")


@given(
    hint=st.text(),
    lang=st.text(),
    wish=st.none() | st.text(),
    mode=st.sampled_from(["vision", "vision_audio", "audio", "?"]),
)
def test_any_input_gives_all_fields_within_bounds(hint, lang, wish, mode):
    result = describe(Seeded("any"), hint, FIELDS, lang, wish, mode)
    assert list(result) == list(FIELDS)
    assert all(result.values())
    assert len(str(result)) < 4000
    str(result).encode()
    assert str(result["title"]).isprintable()


def test_people_have_an_address_at_example_com():
    people = {person(Seeded(n)) for n in range(100)}
    assert len(people) > 90
    assert person(Seeded(1)) == person(Seeded(1))
    for name, email in people:
        assert email == name.lower().replace(" ", ".") + "@example.com"
    assert person(Seeded(3), "feminine")[0] != person(Seeded(3), "masculine")[0]
