"""The shape of a language: which phrases each one must bring.

Slots common to every form: subject, moment, light, mood, palette, music, camera, lens, colors; with a capital first
letter (Subject, Moment, ...) for the start of a sentence. A form may use any of them, in the order its language likes.
"""

from typing import NamedTuple


class Story(NamedTuple):
    """One story told in one language: whole phrases, so that nothing has to agree with a word chosen elsewhere."""

    subject: str  # a noun phrase that can open a sentence, no full stop
    title: str
    beats: tuple[str, str, str, str, str]  # what happens, as whole sentences, in order
    effects: tuple[str, str]  # what is heard, as noun phrases
    said: tuple[str, str]  # what a narrator or the person in the picture says
    tags: str  # six, a comma and a space between them in every language


class PromptForms(NamedTuple):
    """How a prompt is said."""

    opening: tuple[str, str]
    light: tuple[str, str]
    camera: tuple[str, str]
    color: tuple[str, str]
    motion: tuple[str, str]  # for platforms that make video
    still: tuple[str, str]  # for platforms that make pictures
    finish: tuple[str, str]
    entries: tuple[str, str]  # mood and palette as entries of a list
    tail: tuple[str, str, str, str, str]  # the last entries of a list
    lens: str  # slot: mm
    negative: tuple[str, ...]
    negative_people: tuple[str, ...]


class ShotForms(NamedTuple):
    """How a shot list is said. More slots in `summary`: count, total, effect."""

    heading: str
    columns: tuple[str, str, str, str, str, str]  # number, framing and angle, movement, description, audio, duration
    seconds: str  # slot: n
    decimal: str
    music: str  # the slot of these three: what
    effect: str
    speech: str
    silent: str  # what stands in the place of speech where nobody speaks
    same: str  # what stands in the place of music that goes on
    inserts: tuple[str, str, str]  # shots that fit any story, as whole sentences
    summary_heading: str
    summary: tuple[str, str]
    rhythm: tuple[str, str, str]  # on the cut: brisk, even, unhurried
    prompt_heading: str


class DescriptionForms(NamedTuple):
    """How a description is said. More slots: title and hint in `titles`, effect, line and gist in their own forms."""

    titles: tuple[str, str, str]  # plain, with the moment, with the hint's own words
    opening: tuple[str, str]
    audio_opening: str
    mood: tuple[str, str]
    technical: str
    heard: str
    said: str
    asked: str
    call: tuple[str, str]


class Locale(NamedTuple):
    """Everything that is said in one language."""

    code: str
    space: str  # between sentences
    comma: str  # between entries of a list
    quotes: tuple[str, str]
    moments: dict[str, str]
    lights: dict[str, str]
    moods: dict[str, str]
    music: dict[str, str]  # by mood
    palettes: dict[str, str]
    framings: dict[str, str]
    angles: dict[str, str]
    movements: dict[str, str]
    prompt: PromptForms
    shots: ShotForms
    description: DescriptionForms
    stories: dict[str, Story]
