"""Every language has every phrase, in its own script."""

import json
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.content import locales, themes
from mockserver.content import scene as scenes
from mockserver.content.locales import CODES, code_for, locale
from mockserver.content.locales.phrases import SLOTS, read
from mockserver.content.wording import slots
from mockserver.core.seeded import Seeded

ENGLISH = Path(locales.__file__).with_name("en.json")

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
def test_the_phrases_of_stories_are_sentences_that_fit_a_table(code):
    for story in locale(code).stories.values():
        assert len(story.tags.split(", ")) == 6
        assert len(set(story.beats)) == 5
        assert all(beat[-1] in ".。" for beat in story.beats), story.beats
        assert story.subject[-1] not in ".。"
        assert not [p for p in phrases(story) if re.search(r"[|\n{}]|  ", p)]


@pytest.mark.parametrize("code", CODES)
def test_forms_use_known_slots_only(code):
    plain = {"subject", "detail", "moment", "light", "mood", "palette", "music"}
    known = plain | {name.capitalize() for name in plain} | {"camera", "lens", "mm", "colors", "n", "what", "title"}
    known |= {"hint", "line", "words", "effect", "count", "total", "accent"}
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


def test_japanese_phrases_use_kana():
    for story in locale("ja").stories.values():
        assert all(re.search("[\u3040-\u309f]", beat) for beat in story.beats), story.beats


def test_simplified_and_traditional_chinese_use_their_own_characters():
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
    assert code_for(tag) == code


def test_a_language_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        locale("nl")


def test_there_is_a_file_for_each_language_and_no_other():
    assert {path.stem for path in ENGLISH.parent.glob("*.json")} == set(CODES)


def test_the_code_fills_exactly_the_slots_of_a_form():
    assert set(slots(scenes.Scene.of(Seeded(0), "ocean"), locale("en"))) == set(SLOTS)


def test_a_language_is_read_when_it_is_first_needed():
    program = """if True:
        import mockserver.app, mockserver.cli.main, mockserver.content.shots, mockserver.content.descriptions
        from mockserver.content.locales import locale
        before = locale.cache_info().currsize
        assert locale("fr") is locale("fr")
        print(before, locale.cache_info().currsize)
    """
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["0", "1"]


def errors_for(tmp_path: Path, change) -> list[str]:
    """Return the errors for a file that is a copy of English for a new language with one wrong change."""
    content = json.loads(ENGLISH.read_text(encoding="utf-8")) | {"code": "eo"}
    file = tmp_path / "eo.json"
    file.write_text(change(content) or json.dumps(content, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        read(file)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{file}: ") for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def renamed(within: dict, key: str, new: str) -> None:
    within[new] = within.pop(key)


def test_a_new_language_is_read(tmp_path):
    file = tmp_path / "eo.json"
    content = json.loads(ENGLISH.read_text(encoding="utf-8")) | {"code": "eo"}
    file.write_text(json.dumps(content), encoding="utf-8")
    assert read(file) == locale("en")._replace(code="eo")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: renamed(c["shots"], "heading", "headng"), "shots.headng: unknown key; did you mean 'heading'?"),
        (lambda c: renamed(c, "palettes", "Palette"), "Palette: unknown key; did you mean 'palettes'?"),
        (
            lambda c: renamed(c["stories"], "pets.dog", "pet.dog"),
            "stories.pet.dog: unknown key; did you mean 'pets.dog'?",
        ),
        (
            lambda c: renamed(c["stories"]["pets.cat"], "beats", "beets"),
            "stories.pets.cat.beets: unknown key; did you mean 'beats'?",
        ),
        (lambda c: c["moods"].pop("serene") and None, "moods.serene: missing key"),
        (lambda c: c["music"].update(serenade="a song"), "music.serenade: unknown key; did you mean 'serene'?"),
        (lambda c: c.update(stories=[]), "stories: must be a mapping, not a list"),
        (lambda c: c["shots"].update(seconds=5), "shots.seconds: must be a string, not 5"),
        (lambda c: c.update(quotes="''"), "quotes: must be a list, not \"''\""),
        (lambda c: c["prompt"].update(negative=[]), "prompt.negative: must not be empty"),
        (lambda c: c["prompt"]["negative"].append(None), "prompt.negative[12]: must be a string, not null"),
        (lambda c: c["prompt"]["tail"].pop() and None, "prompt.tail: must have 5 entries, not 4"),
        (lambda c: c.update(comma=""), "comma: must not be empty"),
        (lambda c: c["prompt"].update(lens="{mn} mm"), "prompt.lens: unknown slot {mn}; one of: mm"),
        (lambda c: c["shots"].update(music="{}"), "shots.music: unknown slot {}; one of: what"),
        (
            lambda c: c["prompt"].update(opening=["{Subject}.", "{subjects}."]),
            "prompt.opening[1]: unknown slot {subjects}; did you mean 'subject'?",
        ),
        (lambda c: c["shots"].update(effect="{what!r}"), "shots.effect: unknown slot {what!r}; did you mean 'what'?"),
        (
            lambda c: c["description"].update(said="{line"),
            "description.said: expected '}' before end of string in '{line'",
        ),
        (
            lambda c: c["shots"].update(heading="{title}"),
            "shots.heading: this phrase has no slots, so it must not contain braces",
        ),
        (lambda c: c.update(code="en"), "code: must be 'eo' like the name of the file, not 'en'"),
        (lambda _: '{"code": "eo", "code": "eo"}', "code: duplicate key"),
        (lambda _: "code: eo", "Expecting value: line 1 column 1 (char 0)"),
        (lambda _: "[]", "the file: must be a mapping, not a list"),
    ],
)  # fmt: skip
def test_an_error_in_a_file_is_reported_with_its_key(tmp_path, change, message):
    assert errors_for(tmp_path, change) == [message]


def test_all_errors_are_reported_at_once(tmp_path):
    def change(content):
        renamed(content["description"], "mood", "moood")
        content["comma"] = 1

    assert errors_for(tmp_path, change) == [
        "comma: must be a string, not 1",
        "description.moood: unknown key; did you mean 'mood'?",
    ]
