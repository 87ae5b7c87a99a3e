"""What a language model writes in a conversation, and passages of texts that fit a question."""

import re
from collections.abc import Sequence
from typing import Any

from mockserver.content.web.documents import DocumentFacts, document_from
from mockserver.content.web.pages import Page, address, page_of
from mockserver.core.seeded import Seeded

_WORD = re.compile(r"[^\W_]{3,}")
_PASSAGE = 600
_FILLER = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "what",
        "who",
        "how",
        "why",
        "when",
        "where",
        "which",
        "are",
        "was",
        "were",
        "can",
        "you",
        "your",
        "please",
        "tell",
        "give",
        "about",
        "from",
        "that",
        "this",
        "into",
        "have",
        "has",
        "our",
        "write",
        "make",
    ]
)


def tokens(text: str) -> int:
    """Return about the number of tokens of a text."""
    return max(1, len(text.encode()) // 4)


def reply(seeded: Seeded, question: str, before: Sequence[str], *, as_json: bool) -> Any:
    """Return the reply to a question, as text or as data. `before` are earlier questions of the conversation."""
    from mockserver.content.extraction.answers import answer

    topic = " ".join(_keywords(question)[:6]) or "your question"
    page = page_of(seeded, address(seeded, topic, "guides", 1))
    if as_json or "json" in question.lower():
        document = document_from(page.seeded, [_essay(page)], page.title, page.author)
        about = lambda *given: DocumentFacts([document], *given)  # noqa: E731 - as `answers.About`
        return answer(page.seeded, question, topic, 0, as_json, about).text
    earlier = _keywords(before[-1])[:4] if before else []
    opening = f"To continue from {' '.join(earlier)}: " if earlier else ""
    sentences = [sentence for _, listed in page.sections[:2] for sentence in listed[:2]]
    return f"{opening}{page.description} {' '.join(sentences)}"


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
    return [word for word in _WORD.findall(text[:4_000].lower()) if word not in _FILLER]


def _essay(page: Page) -> str:
    return " ".join([page.description, *(sentence for _, listed in page.sections for sentence in listed)])
