"""Results of NanoPhoto's prompt generator: a prompt for a video about a topic, with shots in a technique of film."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mockserver.content import locales, timing
from mockserver.content.locales.phrases import Locale
from mockserver.content.prompts import video_prompt
from mockserver.content.scene import Scene
from mockserver.content.shots import Shot, light_of, shots_of
from mockserver.content.wording import camera, capital
from mockserver.core.seeded import Seeded

_FILE = Path(__file__).with_name("techniques.json")
# The movement and the angle of all shots, for techniques that have one.
_MOVEMENTS = {"time-lapse": "static", "tracking-shot": "tracking", "aerial-view": "crane", "pov": "handheld"}
_ANGLES = {"aerial-view": "aerial", "pov": "eye"}
_WITHOUT_CUT = "long-take"
_SHORTEST, _LONGEST = 1.0, 3_600.0


class Phrases(NamedTuple):
    """The phrases of one language: labels, the sentence about reference images, and name and sentence by technique."""

    topic: str
    technique: str
    structure: str
    camera: str
    light: str
    mood: str
    palette: str
    timing: str
    image: str
    techniques: Mapping[str, tuple[str, str]]


def film_prompt(
    seeded: Seeded, topic: str, technique: str, seconds: float, language: str = "en", images: int = 0
) -> str:
    """Return a prompt in Markdown: topic, technique, look, shots with their times, and a summary for the video model.

    `images` is the number of reference images. The lengths of the shots add up to `seconds`, which count as at least
    one second and at most an hour. An unknown language gets English. The same arguments give the same text.
    """
    code = locales.code_for(language)
    words, phrases = locales.locale(code), phrases_of(code)
    scene = _filmed(Scene.of(seeded, topic), technique)
    millis = timing.rounded(round(min(max(seconds, _SHORTEST), _LONGEST) * 1000))
    name, how = phrases.techniques[technique]
    lines = [
        f"**{phrases.topic}:** {' '.join(topic.split())}",
        f"**{phrases.technique}:** {capital(name)} – {how}",
        f"**{phrases.camera}:** {capital(camera(scene, words))}",
        f"**{phrases.light}:** {capital(words.lights[scene.light])}",
        f"**{phrases.mood}:** {capital(words.moods[scene.mood])}",
        f"**{phrases.palette}:** {capital(words.palettes[scene.palette])}",
        f"**{phrases.timing}:** {_seconds(words, 0, millis)}",
    ]
    shots = _shots(scene, words, technique, millis, seeded.digest("shots", topic[:2000], size=64))
    table = "\n".join(_lines(scene, words, shots))
    start = f"{phrases.image}\n\n" if images else ""
    return (
        f"# {words.stories[scene.story].title}\n\n{chr(10).join(f'- {line}' for line in lines)}\n\n"
        f"## {phrases.structure}\n\n{start}{table}\n\n"
        f"## Sora 2\n\n{video_prompt(scene, 'sora', 'detailed', code)}\n"
    )


@cache
def phrases_of(code: str) -> Phrases:
    """Return the phrases of a language. Raises KeyError for an unknown code."""
    read = json.loads(_FILE.read_bytes())[code]
    techniques = {name: tuple(pair) for name, pair in read.pop("techniques").items()}
    return Phrases(**read, techniques=techniques)


def _filmed(scene: Scene, technique: str) -> Scene:
    """Return the scene with the camera of the technique."""
    return scene._replace(movement=_MOVEMENTS.get(technique, scene.movement), angle=_ANGLES.get(technique, scene.angle))


def _shots(scene: Scene, words: Locale, technique: str, millis: int, draws: bytes) -> list[Shot]:
    shots = shots_of(scene, words, millis, draws)
    if technique == _WITHOUT_CUT:
        text = words.space.join(shot.text for shot in shots[:3])
        return [shots[0]._replace(text=text, movement=scene.movement, millis=millis)]
    return [
        shot._replace(movement=_MOVEMENTS.get(technique, shot.movement), angle=_ANGLES.get(technique, shot.angle))
        for shot in shots
    ]


def _lines(scene: Scene, words: Locale, shots: list[Shot]) -> list[str]:
    lines, at = [], 0
    for number, shot in enumerate(shots):
        view = words.comma.join((words.framings[shot.frame], words.angles[shot.angle], words.movements[shot.movement]))
        text = words.space.join((shot.text, light_of(scene, words, number)))
        lines.append(f"{number + 1}. [{_seconds(words, at, at + shot.millis)}] {capital(view)}: {text}")
        at += shot.millis
    return lines


def _seconds(words: Locale, start: int, end: int) -> str:
    first, last = (f"{millis / 1000:.3f}".rstrip("0").rstrip(".") for millis in (start, end))
    return words.shots.seconds.format(n=f"{first}–{last}".replace(".", words.shots.decimal))
