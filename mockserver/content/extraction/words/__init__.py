"""The words of the languages in which prompts are understood: a JSON file for each, read when it is first needed.

`ask` has the words by which a prompt asks for something, `say` the words of answers, `things` the names of what videos
show (the first is used in answers), and `themes` the name of each theme, two takeaways and two recommendations.
`function` has the words that tell the languages apart, and `called` the names of the language.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mockserver.content.extraction.vocabulary import Vocabulary
from mockserver.content.locales import CODES

_FOLDER = Path(__file__).parent


class Words(NamedTuple):
    """The words of one language. `ask` and `things` also have the English ones, which prompts use for keys."""

    code: str
    function: frozenset[str]
    called: str
    asked: dict[str, str]
    own: Vocabulary
    wh: Vocabulary
    ask: Vocabulary
    things: Vocabulary
    names: dict[str, str]
    say: dict[str, str]
    themes: dict[str, list[str]]


@cache
def words(code: str) -> Words:
    """Return the words of a language, one of `CODES`."""
    data = json.loads((_FOLDER / f"{code}.json").read_bytes())
    english = words("en") if code != "en" else None
    things = {key: names.split("|") for key, names in data["things"].items()}
    listed = [(key, [name.replace(" ", "_") for name in names]) for key, names in things.items()]
    return Words(
        code=code,
        function=frozenset(data["function"].split()),
        called=data["called"],
        asked=data["ask"],
        wh=Vocabulary.of({"wh": f"{data['ask']['wh']} {english.asked['wh'] if english else ''}"}),
        own=Vocabulary.of(data["ask"]),
        ask=_with(english and english.asked, data["ask"]),
        things=Vocabulary(listed + [(key, [f"{name}"]) for key, name in (english.names if english else {}).items()]),
        names={key: names[0] for key, names in things.items()},
        say=data["say"],
        themes=data["themes"],
    )


def bilingual(asks: str, answers: str) -> Words:
    """Return the words for a prompt in one language and an answer in another; English if there are none."""
    asked, answered = (words(code if code in CODES else "en") for code in (asks, answers))
    if asked is answered:
        return asked
    return asked._replace(code=answered.code, names=answered.names, say=answered.say, themes=answered.themes)


def _with(english: dict[str, str] | None, own: dict[str, str]) -> Vocabulary:
    both = [*own.items(), *(english or {}).items()]
    return Vocabulary((key, stems.split()) for key, stems in both)


@cache
def callings() -> Vocabulary:
    """Return the names of all languages, by code."""
    return Vocabulary.of({code: words(code).called for code in CODES})


@cache
def counts() -> Vocabulary:
    """Return the words for small numbers in all languages."""
    return Vocabulary.of(json.loads((_FOLDER / "counts.json").read_bytes()))


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Return the words by which languages in the Latin script are told apart, also of some without other words here."""
    others = json.loads((_FOLDER / "others.json").read_bytes())
    latin = {code: words(code).function for code in CODES if words(code).function}
    return latin | {code: frozenset(listed.split()) for code, listed in others.items()}
