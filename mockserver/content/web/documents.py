# ruff: noqa: RUF001 — punctuation of other scripts is meant.
"""Documents: their pages, and the facts about them that prompts ask for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.rows import Fact
from mockserver.content.extraction.words import Words
from mockserver.content.scene import Scene
from mockserver.content.web.pages import Page, capital
from mockserver.core.seeded import Seeded

_LINE = 88
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n{2,}")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b[A-Z][a-z]{2,8} \d{1,2}, \d{4}\b")
_AMOUNT = re.compile(r"(?:[$€£]|USD|EUR) ?\d[\d,]*(?:\.\d+)?|(?<![\d,])\d[\d,]{0,14}\.\d{2}(?= ?(?:[$€£]|USD|EUR))")
_ENDS = ".!?。！？"
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Document:
    """A document: its title, its author, and the text of each page."""

    title: str
    author: str
    pages: Sequence[str]
    seeded: Seeded

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n\n".join(self.pages)

    @property
    def sentences(self) -> list[str]:
        """The sentences of the first pages, each on one line."""
        return [line for part in _SENTENCE.split(self.text[:40_000]) if (line := " ".join(part.split()))]


def document_of(page: Page, count: int) -> Document:
    """Return the document at a URL, with `count` pages. The first one is what the page at the URL says."""
    pages = [page, *(each for each in page.links for _ in range(3))]
    texts = [_sheet(pages[number % len(pages)], number + 1, count) for number in range(count)]
    return Document(page.title, page.author, texts, page.seeded)


def page_count(seeded: Seeded, url: str) -> int:
    """Return the number of pages of the document at a URL."""
    return seeded.integer(1, 12, "pages", url)


def document_from(seeded: Seeded, pages: Sequence[str], title: str = "", author: str = "") -> Document:
    """Return a document with this text."""
    first = next((line.strip() for text in pages for line in text.splitlines() if line.strip()), "")
    return Document(title or first[:100] or "Untitled", author, pages, seeded)


def selected(pages: Sequence[str], choice: str) -> list[str]:
    """Return the pages that a text such as `1, 2-5, !1` selects; `!1` is the last one. All, if it is empty."""
    count, numbers = len(pages), list[int]()
    for part in filter(None, re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", choice.strip()))):
        first, _, last = part.partition("-")
        low = _number(first, count)
        numbers += range(low, min(_number(last or first, count), count) + 1)
    return [pages[n - 1] for n in dict.fromkeys(numbers) if 1 <= n <= count] if choice.strip() else list(pages)


class DocumentFacts(Facts):
    """What prompts ask about documents, in place of what videos show."""

    def __init__(
        self, documents: Sequence[Document], scene: Scene, seeded: Seeded, seconds: float, language: Words
    ) -> None:
        super().__init__(scene, seeded, seconds, language)
        self._all = documents
        lines = [line for each in documents for line in each.sentences]
        # Titles and bylines are no sentences. A text without sentences, such as a table, has only lines.
        self._sentences = [line for line in lines if line[-1] in _ENDS] or lines or [self._all[0].title]
        self._lines = lines

    def of(self, concept: str) -> Any:
        """Return the fact for a concept, or None if documents have none."""
        fact = _FACTS.get(concept)
        return fact(self) if fact else None

    def rows(self, concept: str) -> list[Fact]:
        """Return the rows for a concept; none for a fact that is not a list."""
        if concept == "products":
            return self.products()
        fact = self.of(concept)
        also = {"text": "name", "title": "name", "description": "name", concept: "name"}
        return (
            [Fact(also, {"number": n}, name=each) for n, each in enumerate(fact, 1)] if isinstance(fact, list) else []
        )

    def events(self) -> list[Fact]:
        """Return the main sentences, as the rows of an answer."""
        return self.rows("takeaways")

    def holds(self, flag: str) -> bool | None:
        """Return whether a statement about the documents is true."""
        return {
            "safe": True,
            "unsafe": False,
            "people": bool(self._authors()),
            "price": bool(self._found(_AMOUNT)),
        }.get(flag)

    def products(self) -> list[Fact]:
        """Return what the documents are about, with the amounts in them, or other ones, as prices."""
        amounts, rows = self._amounts(_AMOUNT), []
        for number, topic in enumerate(self.topics()[:3]):
            other = self.seeded.integer(900, 24_900, "price", topic) / 100
            price = amounts[number] if number < len(amounts) else other
            rows.append(Fact(_PRODUCT, {"number": number + 1}, name=capital(topic), price=price, currency="USD"))
        return rows

    def price(self) -> float | None:
        """Return the largest amount, or else the first number."""
        amounts = self._amounts(_AMOUNT)
        return max(amounts) if amounts else next(iter(self._amounts(_NUMBER)), None)

    def summary(self) -> str:
        """Return the first sentences."""
        return " ".join(self._sentences[:3])

    def topics(self) -> list[str]:
        """Return the most frequent long words."""
        counts: dict[str, int] = {}
        for word in re.findall(r"[^\W\d_]{5,}", " ".join(self._sentences).lower()):
            counts[word] = counts.get(word, 0) + 1
        return sorted(counts, key=lambda word: -counts[word])[:5]

    def _found(self, pattern: re.Pattern[str]) -> list[str]:
        return list(dict.fromkeys(pattern.findall("\n".join(self._lines))))[:10]

    def _amounts(self, pattern: re.Pattern[str]) -> list[float]:
        found = [text for each in self._found(pattern) for text in _NUMBER.findall(each)[:1]]
        return [float(text.replace(",", "")) for text in found if len(text) < 16]

    def _authors(self) -> list[str]:
        return list(dict.fromkeys(each.author for each in self._all if each.author))

    def _named(self, voice: str, gender: str) -> str:
        return next(iter(self._authors()), super()._named(voice, gender))


def _first(values: list[str]) -> str | None:
    return values[0] if values else None


_PRODUCT = {"title": "name", "products": "name", "text": "name", "objects": "name", "description": "name"}
_FACTS: dict[str, Any] = {
    "products": DocumentFacts.products,
    "author": lambda facts: _first(facts._authors()),
    "date": lambda facts: _first(facts._found(_DATE)),
    "summary": DocumentFacts.summary,
    "description": DocumentFacts.summary,
    "takeaways": lambda facts: facts._sentences[1:4] or facts._sentences[:1],
    "tips": lambda facts: facts._sentences[4:6],
    "quotes": lambda facts: facts._sentences[2:4],
    "transcript": lambda facts: facts._sentences,
    "topics": DocumentFacts.topics,
    "title": lambda facts: facts._all[0].title,
    "name": lambda facts: facts._all[0].title,
    "people": DocumentFacts._authors,
    "speaker": DocumentFacts._authors,
    "ocr": lambda facts: facts._sentences[:5],
    "text": lambda facts: facts.summary(),
    "price": DocumentFacts.price,
    "currency": lambda facts: "USD",
    "moment": lambda facts: _first(facts._found(_DATE)),
    "time": lambda facts: _first(facts._found(_DATE)),
    "number": lambda facts: _first(facts._found(_NUMBER)),
    "category": lambda facts: capital(_first(facts.topics()) or facts._all[0].title),
    "sentiment": lambda facts: facts.words.say["neutral"],
    "score": lambda facts: facts.score,
    "language": lambda facts: facts.words.say["spoken"],
    "language_code": lambda facts: "en",
    "reason": lambda facts: facts._sentences[0],
}


def _sheet(page: Page, number: int, count: int) -> str:
    """Return the text of one sheet: what a page says, in lines that fit on paper."""
    parts = [page.title, f"{page.author}, {page.published.isoformat()}", page.description]
    for heading, sentences in page.sections:
        parts += [heading, " ".join(sentences)]
    lines = [line for part in parts for line in (*_wrapped(part), "")]
    return "\n".join([*lines, f"Page {number} of {count}"])


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, _LINE)


def _number(text: str, count: int) -> int:
    return count + 1 - int(text[1:]) if text.startswith("!") else int(text)
