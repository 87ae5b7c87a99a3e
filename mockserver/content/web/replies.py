"""What a language model writes in a conversation, and passages of texts that fit a question."""

import re
from collections.abc import Sequence

from mockserver.content.web import words
from mockserver.content.web.documents import DocumentFacts, document_from
from mockserver.content.web.pages import Page, address, page_of
from mockserver.core.seeded import Seeded

_WORD = re.compile(r"[^\W_]{3,}")
_PASSAGE = 600


def tokens(text: str) -> int:
    """Return about the number of tokens of a text."""
    return max(1, len(text.encode()) // 4)


def reply(seeded: Seeded, question: str, before: Sequence[str], *, as_json: bool) -> str:
    """Return the reply to a question, with `as_json` as JSON. `before` are earlier questions of the conversation."""
    topic = _subject(question)
    if as_json or "json" in question.lower():
        return _data(seeded, question, topic, as_json=as_json)
    own, lists = seeded.child("reply", question), words("pages")
    opening = str(own.choice(lists["openings"], "opening")).format(topic=topic)
    if before:
        opening = f"To continue from “{_subject(before[-1])}”: {opening}"
    points = own.sample(lists["advice"], 3, "advice")
    return "\n".join([opening, "", *(f"{number}. {point}" for number, point in enumerate(points, 1))])


def _data(seeded: Seeded, question: str, topic: str, *, as_json: bool) -> str:
    from mockserver.content.extraction.answers import answer

    page = page_of(seeded, address(seeded, topic, "guides", 1))
    document = document_from(page.seeded, [_essay(page)], page.title, page.author)
    return answer(page.seeded, question, topic, 0, as_json, lambda *given: DocumentFacts([document], *given)).text


def _subject(question: str) -> str:
    """Return what a question is about: its words without those that only ask."""
    found = question.strip(" ?!.\n").split()[:40]
    asking = {*words("pages")["filler"], *words("pages")["asking"]}
    start = next((i for i, word in enumerate(found) if word.lower().strip(",") not in asking), 0)
    return " ".join(found[start : start + 9]).strip(" ,.;:?!")[:80] or "your question"


def passages(text: str) -> list[str]:
    """Return a text in passages of some hundred characters, split between sentences where there are any."""
    parts, current = [], ""
    for sentence in re.split(r"(?<=[.!?。])\s+|\n+", text):
        for piece in (sentence[at : at + _PASSAGE] for at in range(0, len(sentence), _PASSAGE)):
            if current and len(current) + len(piece) >= _PASSAGE:
                parts.append(current)
                current = ""
            current = f"{current} {piece}".strip()
    return [*parts, current] if current else parts


def similarity(question: str, passage: str) -> float:
    """Return how well a passage fits a question, from 0.1 to 0.95: the share of the question's words that are in it."""
    asked, there = set(_keywords(question)), set(_keywords(passage))
    return round(0.1 + 0.85 * len(asked & there) / len(asked), 4) if asked else 0.1


def _keywords(text: str) -> list[str]:
    return [word for word in _WORD.findall(text[:4_000].lower()) if word not in words("pages")["filler"]]


def _essay(page: Page) -> str:
    return " ".join([page.description, *(sentence for _, listed in page.sections for sentence in listed)])
