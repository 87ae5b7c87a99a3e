"""What VideoToPrompt answers: a prompt that would recreate a scene, in the manner of the platform it is for."""

from mockserver.content.locales import locale, nearest
from mockserver.content.locales.phrases import Locale
from mockserver.content.scene import Scene
from mockserver.content.wording import Slots, camera, slots

_DEPTHS = ("basic", "standard", "detailed", "comprehensive")
_LISTS = frozenset({"midjourney", "stable-diffusion"})
_MOVING = frozenset({"sora", "runway"})
_SAMPLERS = ("DPM++ 2M Karras", "DPM++ SDE Karras", "Euler a", "DPM++ 2M SDE Karras")


def video_prompt(scene: Scene, platform: str, style_depth: str, language: str = "en") -> str:
    """The prompt's text: the deeper the style, the longer, and each depth keeps what the shallower one says.

    Midjourney and Stable Diffusion get a list of phrases, the others sentences; Sora and Runway are told how things
    move. Written in en, es, fr, de, pt, zh, zh-TW, ja, ko, ru and ar; any other language falls back to English. An
    unknown platform reads as `generic`, an unknown depth as `standard`.
    """
    words = locale(nearest(language))
    depth = _DEPTHS.index(style_depth) if style_depth in _DEPTHS else 1
    said = slots(scene, words)
    if platform in _LISTS:
        return _as_list(scene, words, said, depth)
    return words.space.join(_sentences(scene, words, said, depth, platform in _MOVING))


def negative(scene: Scene, platform: str = "stable-diffusion", language: str = "en") -> str:
    """What the picture must not show, as a list; people in the scene add the faults that people suffer from."""
    words = locale(nearest(language))
    listed = words.prompt.negative
    start = scene.draw(len(listed), 8)
    count = 7 if platform == "midjourney" else 9
    chosen = [listed[(start + step) % len(listed)] for step in range(count)]
    if scene.setting.people:
        chosen += words.prompt.negative_people[: 2 + scene.draw(2, 9)]
    return words.comma.join(chosen)


def parameters(platform: str, scene: Scene) -> str:
    """The settings that belong to the prompt, as the platform spells them (FACTS 1, `parameters`)."""
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
    """The scene's three strongest colors (`#RRGGBB`), lighting, mood and camera, as the prompt names them."""
    words = locale(nearest(language))
    return {
        "dominant_colors": list(scene.colors(3)),
        "lighting": words.lights[scene.light],
        "mood": words.moods[scene.mood],
        "camera": camera(scene, words),
    }


def _sentences(scene: Scene, words: Locale, said: Slots, depth: int, moving: bool) -> list[str]:
    forms, beats = words.prompt, words.stories[scene.story].beats
    draw, vista = scene.draw, scene.setting.view == "vista"
    told = [forms.opening[draw(2, 0)], forms.light[draw(2, 1)]]
    if depth >= 1:
        told += [forms.camera[draw(2, 2)], forms.color[draw(2, 3)]]
    text = [form.format_map(said) for form in told]
    if depth == 2:
        text += beats[1:3]
    if depth == 3:
        text += beats if moving else beats[:4]
    if depth >= 2:
        text.append((forms.motion if moving else forms.still)[draw(2, 4)])
    if depth == 3:
        # The second form speaks of a blurred background, which a vista has not.
        text.append(forms.finish[0 if vista else draw(2, 5)])
    return text


def _as_list(scene: Scene, words: Locale, said: Slots, depth: int) -> str:
    forms, story = words.prompt, words.stories[scene.story]
    entries = [said["Subject"], said["moment"], said["light"]]
    if depth >= 1:
        mood, palette = (entry.format_map(said) for entry in forms.entries)
        entries += [mood, said["camera"], palette]
    if depth >= 2:
        # The third entry is a shallow depth of field, which a vista has not.
        tail = forms.tail if scene.setting.view != "vista" else forms.tail[:2] + forms.tail[3:]
        entries += [said["lens"], *tail[: 2 if depth == 2 else 5]]
    text = words.comma.join(entries)
    if depth < 2:
        return text
    beats = story.beats[1:2] if depth == 2 else story.beats[:4]
    stop = "。" if words.space == "" else "."
    return words.space.join((text + stop, *beats))
