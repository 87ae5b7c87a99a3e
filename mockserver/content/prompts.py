"""Results of VideoToPrompt: a prompt that recreates a scene, in the style of the requested platform."""

from mockserver.content.locales import code_for, locale
from mockserver.content.locales.phrases import Locale
from mockserver.content.scene import Scene
from mockserver.content.wording import Slots, camera, slots

_DEPTHS = ("basic", "standard", "detailed", "comprehensive")
_LIST_PLATFORMS = frozenset({"midjourney", "stable-diffusion"})
_VIDEO_PLATFORMS = frozenset({"sora", "runway"})
_SAMPLERS = ("DPM++ 2M Karras", "DPM++ SDE Karras", "Euler a", "DPM++ 2M SDE Karras")


def video_prompt(scene: Scene, platform: str, style_depth: str, language: str = "en") -> str:
    """Return the text of a prompt. A greater style depth adds to the text of the smaller ones.

    Midjourney and Stable Diffusion get a list of phrases, the other platforms sentences. Sora and Runway also get
    motion. Languages are en, es, fr, de, pt, zh, zh-TW, ja, ko, ru and ar; any other gets English. An unknown platform
    counts as `generic`, an unknown depth as `standard`.
    """
    words = locale(code_for(language))
    depth = _DEPTHS.index(style_depth) if style_depth in _DEPTHS else 1
    values = slots(scene, words)
    if platform in _LIST_PLATFORMS:
        return _as_list(scene, words, values, depth)
    return words.space.join(_sentences(scene, words, values, depth, platform in _VIDEO_PLATFORMS))


def negative(scene: Scene, platform: str = "stable-diffusion", language: str = "en") -> str:
    """Return a negative prompt: a list of flaws to avoid, including flaws of people if the scene has people."""
    words = locale(code_for(language))
    flaws = words.prompt.negative
    start = scene.draw(len(flaws), 8)
    count = 7 if platform == "midjourney" else 9
    selected = [flaws[(start + step) % len(flaws)] for step in range(count)]
    if scene.setting.people:
        selected += words.prompt.negative_people[: 2 + scene.draw(2, 9)]
    return words.comma.join(selected)


def parameters(platform: str, scene: Scene) -> str:
    """Return the settings for the prompt in the platform's own syntax (FACTS section 1, `parameters`)."""
    if platform == "midjourney":
        return "--ar 16:9 --v 6 --style raw"
    if platform == "stable-diffusion":
        steps, scale = 24 + 2 * scene.draw(9, 10), 6 + scene.draw(5, 11) / 2
        sampler = _SAMPLERS[scene.draw(len(_SAMPLERS), 12)]
        return f"Steps: {steps}, Sampler: {sampler}, CFG scale: {scale:g}, Size: 1024x576"
    if platform == "dalle3":
        return f"size: 1792x1024, quality: hd, style: {('natural', 'vivid')[scene.draw(2, 10)]}"
    if platform == "sora":
        return f"duration: {(5, 10, 15)[scene.draw(3, 10)]}s, resolution: 1080p, aspect ratio: 16:9, fps: 24"
    if platform == "runway":
        movement = locale("en").movements[scene.movement]
        return f"duration: {(5, 10)[scene.draw(2, 10)]}s, aspect ratio: 16:9, camera: {movement}"
    return "aspect ratio: 16:9, style: cinematic"


def style_analysis(scene: Scene, language: str = "en") -> dict[str, str | list[str]]:
    """Return the scene's three strongest colors (`#RRGGBB`), lighting, mood and camera, in the words of the prompt."""
    words = locale(code_for(language))
    return {
        "dominant_colors": list(scene.colors(3)),
        "lighting": words.lights[scene.light],
        "mood": words.moods[scene.mood],
        "camera": camera(scene, words),
    }


def _sentences(scene: Scene, words: Locale, values: Slots, depth: int, moving: bool) -> list[str]:
    forms, beats = words.prompt, words.stories[scene.story].beats
    draw, vista = scene.draw, scene.setting.view == "vista"
    templates = [forms.opening[draw(2, 0)], forms.light[draw(2, 1)]]
    if depth >= 1:
        templates += [forms.camera[draw(2, 2)], forms.color[draw(2, 3)]]
    sentences = [template.format_map(values) for template in templates]
    if depth == 2:
        sentences += beats[1:3]
    if depth == 3:
        sentences += beats if moving else beats[:4]
    if depth >= 2:
        sentences.append((forms.motion if moving else forms.still)[draw(2, 4)])
    if depth == 3:
        # The second form mentions a blurred background, which a vista does not have.
        sentences.append(forms.finish[0 if vista else draw(2, 5)])
    return sentences


def _as_list(scene: Scene, words: Locale, values: Slots, depth: int) -> str:
    forms, story = words.prompt, words.stories[scene.story]
    entries = [values["Subject"], values["moment"], values["light"]]
    if depth >= 1:
        mood, palette = (entry.format_map(values) for entry in forms.entries)
        entries += [mood, values["camera"], palette]
    if depth >= 2:
        # The third entry is a shallow depth of field, which a vista does not have.
        tail = forms.tail if scene.setting.view != "vista" else forms.tail[:2] + forms.tail[3:]
        entries += [values["lens"], *tail[: 2 if depth == 2 else 5]]
    text = words.comma.join(entries)
    if depth < 2:
        return text
    beats = story.beats[1:2] if depth == 2 else story.beats[:4]
    stop = "。" if words.space == "" else "."
    return words.space.join((text + stop, *beats))
