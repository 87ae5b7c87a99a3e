"""A scene in the words of one language."""

from mockserver.content.locales.phrases import Locale
from mockserver.content.scene import Scene

Slots = dict[str, str]


def slots(scene: Scene, words: Locale) -> Slots:
    """What the forms of a language are filled with; a capital letter in a slot's name is one in the text."""
    phrases = {
        "subject": words.stories[scene.story].subject,
        "moment": words.moments[scene.moment],
        "light": words.lights[scene.light],
        "mood": words.moods[scene.mood],
        "palette": words.palettes[scene.palette],
        "music": words.music[scene.mood],
    }
    capitals = {name.capitalize(): capital(phrase) for name, phrase in phrases.items()}
    return {**phrases, **capitals, "camera": camera(scene, words), "lens": words.prompt.lens.format(mm=scene.lens)}


def camera(scene: Scene, words: Locale) -> str:
    """Framing, angle and movement as a list."""
    return words.comma.join((words.framings[scene.framing], words.angles[scene.angle], words.movements[scene.movement]))


def capital(phrase: str) -> str:
    """The phrase with a capital first letter, and the rest as it was."""
    return phrase[:1].upper() + phrase[1:]
