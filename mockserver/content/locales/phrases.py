"""The shape of a language: which phrases each one must bring, and how the file that brings them is read.

What stands in `{}` in a form is a slot that the code fills. A form may use any of its slots, in the order its language
likes; with a capital first letter (Subject, Moment, ...) they are for the start of a sentence.
"""

import json
import string
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from mockserver.content.scene import ANGLES, FRAMINGS, LIGHTS, MOMENTS, MOVEMENTS, PALETTES
from mockserver.content.themes import MOODS, STORIES
from mockserver.source.suggestions import describe, did_you_mean, nearest

# A text that is annotated with names is a form with these slots, a dict one with these keys. A text without names is
# said as it stands.
_SPOKEN = ("subject", "moment", "light", "mood", "palette", "music")
SLOTS = (*_SPOKEN, *(name.capitalize() for name in _SPOKEN), "camera", "lens")
_MAY_BE_EMPTY = "may be empty"

Form = Annotated[str, SLOTS]
Heard = Annotated[str, (*SLOTS, "effect")]
Summary = Annotated[str, (*SLOTS, "effect", "count", "total")]
Technical = Annotated[str, (*SLOTS, "colors")]
Titled = Annotated[str, ("title",)]
Timed = Annotated[str, (*SLOTS, "title")]
Hinted = Annotated[str, ("title", "hint")]
Lens = Annotated[str, ("mm",)]
Seconds = Annotated[str, ("n",)]
Track = Annotated[str, ("what",)]
Line = Annotated[str, ("line",)]
Gist = Annotated[str, ("gist",)]


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

    opening: tuple[Form, Form]
    light: tuple[Form, Form]
    camera: tuple[Form, Form]
    color: tuple[Form, Form]
    motion: tuple[str, str]  # for platforms that make video
    still: tuple[str, str]  # for platforms that make pictures
    finish: tuple[str, str]
    entries: tuple[Form, Form]  # mood and palette as entries of a list
    tail: tuple[str, str, str, str, str]  # the last entries of a list
    lens: Lens
    negative: tuple[str, ...]
    negative_people: tuple[str, ...]


class ShotForms(NamedTuple):
    """How a shot list is said."""

    heading: str
    columns: tuple[str, str, str, str, str, str]  # number, framing and angle, movement, description, audio, duration
    seconds: Seconds
    decimal: str
    music: Track
    effect: Track
    speech: Track
    silent: str  # what stands in the place of speech where nobody speaks
    same: str  # what stands in the place of music that goes on
    inserts: tuple[str, str, str]  # shots that fit any story, as whole sentences
    summary_heading: str
    summary: tuple[Summary, Summary]
    rhythm: tuple[str, str, str]  # on the cut: brisk, even, unhurried
    prompt_heading: str


class DescriptionForms(NamedTuple):
    """How a description is said."""

    titles: tuple[Titled, Timed, Hinted]  # plain, with the moment, with the hint's own words
    opening: tuple[Form, Form]
    audio_opening: Heard
    mood: tuple[Form, Form]
    technical: Technical
    heard: Heard
    said: Line
    asked: Gist
    call: tuple[str, str]


class Locale(NamedTuple):
    """Everything that is said in one language; a file has the same keys, and lists for tuples."""

    code: str  # as in the name of the file
    space: Annotated[str, _MAY_BE_EMPTY]  # between sentences
    comma: str  # between entries of a list
    quotes: tuple[str, str]
    moments: Annotated[dict[str, str], MOMENTS]
    lights: Annotated[dict[str, str], LIGHTS]
    moods: Annotated[dict[str, str], MOODS]
    music: Annotated[dict[str, str], MOODS]  # by mood
    palettes: Annotated[dict[str, str], PALETTES]
    framings: Annotated[dict[str, str], FRAMINGS]
    angles: Annotated[dict[str, str], ANGLES]
    movements: Annotated[dict[str, str], MOVEMENTS]
    prompt: PromptForms
    shots: ShotForms
    description: DescriptionForms
    stories: Annotated[dict[str, Story], STORIES]


