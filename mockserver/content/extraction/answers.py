"""What DumplingAI answers: what a prompt asks to extract from a video, as text or as JSON in a string."""

import json
import re

from mockserver.content import hints
from mockserver.content.extraction import fields, sections
from mockserver.content.extraction.footage import Footage
from mockserver.content.extraction.sections import Section
from mockserver.content.extraction.values import values
from mockserver.content.scene import Scene
from mockserver.core.seeded import Seeded

_READ = 4000  # characters of a prompt that are looked at
_YES_OR_NO = (
    r"(?i)\s*(?:is|are|was|were|does|do|did|can|could|has|have) "
    r"(?:there|the|this|that|it|any\w*|some\w*|he|she|they|you|we|people|an?)\b[^.!]*\?"
)
_HOW_MANY = r"(?i)\b(?:how many|(?:count|number of)(?: all)?(?: the)?) ([a-z]{3,20})\b"
# Prompts speak of speakers, products and people whatever the video is about; a prompt on one of these is on the video.
_TELLING = frozenset(("ocean", "mountain", "nature", "cooking", "sport", "pets"))
_UNSEEN = "There is no clear sign of that in the video."


def extract(seeded: Seeded, prompt: str, hint: str, duration_s: float, json_mode: bool = False) -> str:
    """The answer to `prompt` about the video that `hint` (its URL or file name) names, `duration_s` seconds long.

    The words of the prompt decide on the parts of the answer; a prompt that names none gets a summary and the main
    events. In `json_mode` it is JSON in a string: its keys are the fields that the prompt names, else the names of
    the parts. Every timestamp lies within the video. Answers are in English, whatever the prompt's language.
    """
    asked = prompt[:_READ]
    footage = Footage(Scene.of(seeded, hint, _subject(asked)), seeded, min(max(duration_s, 0.0), 86_400.0))
    named = fields.named_in(asked)
    if json_mode:
        answer = values(footage, named) if named else _answers(footage, asked)
        return json.dumps(answer, ensure_ascii=False, indent=2)
    if named:
        return _fields_as_text(values(footage, named))
    return _text(footage, asked)


def _subject(prompt: str) -> str | None:
    """What the video must be about for the prompt to make sense: "list the ingredients of this recipe"."""
    subject = hints.read(prompt).subject
    return subject if subject is not None and subject.partition(".")[0] in _TELLING else None


def _answers(footage: Footage, prompt: str) -> dict[str, object]:
    counted, rest = _counted(footage, prompt)
    answer: dict[str, object] = {"answer": _UNSEEN} if _doubtful(prompt) else dict(counted)
    parts = sections.asked_for(rest) if counted else _parts(prompt)
    return answer | {part.name: part.content(footage) for part in parts}


def _text(footage: Footage, prompt: str) -> str:
    if _doubtful(prompt):
        return f"{_UNSEEN} {footage.summary()}"
    counted, rest = _counted(footage, prompt)
    lines = [_count_sentence(noun, count) for noun, count in counted.items()]
    parts = sections.asked_for(rest) if counted else _parts(prompt)
    bodies = [_body(part.content(footage)) for part in parts]
    if len(parts) == 1 and not counted:
        lead = "The main events of the video, in order:\n" if parts[0].name == "events" else ""
        return lead + bodies[0]
    return "\n\n".join(lines + [f"**{part.heading}**\n{body}" for part, body in zip(parts, bodies, strict=True)])


def _parts(prompt: str) -> list[Section]:
    return sections.asked_for(prompt) or [sections.named("summary"), sections.named("events")]


def _counted(footage: Footage, prompt: str) -> tuple[dict[str, int], str]:
    """What the prompt wants counted, at most five things, and what is left of the prompt."""
    nouns = [noun.lower() for noun in re.findall(_HOW_MANY, prompt)][:5]
    return {noun: footage.count_of(noun) for noun in nouns}, re.sub(_HOW_MANY, " ", prompt)


def _count_sentence(noun: str, count: int) -> str:
    if count == 0:
        return f"No {noun} can be seen in the video."
    if count == 1:
        return f"One {'person' if noun == 'people' else noun.removesuffix('s')} can be seen in the video."
    return f"{'About ' if count > 20 else ''}{count} {noun} can be seen in the video."


def _doubtful(prompt: str) -> bool:
    """Whether this is a question of yes or no on something that the sections do not cover."""
    return bool(re.match(_YES_OR_NO, prompt)) and not sections.asked_for(prompt)


def _fields_as_text(found: object) -> str:
    if isinstance(found, dict) and not any(isinstance(value, (list, dict)) for value in found.values()):
        return _body(found)
    if isinstance(found, dict) and len(found) > 1:
        return "\n\n".join(f"**{_label(key)}**\n{_body(value)}" for key, value in found.items())
    rows = next(iter(found.values())) if isinstance(found, dict) else found
    return _body(rows)


def _body(content: object) -> str:
    if isinstance(content, list) and content:
        return "\n".join(f"- {_line(entry)}" for entry in content)
    if isinstance(content, dict):
        return "\n".join(f"- {_label(key)}: {_inline(value)}" for key, value in content.items())
    return _inline(content)


def _line(entry: object) -> str:
    if not isinstance(entry, dict):
        return _inline(entry)
    if entry.keys() == {"start", "end", "description"}:
        return f"[{entry['start']}–{entry['end']}] {entry['description']}"
    if entry.keys() == {"quote", "speaker", "timestamp"}:
        return f"“{entry['quote']}” — {entry['speaker']}, {entry['timestamp']}"
    if entry.keys() == {"timestamp", "speaker", "text"}:
        return f"[{entry['timestamp']}] {entry['speaker']}: {entry['text']}"
    return "; ".join(f"{_label(key)}: {_inline(value)}" for key, value in entry.items())


def _inline(value: object) -> str:
    if isinstance(value, list) and value:
        return ", ".join(map(_inline, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "not found in the video" if value is None or value == [] else str(value)


def _label(key: str) -> str:
    return key.replace("_", " ").capitalize()
