"""The phrases of a language: which ones its file must contain, and how the file is read and checked.

A form is a phrase with slots in `{}`, which the code fills. It can use any of its slots in any order. Slots with a
capital first letter (Subject, Moment, ...) are for the start of a sentence.
"""

import json
import string
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from mockserver.content.scene import ANGLES, DETAILS, FRAMINGS, LIGHTS, MOMENTS, MOVEMENTS, PALETTES
from mockserver.content.themes import MOODS, STORIES, TONES
from mockserver.source.suggestions import describe, did_you_mean, nearest

# A string annotated with names is a form with these slots; a dict annotated with names has these keys. A string without
# names is used as it is.
_SPOKEN = ("subject", "detail", "moment", "light", "mood", "palette", "music")
SLOTS = (*_SPOKEN, *(name.capitalize() for name in _SPOKEN), "camera", "lens")
_MAY_BE_EMPTY = "may be empty"

Form = Annotated[str, SLOTS]
Heard = Annotated[str, (*SLOTS, "effect")]
Summary = Annotated[str, (*SLOTS, "effect", "count", "total")]
Technical = Annotated[str, (*SLOTS, "colors")]
Titled = Annotated[str, ("title",)]
Detailed = Annotated[str, ("subject", "detail")]
Timed = Annotated[str, (*SLOTS, "title")]
Hinted = Annotated[str, ("title", "hint")]
Lens = Annotated[str, ("mm",)]
Seconds = Annotated[str, ("n",)]
Track = Annotated[str, ("what",)]
Lit = Annotated[str, ("light", "accent")]
Line = Annotated[str, ("line",)]
Mention = Annotated[str, ("words",)]


class Story(NamedTuple):
    """One story in one language. Its phrases are complete, so that their grammar does not depend on other phrases."""

    subject: str  # a noun phrase that can open a sentence, no full stop
    title: str
    beats: tuple[str, str, str, str, str]  # what happens, as whole sentences, in order
    effects: tuple[str, str]  # sounds, as noun phrases
    said: tuple[str, str]  # spoken lines of a narrator or of a person in the video
    tags: str  # six, a comma and a space between them in every language


class PromptForms(NamedTuple):
    """The phrases of a prompt."""

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
    """The phrases of a shot list."""

    heading: str
    columns: tuple[str, str, str, str, str, str]  # number, framing and angle, movement, description, audio, duration
    seconds: Seconds
    decimal: str
    music: Track
    effect: Track
    speech: Track
    silent: str  # replaces the speech if nobody speaks
    changes: tuple[Track, Track, Track, Track]  # how the music changes after the first shot; the last one ends it
    distances: tuple[Track, Track, Track]  # how near the effect is in later shots
    light: Lit  # the light of a shot, as a whole sentence
    accents: tuple[str, str, str, str, str, str]  # how the light falls in a shot
    inserts: tuple[str, str, str]  # shots that fit any story, as whole sentences
    summary_heading: str
    summary: tuple[Summary, Summary]
    rhythm: tuple[str, str, str]  # about the cut: fast, medium, slow
    prompt_heading: str


class DescriptionForms(NamedTuple):
    """The phrases of a description."""

    titles: tuple[Titled, Timed, Timed, Hinted]  # plain, with the detail, with detail and moment, with the hint's words
    opening: tuple[Form, Form]
    audio_opening: Heard
    mood: tuple[Form, Form]
    technical: Technical
    heard: Heard
    said: Line
    mention: Mention  # names the words that instructions ask for
    call: tuple[str, str]
    action: str  # what viewers should do next
    tones: Annotated[dict[str, tuple[str, str]], TONES]  # the first and last sentence in each tone


class Locale(NamedTuple):
    """All phrases of one language. Its file has the same keys, and lists for tuples."""

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
    detailed: Detailed  # a story's subject with a detail: a noun phrase
    articles: Annotated[str, _MAY_BE_EMPTY]  # with which details can begin, separated by spaces; tags leave them out
    details: Annotated[dict[str, str], DETAILS]  # noun phrases
    prompt: PromptForms
    shots: ShotForms
    description: DescriptionForms
    stories: Annotated[dict[str, Story], STORIES]