def read(path: Path) -> Locale:
    """The language that a file holds. Raises ValueError, which names the file and each key that is wrong in it."""
    wrong: list[str] = []
    found: Any = None
    try:
        found = _reading(Locale)(json.loads(path.read_bytes(), object_pairs_hook=_once), "", wrong)
    except ValueError as error:
        wrong.append(str(error))
    if not wrong and found.code != path.stem:
        wrong.append(f"code: it is {path.stem!r} by the name of the file, not {describe(found.code)}")
    if wrong:
        raise ValueError("\n".join(f"{path}: {told}" for told in wrong))
    language: Locale = found
    return language


# What reads a value: given the value, its key and the list of what is wrong so far.
_Reading = Callable[[object, str, list[str]], Any]


@cache
def _reading(kind: Any) -> _Reading:
    names: Any = ()
    if get_origin(kind) is Annotated:
        kind, names = get_args(kind)
    inner = get_args(kind)
    if kind is str:
        return partial(_text, names)
    if get_origin(kind) is dict:
        return partial(_mapping, dict, dict.fromkeys(names, _reading(inner[1])))
    if get_origin(kind) is tuple:
        endless = inner[-1] is ...
        return partial(_list, _reading(inner[0]) if endless else None, [] if endless else [_reading(k) for k in inner])
    fields = get_type_hints(kind, include_extras=True)
    return partial(_mapping, lambda read: kind(**read), {name: _reading(field) for name, field in fields.items()})


def _text(slots: tuple[str, ...] | str, value: object, at: str, wrong: list[str]) -> object:
    if not isinstance(value, str):
        wrong.append(f"{at}: a text is needed, not {describe(value)}")
    elif not value and slots != _MAY_BE_EMPTY:
        wrong.append(f"{at}: the text is empty")
    elif "{" in value or "}" in value:
        wrong += [f"{at}: {told}" for told in _unfilled(value, () if isinstance(slots, str) else slots)]
    return value


def _unfilled(form: str, slots: tuple[str, ...]) -> Iterable[str]:
    if not slots:
        return ["nothing is filled in here: the text has no braces"]
    try:
        parts = [part for part in string.Formatter().parse(form) if part[1] is not None]
    except ValueError as error:
        return [f"{str(error).lower()} in {describe(form)}"]
    found = [f"{name}{'!' + how if how else ''}{':' + spec if spec else ''}" for _, name, spec, how in parts]
    return [f"{{{name}}} is not filled{did_you_mean(name, slots)}" for name in found if name not in slots]


def _mapping(
    made: Callable[[dict[str, Any]], Any], keys: dict[str, _Reading], value: object, at: str, wrong: list[str]
) -> object:
    if not isinstance(value, dict):
        wrong.append(f"{at or 'the file'}: a mapping is needed, not {describe(value)}")
        return None
    within = f"{at}." if at else ""
    if value.keys() != keys.keys():
        missing = [key for key in keys if key not in value]
        unknown = [key for key in value if key not in keys]
        wrong += [f"{within}{key}: unknown key{did_you_mean(key, missing or keys)}" for key in unknown]
        meant = {nearest(key, missing) for key in unknown}
        wrong += [f"{within}{key}: missing" for key in missing if key not in meant]
    read = {key: keys[key](part, within + key, wrong) for key, part in value.items() if key in keys}
    return made(read) if len(read) == len(keys) else None


def _list(every: _Reading | None, each: list[_Reading], value: object, at: str, wrong: list[str]) -> object:
    if not isinstance(value, list):
        wrong.append(f"{at}: a list is needed, not {describe(value)}")
        return None
    if not value:
        wrong.append(f"{at}: the list is empty")
    elif every is None and len(value) != len(each):
        wrong.append(f"{at}: {len(each)} entries are needed, not {len(value)}")
    readings = each if every is None else [every] * len(value)
    return tuple(
        reading(part, f"{at}[{n}]", wrong) for n, (reading, part) in enumerate(zip(readings, value, strict=False))
    )


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)}: the key is there twice")
    return found
