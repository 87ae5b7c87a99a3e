"""Results of DumplingAI: the answer to a prompt about a video, as text or as JSON in a string."""

import json
import re

from mockserver.content import hints
from mockserver.content.extraction import fields, sections
from mockserver.content.extraction.footage import Footage
from mockserver.content.extraction.sections import Section
from mockserver.content.extraction.values import values
from mockserver.content.scene import Scene
from mockserver.core.seeded import Seeded

_MAX_READ = 4000  # characters of a prompt that are used
_YES_OR_NO = (
    r"(?i)\s*(?:is|are|was|were|does|do|did|can|could|has|have) "
    r"(?:there|the|this|that|it|any\w*|some\w*|he|she|they|you|we|people|an?)\b[^.!]*\?"
)
_HOW_MANY = r"(?i)\b(?:how many|(?:count|number of)(?: all)?(?: the)?) ([a-z]{3,20})\b"
# Themes that a prompt only mentions if the video is about them. Any prompt can ask for speakers, products or people.
_SPECIFIC_THEMES = frozenset(("ocean", "mountain", "nature", "cooking", "sport", "pets"))
_NOT_IN_VIDEO = "There is no clear sign of that in the video."


def extract(seeded: Seeded, prompt: str, hint: str, duration_s: float, json_mode: bool = False) -> str:
    """Answer `prompt` about the video that `hint` (its URL or file name) describes, `duration_s` seconds long.

    The words of the prompt select the sections of the answer. A prompt that selects none gets a summary and the main
    events. In `json_mode` the answer is JSON in a string. Its keys are the fields that the prompt names, or the names
    of the sections. Every timestamp is within the video. Answers are always in English.
    """
    read = prompt[:_MAX_READ]
    footage = Footage(Scene.of(seeded, hint, _subject(read)), seeded, min(max(duration_s, 0.0), 86_400.0))
    named = fields.named_in(read)
    if json_mode:
        answer = values(footage, named) if named else _answers(footage, read)
        return json.dumps(answer, ensure_ascii=False, indent=2)
    if named:
        return _fields_as_text(values(footage, named))
    return _text(footage, read)


def _subject(prompt: str) -> str | None:
    """Return the subject that the prompt implies, as in "list the ingredients of this recipe", or None."""
    subject = hints.read(prompt).subject
    return subject if subject is not None and subject.partition(".")[0] in _SPECIFIC_THEMES else None


def _answers(footage: Footage, prompt: str) -> dict[str, object]:
    counted, rest = _counted(footage, prompt)
    answer: dict[str, object] = {"answer": _NOT_IN_VIDEO} if _doubtful(prompt) else dict(counted)
    parts = sections.asked_for(rest) if counted else _parts(prompt)
    return answer | {part.name: part.content(footage) for part in parts}


def _text(footage: Footage, prompt: str) -> str:
    if _doubtful(prompt):
        return f"{_NOT_IN_VIDEO} {footage.summary()}"
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
    """Return the counts that the prompt asks for, at most five, and the prompt without them."""
    nouns = [noun.lower() for noun in re.findall(_HOW_MANY, prompt)][:5]
    return {noun: footage.count_of(noun) for noun in nouns}, re.sub(_HOW_MANY, " ", prompt)


def _count_sentence(noun: str, count: int) -> str:
    if count == 0:
        return f"No {noun} can be seen in the video."
    if count == 1:
        return f"One {'person' if noun == 'people' else noun.removesuffix('s')} can be seen in the video."
    return f"{'About ' if count > 20 else ''}{count} {noun} can be seen in the video."


def _doubtful(prompt: str) -> bool:
    """Return True for a yes-or-no question about something that no section covers."""
    return bool(re.match(_YES_OR_NO, prompt)) and not sections.asked_for(prompt)


def _fields_as_text(answer: object) -> str:
    if isinstance(answer, dict) and not any(isinstance(value, (list, dict)) for value in answer.values()):
        return _body(answer)
    if isinstance(answer, dict) and len(answer) > 1:
        return "\n\n".join(f"**{_label(key)}**\n{_body(value)}" for key, value in answer.items())
    rows = next(iter(answer.values())) if isinstance(answer, dict) else answer
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