def read(path: Path) -> Locale:
    """Read the file of a language. Raises ValueError with a line for each error, which names the file and the key."""
    errors: list[str] = []
    value: Any = None
    try:
        value = _reader(Locale)(json.loads(path.read_bytes(), object_pairs_hook=_without_duplicates), "", errors)
    except ValueError as error:
        errors.append(str(error))
    if not errors and value.code != path.stem:
        errors.append(f"code: must be {path.stem!r} like the name of the file, not {describe(value.code)}")
    if errors:
        raise ValueError("\n".join(f"{path}: {error}" for error in errors))
    language: Locale = value
    return language


# A function that checks and converts a value. It gets the value, its key, and the list that it adds errors to.
_Reader = Callable[[object, str, list[str]], Any]


@cache
def _reader(kind: Any) -> _Reader:
    names: Any = ()
    if get_origin(kind) is Annotated:
        kind, names = get_args(kind)
    inner = get_args(kind)
    if kind is str:
        return partial(_text, names)
    if get_origin(kind) is dict:
        return partial(_mapping, dict, dict.fromkeys(names, _reader(inner[1])))
    if get_origin(kind) is tuple:
        endless = inner[-1] is ...
        return partial(_list, _reader(inner[0]) if endless else None, [] if endless else [_reader(k) for k in inner])
    fields = get_type_hints(kind, include_extras=True)
    return partial(_mapping, lambda read: kind(**read), {name: _reader(field) for name, field in fields.items()})


def _text(slots: tuple[str, ...] | str, value: object, at: str, errors: list[str]) -> object:
    if not isinstance(value, str):
        errors.append(f"{at}: must be a string, not {describe(value)}")
    elif not value and slots != _MAY_BE_EMPTY:
        errors.append(f"{at}: must not be empty")
    elif "{" in value or "}" in value:
        errors += [f"{at}: {error}" for error in _slot_errors(value, () if isinstance(slots, str) else slots)]
    return value


def _slot_errors(form: str, slots: tuple[str, ...]) -> Iterable[str]:
    if not slots:
        return ["this phrase has no slots, so it must not contain braces"]
    try:
        parts = [part for part in string.Formatter().parse(form) if part[1] is not None]
    except ValueError as error:
        return [f"{str(error).lower()} in {describe(form)}"]
    names = [f"{name}{'!' + how if how else ''}{':' + spec if spec else ''}" for _, name, spec, how in parts]
    return [f"unknown slot {{{name}}}{did_you_mean(name, slots)}" for name in names if name not in slots]


def _mapping(
    create: Callable[[dict[str, Any]], Any], keys: dict[str, _Reader], value: object, at: str, errors: list[str]
) -> object:
    if not isinstance(value, dict):
        errors.append(f"{at or 'the file'}: must be a mapping, not {describe(value)}")
        return None
    within = f"{at}." if at else ""
    if value.keys() != keys.keys():
        missing = [key for key in keys if key not in value]
        unknown = [key for key in value if key not in keys]
        errors += [f"{within}{key}: unknown key{did_you_mean(key, missing or keys)}" for key in unknown]
        meant = {nearest(key, missing) for key in unknown}
        errors += [f"{within}{key}: missing key" for key in missing if key not in meant]
    read = {key: keys[key](part, within + key, errors) for key, part in value.items() if key in keys}
    return create(read) if len(read) == len(keys) else None


def _list(every: _Reader | None, each: list[_Reader], value: object, at: str, errors: list[str]) -> object:
    if not isinstance(value, list):
        errors.append(f"{at}: must be a list, not {describe(value)}")
        return None
    if not value:
        errors.append(f"{at}: must not be empty")
    elif every is None and len(value) != len(each):
        errors.append(f"{at}: must have {len(each)} entries, not {len(value)}")
    readers = each if every is None else [every] * len(value)
    return tuple(
        reader(part, f"{at}[{n}]", errors) for n, (reader, part) in enumerate(zip(readers, value, strict=False))
    )


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)}: duplicate key")
    return mapping
