# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The words of the languages in which prompts are understood: a JSON file for each, read when it is first needed.

`ask` has the words by which a prompt asks for something, `say` the words of answers, `things` the names of what videos
show (the first is used in answers), and `themes` the name of each theme, two takeaways and two recommendations.
`questions` has what viewers might ask, in the order of their answers in `common.json`, and `advice` what always helps.
`function` has the words that tell the languages apart, and `called` the names of the language. `counts.json` has the
numbers from one to ten and some greater ones. `others.json` has words of the languages that are recognized and have no
words for answers here, and words of prompts that tell the eleven languages from those.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.content.extraction.vocabulary import SOLID, Found, Vocabulary
from mockserver.content.locales import CODES

_FOLDER = Path(__file__).parent
LONGEST = 3  # words of a field or an option
QUOTED = re.compile(r"[\"`'“„«「『]([^\"`'”“»」』\n]{1,40})[\"`'”“»」』]\s*(.*)", re.DOTALL)
_NEUTRAL = frozenset(("video", "clip", "json"))  # words of many languages


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
    questions: list[str]
    advice: list[str]
    themes: dict[str, list[str]]
    counts: dict[str, int]
    lists: Vocabulary

    def number(self, word: str) -> int:
        """Return the number that a word or digits stand for; 0 for another word."""
        return int(word) if word.isdecimal() else self.counts.get(word.lower(), 0)

    def joined(self, *keys: str) -> str:
        """Return a pattern of the words with some meanings, as "and" and "or"."""
        stems = [stem.replace("_", " ") for key in keys for stem in self.asked[key].split()] + list(keys)
        return "|".join(re.escape(stem) if SOLID.search(stem) else rf"\b{re.escape(stem)}\b" for stem in stems)

    def between(self, *keys: str) -> str:
        """Return the pattern between values in a list: a comma, or the words with some meanings."""
        joined = self.joined(*keys)
        return rf"\s*(?:[,،、，|/;](?:\s*(?:{joined}))?|{joined})\s*"

    def listed(self, text: str, *keys: str) -> list[str]:
        """Return the values in a list."""
        return [part.strip("\"'`“”„«»: []()") for part in re.split(self.between(*keys), text, flags=re.IGNORECASE)]

    def starts(self, text: str, *keys: str) -> bool:
        """Return whether the first word of a text has one of some meanings."""
        first = text.split(maxsplit=1)
        return bool(first) and self.ask.meaning(first[0].lower()) in keys

    def bare(self, text: str) -> str:
        """Return a text without the articles and prepositions in front. Numbers from two stay."""
        tokens = text.split()
        while tokens and tokens[0].lower() in self.function and self.number(tokens[0]) <= 1:
            tokens.pop(0)
        return " ".join(tokens)


@cache
def words(code: str) -> Words:
    """Return the words of a language, one of `CODES`."""
    data = _data(code)
    english = words("en") if code != "en" else None
    asked = (data["ask"], english.asked if english else {"array": "", "list": ""})
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
        questions=data["questions"],
        advice=data["advice"],
        themes=data["themes"],
        counts=_numbers(code, "en"),
        lists=Vocabulary.of({"list": " ".join(each[key] for each in asked for key in ("array", "list"))}),
    )


@cache
def _data(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_bytes())


def common() -> dict[str, Any]:
    """Return the words that are the same for all languages: they are found in a text whatever its language is."""
    data: dict[str, Any] = _data("common")
    return data


def bilingual(asks: str, answers: str) -> Words:
    """Return the words for a prompt in one language and an answer in another; English if there are none."""
    asked, answered = (words(code if code in CODES else "en") for code in (asks, answers))
    if asked is answered:
        return asked
    own = ("code", "names", "say", "questions", "advice", "themes")
    return asked._replace(**{name: getattr(answered, name) for name in own})


def _with(english: dict[str, str] | None, own: dict[str, str]) -> Vocabulary:
    both = [*own.items(), *(english or {}).items()]
    return Vocabulary((key, stems.split()) for key, stems in both)


@cache
def callings() -> Vocabulary:
    """Return the names of all languages by code, also of languages without other words here."""
    return Vocabulary.of(
        {code: words(code).called for code in CODES} | {code: each[0] for code, each in _others() if each[0]}
    )


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Return the words by which languages are told apart, also of languages without other words here."""
    telling = {code: frozenset(listed.split()) - _NEUTRAL for code, (_, listed) in _others()}
    return telling | {code: (words(code).function | telling.get(code, frozenset())) - _NEUTRAL for code in CODES}


def other_names() -> list[str]:
    """Return the names of the languages that are recognized and have no other words here."""
    return [name for _, (names, _) in _others() for name in names.split()]


@cache
def _others() -> list[tuple[str, tuple[str, str]]]:
    return [(code, (each["called"], each["function"])) for code, each in _data("others").items()]


def _numbers(*codes: str) -> dict[str, int]:
    counts = _data("counts")
    numbers: dict[str, int] = {}
    for code in codes:
        for place, each in enumerate(counts[code].split(), 1):
            spelled, _, number = each.partition("=")
            numbers |= {word: int(number or place) for word in spelled.split(",") if word not in numbers}
    return numbers


def elsewhere(text: str, code: str) -> list[Found]:
    """Return the words of `ask` in the language that has some: the one with this code, or another one."""
    return next((found for each in (code, *CODES) if (found := words(each).own.find(text))), [])
