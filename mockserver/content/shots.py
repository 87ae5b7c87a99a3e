"""Results of NanoPhoto: the shot list of a video, as Markdown, in the requested language."""

from typing import NamedTuple

from mockserver.content import locales, timing
from mockserver.content.locales.phrases import Locale
from mockserver.content.prompts import video_prompt
from mockserver.content.scene import Scene, lens
from mockserver.content.themes import FRAMES
from mockserver.content.wording import slots
from mockserver.core.seeded import Seeded

_SHORTEST, _LONGEST = 0.03, 86_400.0  # seconds; at least enough for eight shots of a millisecond or more
_INSERT_FRAMES = "CWW"  # the framings of the three inserts of every language
_FAR, _NEAR = "EW", "CX"
_ANGLES = {"far": ("eye", "high", "low"), "mid": ("eye", "low", "eye", "high"), "near": ("eye", "high")}
_MOVES = {
    "far": ("static", "pan", "push_in", "pull_back", "tracking"),
    "mid": ("handheld", "tracking", "push_in", "static", "orbit"),
    "near": ("static", "rack_focus", "push_in", "slide", "handheld"),
}


class Shot(NamedTuple):
    """One row of the table, as keys; `text` is its description, and `millis` its length in milliseconds."""

    frame: str
    angle: str
    movement: str
    text: str
    millis: int


def reverse_prompt(seeded: Seeded, hint: str, locale: str = "en", duration_s: float = 10.0) -> str:
    """Return the shot list of a video of `duration_s` seconds: a Markdown table, a summary and a prompt.

    The durations of the 3 to 8 shots are rounded as a person writes them, and add up to the rounded duration of the
    video. A video shorter than 0.03 s counts as 0.03 s, and one longer than a day as a day. An unknown locale gets
    English.
    """
    words = locales.locale(locales.code_for(locale))
    scene = Scene.of(seeded, hint)
    millis = timing.rounded(round(min(max(duration_s, _SHORTEST), _LONGEST) * 1000))
    shots = shots_of(scene, words, millis, seeded.digest("shots", hint[:2000], size=64))
    forms, filmed = words.shots, _filmed(scene, shots)
    return (
        f"## {forms.heading}\n\n{_table(scene, words, shots)}\n\n"
        f"## {forms.summary_heading}\n\n{_summary(scene, words, len(shots), millis)}\n\n"
        f"## {forms.prompt_heading}\n\n{video_prompt(filmed, 'sora', 'detailed', words.code)}\n"
    )


def _filmed(scene: Scene, shots: list[Shot]) -> Scene:
    """Return the scene with the camera of one of the shots, so that the prompt recreates what the table has."""
    shot = shots[scene.draw(len(shots), 25)]
    return scene._replace(
        framing=shot.frame, angle=shot.angle, movement=shot.movement, lens=lens(shot.frame, scene.draw(3, 26))
    )


def shots_of(scene: Scene, words: Locale, millis: int, draws: bytes) -> list[Shot]:
    """Return the shots of a scene that lasts `millis`. `draws` are 64 bytes for the choices."""
    pictures = _pictures(scene, words, _count(millis, draws[0]), draws)
    lengths = timing.split(millis, [4 + draw % 6 for draw in draws[8 : 8 + len(pictures)]])
    shots: list[Shot] = []
    for at, (frame, text) in enumerate(pictures):
        near = "far" if frame in _FAR else "near" if frame in _NEAR else "mid"
        movements = [move for move in _MOVES[near] if not shots or move != shots[-1].movement]
        angle = _ANGLES[near][draws[16 + at] % len(_ANGLES[near])]
        if scene.setting.view == "vista" and frame == "E" and draws[24 + at] % 2:
            angle = "aerial"
        movement = movements[draws[32 + at] % len(movements)]
        shots.append(Shot(FRAMES[frame], angle, movement, text, lengths[at]))
    return shots


def _count(millis: int, draw: int) -> int:
    """Return the number of shots: more for a longer video."""
    seconds = millis / 1000
    least = 3 if seconds < 12 else 4 if seconds < 30 else 5 if seconds < 90 else 6
    return least + draw % (1 if seconds < 4 else 3)


def _pictures(scene: Scene, words: Locale, count: int, draws: bytes) -> list[tuple[str, str]]:
    """Return the framing and description of each shot: beats of the story, with inserts between them."""
    beats = list(zip(scene.setting.frames, words.stories[scene.story].beats, strict=True))
    # The first two beats introduce the subjects of the others, and the last one ends the story, so they stay.
    while len(beats) > count:
        del beats[2 + draws[3] % (len(beats) - 3)]
    inserts = list(zip(_INSERT_FRAMES, words.shots.inserts, strict=True))
    gap = 1 + draws[1] % 2
    for step in range(count - len(beats)):
        beats.insert(gap + 2 * step, inserts[(draws[2] + step) % 3])
    return beats


def _table(scene: Scene, words: Locale, shots: list[Shot]) -> str:
    rows = [words.shots.columns, (":---:", "---", "---", "---", "---", "---:")]
    for at, shot in enumerate(shots):
        framing = words.comma.join((words.framings[shot.frame], words.angles[shot.angle]))
        picture = words.space.join((shot.text, light_of(scene, words, at)))
        audio = audio_of(scene, words, at, len(shots))
        time = _seconds(words, shot.millis)
        rows.append((str(at + 1), framing, words.movements[shot.movement], picture, audio, time))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def light_of(scene: Scene, words: Locale, at: int) -> str:
    """Return how the light of the scene falls in a shot. Neighbouring shots differ."""
    accents = words.shots.accents
    accent = accents[(scene.draw(len(accents), 27) + at * (1 + scene.draw(2, 28))) % len(accents)]
    return words.shots.light.format(light=words.lights[scene.light], accent=accent)


def audio_of(scene: Scene, words: Locale, at: int, count: int) -> str:
    """Return what is heard in one of `count` shots, as lines of a table cell."""
    forms, story = words.shots, words.stories[scene.story]
    # The first line is spoken in the second shot, the last in the last one. Some videos have no voice.
    line = {1: 0, count - 1: 1}.get(at) if scene.draw(5, 13) else None
    spoken = forms.silent if line is None else story.said[line].join(words.quotes)
    # The music begins, changes between the shots, and fades out in the last one.
    music = words.music[scene.mood]
    if at:
        changes = forms.changes
        change = changes[-1] if at == count - 1 else changes[(at + scene.draw(2, 29)) % (len(changes) - 1)]
        music = change.format(what=music)
    effect = story.effects[(at + scene.draw(2, 14)) % 2]
    if at >= 2:
        effect = forms.distances[(at + scene.draw(2, 30)) // 2 % len(forms.distances)].format(what=effect)
    return "<br>".join(
        (forms.music.format(what=music), forms.effect.format(what=effect), forms.speech.format(what=spoken))
    )


def _summary(scene: Scene, words: Locale, count: int, millis: int) -> str:
    forms, story = words.shots, words.stories[scene.story]
    values = slots(scene, words)
    values |= {"count": str(count), "total": _seconds(words, millis), "effect": story.effects[scene.draw(2, 14)]}
    pace = millis / count
    rhythm = forms.rhythm[0 if pace < 2000 else 1 if pace < 5000 else 2]
    return words.space.join((forms.summary[scene.draw(2, 15)].format_map(values), rhythm))


def _seconds(words: Locale, millis: int) -> str:
    number = f"{millis / 1000:.3f}".rstrip("0").rstrip(".")
    return words.shots.seconds.format(n=number.replace(".", words.shots.decimal))
