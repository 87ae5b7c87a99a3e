# ruff: noqa: RUF001 — marks of other scripts are meant.
"""Results of DumplingAI: the answer to a prompt about a video, in the form and the language of the prompt."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from mockserver.content.extraction import writing
from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.forms import Form, form_of
from mockserver.content.extraction.language import languages_of
from mockserver.content.extraction.one_answer import Answer
from mockserver.content.extraction.words import Words, bilingual
from mockserver.content.instructions.patterns import HASHTAGS, has
from mockserver.content.locales import CODES
from mockserver.content.scene import Scene
from mockserver.core.seeded import Seeded

_MAX_READ = 4000  # characters of a prompt that are used
_LONGEST_VIDEO = 86_400.0
_MOST_QUESTIONS = 20
_YAML = re.compile(r"(?<![^\W_])ya?ml(?![^\W_])", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.。!！?？؟\n]+[?？؟]?")

# Creates facts from a scene, a seed, a length in seconds and the words of a language.
About = Callable[[Scene, Seeded, float, Words], Facts]


class Result(NamedTuple):
    """The answer to a prompt: its text, its language, and whether the prompt asks for a form.

    `foreign`: there are no phrases in the language of the prompt, so that the answer is in English.
    """

    text: str
    language: str
    formed: bool
    foreign: bool


def extract(seeded: Seeded, prompt: str, hint: str, duration_s: float, json_mode: bool = False) -> str:
    """Return the text of the `answer`."""
    return answer(seeded, prompt, hint, duration_s, json_mode).text


def answer(
    seeded: Seeded, prompt: str, hint: str, duration_s: float, json_mode: bool = False, about: About = Facts
) -> Result:
    """Answer `prompt` about the video that `hint` (its URL or file name) describes, `duration_s` seconds long.

    `about` creates the facts, if the prompt is about something else than a video.

    The prompt decides the form and the language of the answer, never what the video shows: that follows from `seeded`
    and `hint`. In `json_mode` the answer is JSON in a string. Every time is within the video.
    """
    read = prompt[:_MAX_READ]
    asks, answers = languages_of(read)
    language = bilingual(asks, answers)
    facts = about(Scene.of(seeded, hint), seeded, min(max(duration_s, 0.0), _LONGEST_VIDEO), language)
    form = form_of(read, language)
    facts.hashtags = has(HASHTAGS, read)
    asked = {found.key for found in language.ask.find(read)}
    facts.answers, facts.times = "answer" in asked, not {"without", "time"} <= asked
    facts.length = form.amounts["sentences"].number if "sentences" in form.amounts else facts.length
    text = _written(facts, form, read, json_mode) or facts.words.say["none"]
    formed = form.style != "text" or form.shape is not None or bool(form.amounts)
    return Result(text, language.code, formed, answers not in CODES)


def _questions(facts: Facts, form: Form, prompt: str) -> list[tuple[str, str]]:
    """Return the questions of a prompt with their answers, if it has several and asks for no other form."""
    if form.style != "text" or form.shape is not None:
        return []
    parts: list[tuple[str, Answer]] = []
    for question in [part for part in _SENTENCE.findall(prompt) if part[-1] in "?？؟"][:_MOST_QUESTIONS]:
        # "Is there a dog? How many?": what names nothing on its own is about the question before.
        whole = question if not parts or facts.known(question) else f"{question} {parts[-1][0]}"
        parts.append((question, Answer(facts, form_of(whole, facts.words), whole)))
    several = len(parts) > 1 and any(part.is_closed() for _, part in parts)
    return [(question.strip(), part.text()) for question, part in parts] if several else []


def _written(facts: Facts, form: Form, prompt: str, json_mode: bool) -> str:
    """Return an answer as text, or as a document in JSON or YAML."""
    as_yaml = not json_mode and _YAML.search(prompt) is not None
    as_data = json_mode or as_yaml or form.style == "json"
    value: Any
    if questions := _questions(facts, form, prompt):
        rows = [{"question": question, "answer": text} for question, text in questions]
        value = rows if as_data else writing.listed([text for _, text in questions], "numbered")
    else:
        own = Answer(facts, form, prompt)
        value = own.data() if as_data else own.text()
    if as_yaml:
        return writing.yaml(value)
    return json.dumps(value, ensure_ascii=False, indent=2) if json_mode or not isinstance(value, str) else value
