"""The words that are spoken in a video, from its first second to its last."""

from typing import NamedTuple

from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.words import words as extraction_words
from mockserver.content.locales import CODES
from mockserver.content.scene import Scene
from mockserver.content.web import words
from mockserver.core.seeded import Seeded

_MEAN = 4_500  # milliseconds of a cue
_MOST = 2_000


class Cue(NamedTuple):
    """A sentence, with the milliseconds at which it begins and ends."""

    start: int
    end: int
    text: str


def transcript(seeded: Seeded, hint: str, duration_ms: int, language: str) -> list[Cue]:
    """Return what is spoken in the video of `hint` in one of the `available` languages.

    The cues cover the whole video. What a prompt about the video quotes is in them.
    """
    facts = Facts(Scene.of(seeded, hint), seeded, duration_ms / 1000, extraction_words(language))
    count = min(_MOST, max(1, round(duration_ms / _MEAN)))
    said = {int(count * (number + 0.1) / 2): line for number, line in enumerate(facts.story.said)}
    order = _sentences(facts, language)
    texts = [said.get(number) or order[number % len(order)] for number in range(count)]
    weights = [8 + len(text) for text in texts]
    whole, at, cues = sum(weights), 0, []
    for text, weight in zip(texts, weights, strict=True):
        cues.append(Cue(duration_ms * at // whole, duration_ms * (at + weight) // whole, text))
        at += weight
    return cues


def available(seeded: Seeded) -> tuple[str, ...]:
    """Return the languages of a video's captions. English is always one of them."""
    others = [code for code in CODES if code != "en"]
    return ("en", *seeded.sample(others, seeded.integer(3, len(others), "captions"), "captions"))


def webvtt(cues: list[Cue]) -> str:
    """Return cues as WebVTT (W3C)."""
    blocks = [f"{_stamp(cue.start)} --> {_stamp(cue.end)}\n{cue.text}" for cue in cues]
    return "\n\n".join(("WEBVTT", *blocks)) + "\n"


def _sentences(facts: Facts, language: str) -> list[str]:
    forms = [form.format_map(facts.phrases) for form in words("speech").get(language, ())]
    theme = facts.words.themes[facts.scene.theme]
    own = [*facts.story.beats, *theme[1:5]]
    # In other languages than English there are fewer sentences, and all are about this video.
    sentences: list[str] = [*forms[:-1], *own, *forms[-1:]]
    first, middle, last = sentences[0], sentences[1:-1], sentences[-1]
    return [first, *facts.seeded.sample(middle, len(middle), "speech"), last]


def _stamp(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1_000 % 60:02}.{ms % 1_000:03}"
