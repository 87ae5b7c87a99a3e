"""VideoToPrompt's prompts: longer with depth, in the style of the platform, in the requested language."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.content.locales import CODES, locale
from mockserver.content.prompts import negative, parameters, style_analysis, video_prompt
from mockserver.content.scene import Scene
from mockserver.core.seeded import Seeded

PLATFORMS = ("midjourney", "stable-diffusion", "dalle3", "sora", "runway", "generic")
DEPTHS = ("basic", "standard", "detailed", "comprehensive")
SCENES = [Scene.of(Seeded(n), "") for n in range(60)]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_deeper_style_is_a_longer_prompt(platform, code):
    for scene in SCENES:
        lengths = [len(video_prompt(scene, platform, depth, code)) for depth in DEPTHS]
        assert all(shallow < deep for shallow, deep in pairwise(lengths))
        assert lengths[-1] < 2500


def test_the_same_scene_gives_the_same_prompt_and_scenes_vary():
    texts = [video_prompt(scene, "generic", "standard") for scene in SCENES]
    assert texts == [video_prompt(Scene.of(Seeded(n), ""), "generic", "standard") for n in range(60)]
    assert len(set(texts)) == 60


@pytest.mark.parametrize("code", CODES)
def test_every_slot_is_filled(code):
    for scene in SCENES:
        for platform in PLATFORMS:
            assert not re.search(r"[{}\n]|  |\.\.|,,", video_prompt(scene, platform, "comprehensive", code))


def test_some_platforms_get_a_list_and_the_others_sentences():
    scene = Scene.of(Seeded("list"), "surfing.mp4")
    assert video_prompt(scene, "midjourney", "standard").count(", ") >= 5
    assert "." not in video_prompt(scene, "midjourney", "standard")
    assert video_prompt(scene, "dalle3", "standard").endswith(".")


def test_only_video_platforms_get_motion():
    forms = locale("en").prompt
    for scene in SCENES[:10]:
        assert any(form in video_prompt(scene, "sora", "detailed") for form in forms.motion)
        assert any(form in video_prompt(scene, "dalle3", "detailed") for form in forms.still)


def test_an_unknown_language_gets_english_and_an_unknown_depth_standard():
    scene = SCENES[0]
    assert video_prompt(scene, "generic", "basic", "nl") == video_prompt(scene, "generic", "basic", "en")
    assert video_prompt(scene, "generic", "?") == video_prompt(scene, "generic", "standard")


def test_the_hint_can_be_recognised_in_the_prompt():
    scene = Scene.of(Seeded("hint"), "https://e.com/videos/mountain-hiking_alps.mp4")
    assert "hikers" in video_prompt(scene, "generic", "basic")
    assert "Wanderer" in video_prompt(scene, "generic", "basic", "de")


def test_the_analysis_agrees_with_the_prompt():
    for scene in SCENES:
        style = style_analysis(scene)
        text = video_prompt(scene, "generic", "comprehensive").lower()
        assert list(style) == ["dominant_colors", "lighting", "mood", "camera"]
        assert len(style["dominant_colors"]) == 3
        assert all(re.fullmatch("#[0-9A-F]{6}", color) for color in style["dominant_colors"])
        assert all(str(style[key]).lower() in text for key in ("lighting", "mood", "camera"))


def test_parameters_have_the_syntax_of_each_platform():
    scene = SCENES[0]
    assert parameters("midjourney", scene) == "--ar 16:9 --v 6 --style raw"
    assert re.fullmatch(
        r"Steps: \d\d, Sampler: [\w+ ]+, CFG scale: [\d.]+, Size: 1024x576", parameters("stable-diffusion", scene)
    )
    assert re.fullmatch(r"size: 1792x1024, quality: hd, style: (natural|vivid)", parameters("dalle3", scene))
    assert "aspect ratio: 16:9" in parameters("sora", scene)
    assert "aspect ratio: 16:9" in parameters("runway", scene)
    assert parameters("generic", scene)


def test_the_negative_prompt_lists_each_flaw_once_and_flaws_of_people_only_with_people():
    for code in CODES:
        words = locale(code)
        for scene in SCENES:
            faults = negative(scene, "stable-diffusion", code).split(words.comma)
            assert len(faults) == len(set(faults)) >= 9
            assert bool(set(words.prompt.negative_people) & set(faults)) == scene.setting.people


@given(hint=st.text(), language=st.text(), platform=st.text(), depth=st.text())
def test_any_input_gives_complete_texts(hint, language, platform, depth):
    scene = Scene.of(Seeded("any"), hint)
    for text in (video_prompt(scene, platform, depth, language), negative(scene, platform, language)):
        assert text.encode()
        assert "{" not in text
    assert 0 < len(parameters(platform, scene)) < 100
