# ruff: noqa: RUF001 — marks of other scripts are meant.
"""Texts of the length that a prompt asks for: so many paragraphs, sentences, words or characters."""

from mockserver.content.extraction.amounts import Amounts
from mockserver.content.extraction.facts import Facts
from mockserver.content.fitting import Limits, Part, fitted
from mockserver.content.wording import capital

_USUAL, _ALL = 3, 12  # sentences of a text, and of one that is cut to an exact number of words
_MOST_PARAGRAPHS, _SHORTEST = 5, 4


def measured(facts: Facts, amounts: Amounts, value: str | None) -> str:
    """Return `value`, the fact that the prompt asks for, or a summary without one, in the length of `amounts`."""
    if "words" in amounts and amounts["words"].number == 1:
        return _one_word(value or next(iter(facts.topics()), facts.category()), facts)
    if "paragraphs" in amounts:
        return "\n\n".join(_paragraphs(facts, min(amounts["paragraphs"].number, _MOST_PARAGRAPHS)))
    exact = any(amount.exact for amount in amounts.values())
    count = amounts["sentences"].number if "sentences" in amounts else _ALL if exact else _USUAL
    if value is None:
        sentences = facts.sentences(count)
    elif "sentences" in amounts:
        sentences = [_sentence(value, facts), *facts.sentences(count)][:count]
    else:
        sentences = [value]
    return _within(sentences, amounts, facts.locale.space)


def _within(sentences: list[str], amounts: Amounts, space: str) -> str:
    """Return as many sentences as fit into the words and characters, or just as many words if this is exact."""
    words, characters = amounts.get("words"), amounts.get("characters")
    if words and words.exact and space:
        return " ".join(space.join(sentences).split()[: words.number]).rstrip(",;:.") + "."
    limits = Limits(words and words.number, characters and characters.number)
    return fitted([Part((sentence,), rank) for rank, sentence in enumerate(sentences)], space, limits)


def _paragraphs(facts: Facts, count: int) -> list[str]:
    sentences = facts.sentences(max(2 * count, _SHORTEST))
    size = -(-len(sentences) // count)
    return [facts.locale.space.join(sentences[at : at + size]) for at in range(0, len(sentences), size)]


def _sentence(text: str, facts: Facts) -> str:
    stop = "." if facts.locale.space else "。"
    return capital(text.rstrip(".。")) + stop


def _one_word(text: str, facts: Facts) -> str:
    """Return the word of a text that says most: the longest that is no function word."""
    words = [word.strip(",.;:!?«»„“”\"'()、。，،") for word in text.split()]
    words = [word.removeprefix("و") for word in words]  # "and" in Arabic
    return max((word for word in words if word.lower() not in facts.words.function), key=len, default=text)
