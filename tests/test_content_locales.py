"""Every language brings every phrase, in its own script."""

import re
import string
from collections.abc import Iterator

import pytest

from mockserver.content import scene as scenes
from mockserver.content import themes
from mockserver.content.locales import CODES, locale, nearest

SCRIPTS = {
    "zh": "[\u4e00-\u9fff]",
    "zh-TW": "[\u4e00-\u9fff]",
    "ja": "[\u3040-\u30ff\u4e00-\u9fff]",
    "ko": "[\uac00-\ud7af]",
    "ru": "[\u0400-\u04ff]",
    "ar": "[\u0600-\u06ff]",
}
# Characters that only one of the two Chinese scripts has.
SIMPLIFIED = set("这说为时间镜头画声们个门问见观觉头风鸟马东车边远过还进运动术业录转轻输")
TRADITIONAL = set("這說為時間鏡頭畫聲們個門問見觀覺頭風鳥馬東車邊遠過還進運動術業錄轉輕輸")


def phrases(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from phrases(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from phrases(inner)


@pytest.mark.parametrize("code", CODES)
def test_every_key_has_a_phrase(code):
    words, english = locale(code), locale("en")
    assert set(words.stories) == set(themes.SETTINGS)
    for name in ("moments", "lights", "moods", "music", "palettes", "framings", "angles", "movements"):
        assert set(getattr(words, name)) == set(getattr(english, name)), name
    assert set(words.palettes) == set(scenes._COLORS)
    assert set(words.music) == set(words.moods)
    assert all(phrase.strip() for phrase in phrases(words.stories))


@pytest.mark.parametrize("code", CODES)
def test_stories_are_told_in_sentences_that_fit_a_table(code):
    for story in locale(code).stories.values():
        assert len(story.tags.split(", ")) == 6
        assert len(set(story.beats)) == 5
        assert all(beat[-1] in ".。" for beat in story.beats), story.beats
        assert story.subject[-1] not in ".。"
        assert not [p for p in phrases(story) if re.search(r"[|\n{}]|  ", p)]


@pytest.mark.parametrize("code", CODES)
def test_forms_use_known_slots_only(code):
    plain = {"subject", "moment", "light", "mood", "palette", "music"}
    known = plain | {name.capitalize() for name in plain} | {"camera", "lens", "mm", "colors", "n", "what", "title"}
    known |= {"hint", "line", "gist", "effect", "count", "total"}
    words = locale(code)
    for form in phrases((words.prompt, words.shots, words.description)):
        slots = {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}
        assert slots <= known, form


@pytest.mark.parametrize("code", CODES)
def test_every_language_differs_from_every_other(code):
    mine = locale(code)
    for other in (locale(other) for other in CODES if other != code):
        assert all(mine.stories[key].beats != other.stories[key].beats for key in mine.stories)
        assert mine.shots.summary != other.shots.summary


@pytest.mark.parametrize("code", CODES)
def test_every_language_is_written_in_its_script(code):
    for story in locale(code).stories.values():
        for sentence in (story.subject, story.title, *story.beats, *story.said, *story.effects):
            if code in SCRIPTS:
                assert re.search(SCRIPTS[code], sentence), sentence
                assert len(re.findall("[a-z]", sentence)) < 4, sentence
            else:
                assert not any(re.search(script, sentence) for script in SCRIPTS.values()), sentence


def test_japanese_is_no_chinese():
    for story in locale("ja").stories.values():
        assert all(re.search("[\u3040-\u309f]", beat) for beat in story.beats), story.beats


def test_the_two_chinese_scripts_are_kept_apart():
    assert not (SIMPLIFIED - TRADITIONAL) & set("".join(phrases(locale("zh-TW"))))
    assert not (TRADITIONAL - SIMPLIFIED) & set("".join(phrases(locale("zh"))))


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"), ("pt-BR", "pt"), ("PT_br", "pt"), ("zh-Hant-HK", "zh-TW"), ("zh_TW", "zh-TW"), ("zh-CN", "zh"),
        ("zh-Hans", "zh"), ("nl", "en"), ("", "en"), ("xx" * 5000, "en"), ("ES", "es"), ("english", "en"),
    ],
)  # fmt: skip
def test_a_language_tag_finds_the_nearest_language(tag, code):
    assert nearest(tag) == code


def test_a_language_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        locale("nl")
