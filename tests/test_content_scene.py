"""Scenes: the hint decides what it names, and the seed decides the rest."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.content import hints, themes
from mockserver.content.scene import Scene
from mockserver.core.seeded import Seeded

SEED = Seeded("test")


@pytest.mark.parametrize(
    ("hint", "story"),
    [
        ("https://cdn.example.com/videos/mountain-hiking_alps.mp4", "mountain.hikers"),
        ("https://example.com/SkiingInPowder.mp4", "mountain.skier"),
        ("https://static.nanophoto.ai/demo/sk2-ad.mp4", "product.serum"),
        ("my golden retriever puppy.mov", "pets.dog"),
        ("https://example.com/k%C3%BCche/pasta-rezept.mp4", "cooking.pasta"),
        ("A podcast interview about hiring", "talk.interview"),
        ("Ein Hund am Strand", "pets.dog"),
        ("冲浪 视频.mp4", "ocean.surfer"),
    ],
)
def test_the_words_of_a_hint_select_the_story(hint, story):
    assert Scene.of(SEED, hint).story == story


@pytest.mark.parametrize(
    ("hint", "theme"),
    [
        ("A beautiful sunset over the ocean", "ocean"),
        ("https://example.com/city/2024/clip-01.mp4", "city"),
        ("https://example.com/travel.mp4?theme=ocean", "travel"),
        ("海辺の朝", "ocean"),
        ("прогулка по городу", "city"),
    ],
)
def test_a_general_word_selects_the_theme_and_the_seed_the_story(hint, theme):
    scenes = {Scene.of(Seeded(n), hint).story for n in range(40)}
    assert {story.partition(".")[0] for story in scenes} == {theme}


def test_a_hint_names_the_moment_and_the_mood():
    scene = Scene.of(SEED, "A calm sunset over the ocean")
    assert (scene.moment, scene.light, scene.mood) == ("golden", "golden", "serene")
    assert Scene.of(SEED, "surfing at midnight").moment != "night", "nobody can film that"


@pytest.mark.parametrize(
    "hint",
    [
        "",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtu.be/abc",
        "data:video/mp4;base64,AAAAski",
        "9" * 50,
    ],
)
def test_without_a_hint_every_story_is_possible(hint):
    assert hints.read(hint).subject is None
    assert len({Scene.of(Seeded(n), hint).story for n in range(300)}) == len(themes.STORIES)


def test_base64_is_not_read_as_words():
    assert hints.read("AiUiDjAd/" * 100).words == ()


def test_the_same_seed_and_hint_give_the_same_scene_and_another_hint_another():
    assert Scene.of(SEED, "https://e.com/a.mp4") == Scene.of(Seeded("test"), "https://e.com/a.mp4")
    assert len({Scene.of(SEED, f"https://e.com/{n}.mp4") for n in range(50)}) == 50


def test_a_fallback_subject_is_used_only_if_the_hint_names_none():
    assert Scene.of(SEED, "x.mp4", "cooking").theme == "cooking"
    assert Scene.of(SEED, "surfing.mp4", "cooking").story == "ocean.surfer"


def test_everything_in_a_scene_suits_its_story():
    for n in range(500):
        scene = Scene.of(Seeded(n), "")
        assert scene.light in scene.setting.lights[scene.moment]
        assert scene.mood in scene.setting.moods
        assert len(scene.setting.frames) == 5


def test_colors_are_hexadecimal_and_differ_within_a_scene():
    for n in range(200):
        colors = Scene.of(Seeded(n), "").colors(5)
        assert len(set(colors)) == 5
        assert all(len(color) == 7 and color[0] == "#" and int(color[1:], 16) >= 0 for color in colors)
        assert all(color == color.upper() for color in colors)


@given(st.text())
def test_any_hint_gives_a_known_story(hint):
    assert Scene.of(SEED, hint).story in themes.STORIES


def test_only_the_beginning_of_a_huge_hint_is_read():
    assert len(hints.read("sea " * 50_000).words) <= 60


@given(st.text(), st.integers(min_value=1, max_value=300))
def test_clean_text_fits_one_line_of_a_table(text, limit):
    line = hints.clean(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    assert not set("|`<>\\") & set(line)
    line.encode()


def test_clean_keeps_ordinary_characters_and_cuts_at_a_word():
    assert hints.clean("Say  “Grüezi”,\nplease\x00!") == "Say “Grüezi”, please !"
    assert hints.clean("word " * 100, 20) == "word word word word…"


def test_title_words_leave_out_filler_and_identifiers():
    words = hints.read("https://e.com/uploads/final_xkcd-Swiss-Alps-HD_v2.mp4").words
    assert hints.title_words(words) == ("swiss", "alps")


def test_importing_the_package_imports_none_of_its_modules():
    code = "import sys, mockserver.content; print([m for m in sys.modules if m.startswith('mockserver.content.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
