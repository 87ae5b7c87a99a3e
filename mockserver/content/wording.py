"""The phrases of a scene in one language."""

from mockserver.content.locales.phrases import Locale
from mockserver.content.scene import Scene

Slots = dict[str, str]


def slots(scene: Scene, words: Locale) -> Slots:
    """Return the values for the slots of a language's forms. A slot with a capital letter gets a capitalized phrase."""
    subject, detail = words.stories[scene.story].subject, words.details[scene.detail]
    phrases = {
        "subject": words.detailed.format(subject=subject, detail=detail),
        "detail": detail,
        "moment": words.moments[scene.moment],
        "light": words.lights[scene.light],
        "mood": words.moods[scene.mood],
        "palette": words.palettes[scene.palette],
        "music": words.music[scene.mood],
    }
    capitals = {name.capitalize(): capital(phrase) for name, phrase in phrases.items()}
    return {**phrases, **capitals, "camera": camera(scene, words), "lens": words.prompt.lens.format(mm=scene.lens)}


def camera(scene: Scene, words: Locale) -> str:
    """Return framing, angle and movement as a list."""
    return words.comma.join((words.framings[scene.framing], words.angles[scene.angle], words.movements[scene.movement]))


def capital(phrase: str) -> str:
    """Return the phrase with a capital first letter."""
    return phrase[:1].upper() + phrase[1:]


def plain_detail(scene: Scene, words: Locale) -> str:
    """Return the scene's detail without an article, as a tag has it."""
    detail = words.details[scene.detail]
    first, _, rest = detail.partition(" ")
    return rest if rest and first in words.articles.split() else detail
