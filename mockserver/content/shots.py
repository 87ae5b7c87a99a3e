"""What NanoPhoto answers: a video taken apart into shots, as Markdown, in the reader's language."""

from typing import NamedTuple

from mockserver.content import locales
from mockserver.content.locales.phrases import Locale
from mockserver.content.prompts import video_prompt
from mockserver.content.scene import Scene
from mockserver.content.themes import FRAMES
from mockserver.content.timing import split
from mockserver.content.wording import slots
from mockserver.core.seeded import Seeded

_SHORTEST, _LONGEST = 0.03, 86_400.0  # seconds; between them every shot of eight gets a part of the time
_INSERT_FRAMES = "CWW"  # how close the three inserts of every language are seen
_FAR, _NEAR = "EW", "CX"
_ANGLES = {"far": ("eye", "high", "low"), "mid": ("eye", "low", "eye", "high"), "near": ("eye", "high")}
_MOVES = {
    "far": ("static", "pan", "push_in", "pull_back", "tracking"),
    "mid": ("handheld", "tracking", "push_in", "static", "orbit"),
    "near": ("static", "rack_focus", "push_in", "slide", "handheld"),
}


class Shot(NamedTuple):
    """One row of the table before it is put into words; the time in milliseconds."""

    frame: str
    angle: str
    movement: str
    told: str
    millis: int


def reverse_prompt(seeded: Seeded, hint: str, locale: str = "en", duration_s: float = 10.0) -> str:
    """A shot list of a video of `duration_s` seconds: a Markdown table, a summary and a prompt, in one language.

    The durations of its 3 to 8 shots add up to that of the video, to the millisecond. A video shorter than 0.03 s
    counts as one of 0.03 s, one longer than a day as a day. An unknown locale is answered in English.
    """
    words = locales.locale(locales.nearest(locale))
    scene = Scene.of(seeded, hint)
    millis = round(min(max(duration_s, _SHORTEST), _LONGEST) * 1000)
    shots = _shots(scene, words, millis, seeded.digest("shots", hint[:2000], size=64))
    forms = words.shots
    return (
        f"## {forms.heading}\n\n{_table(scene, words, shots)}\n\n"
        f"## {forms.summary_heading}\n\n{_summary(scene, words, len(shots), millis)}\n\n"
        f"## {forms.prompt_heading}\n\n{video_prompt(scene, 'sora', 'detailed', words.code)}\n"
    )


def _shots(scene: Scene, words: Locale, millis: int, draws: bytes) -> list[Shot]:
    told = _told(scene, words, _count(millis, draws[0]), draws)
    lasting = split(millis, [4 + draw % 6 for draw in draws[8 : 8 + len(told)]])
    shots: list[Shot] = []
    for at, (frame, text) in enumerate(told):
        near = "far" if frame in _FAR else "near" if frame in _NEAR else "mid"
        movements = [move for move in _MOVES[near] if not shots or move != shots[-1].movement]
        angle = _ANGLES[near][draws[16 + at] % len(_ANGLES[near])]
        if scene.setting.view == "vista" and frame == "E" and draws[24 + at] % 2:
            angle = "aerial"
        movement = movements[draws[32 + at] % len(movements)]
        shots.append(Shot(FRAMES[frame], angle, movement, text, lasting[at]))
    return shots


def _count(millis: int, draw: int) -> int:
    """A longer video is cut into more shots."""
    seconds = millis / 1000
    least = 3 if seconds < 12 else 4 if seconds < 30 else 5 if seconds < 90 else 6
    return least + draw % (1 if seconds < 4 else 3)


def _told(scene: Scene, words: Locale, count: int, draws: bytes) -> list[tuple[str, str]]:
    """Which beats of the story are shown, each with its frame, and the inserts that stand between them."""
    beats = list(zip(scene.setting.frames, words.stories[scene.story].beats, strict=True))
    # The first two beats introduce who the others speak of, and the last one closes: they always stay.
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
        audio = _audio(scene, words, at, len(shots))
        time = _seconds(words, shot.millis)
        rows.append((str(at + 1), framing, words.movements[shot.movement], shot.told, audio, time))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _audio(scene: Scene, words: Locale, at: int, count: int) -> str:
    forms, story = words.shots, words.stories[scene.story]
    # The first line comes in at the second shot, the last with the last picture; some videos have no voice at all.
    line = {1: 0, count - 1: 1}.get(at) if scene.draw(5, 13) else None
    spoken = forms.silent if line is None else story.said[line].join(words.quotes)
    parts = (
        forms.music.format(what=words.music[scene.mood] if at == 0 else forms.same),
        forms.effect.format(what=story.effects[(at + scene.draw(2, 14)) % 2]),
        forms.speech.format(what=spoken),
    )
    return "<br>".join(parts)


def _summary(scene: Scene, words: Locale, count: int, millis: int) -> str:
    forms, story = words.shots, words.stories[scene.story]
    said = slots(scene, words)
    said |= {"count": str(count), "total": _seconds(words, millis), "effect": story.effects[scene.draw(2, 14)]}
    pace = millis / count
    rhythm = forms.rhythm[0 if pace < 2000 else 1 if pace < 5000 else 2]
    return words.space.join((forms.summary[scene.draw(2, 15)].format_map(said), rhythm))


def _seconds(words: Locale, millis: int) -> str:
    number = f"{millis / 1000:.3f}".rstrip("0").rstrip(".")
    return words.shots.seconds.format(n=number.replace(".", words.shots.decimal))
