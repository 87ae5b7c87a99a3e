"""Judges what a text says about a video: whether it is true, which number it asks for, which option is right."""

import re
from collections.abc import Sequence

from mockserver.content import themes
from mockserver.content.extraction.facts import Facts
from mockserver.content.extraction.options import LETTERED
from mockserver.content.extraction.shapes import Leaf
from mockserver.content.extraction.vocabulary import SOLID, Found
from mockserver.content.extraction.words import callings, common
from mockserver.content.wording import plain_detail

# The other sentiments, most fitting first, where the right one is no option.
_NEXT = {"mixed": ("neutral",), "neutral": ("mixed",), "positive": (), "negative": ()}
_PARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-./]+")
_LONG = 4
_WHOLE = Leaf("integer")
_COUNTED = frozenset(
    ("events", "products", "quotes", "transcript", "speaker", "objects", "topics", "ingredients", "ocr")
)


def spaced(key: str) -> str:
    """Return a key such as `startTime` or `start_time` as words."""
    return _PARTS.sub(" ", key)


def truth(facts: Facts, text: str) -> bool:
    """Return whether a question or a key such as `has_people` is true of the video."""
    detail = plain_detail(facts.scene, facts.locale).lower()
    shown = detail in text.lower()
    if shown:  # "raindrops on the glass" are no glass
        text = re.sub(re.escape(detail), " ", text, flags=re.IGNORECASE)
    asked = facts.words.ask.find(text)
    keys = {found.key for found in asked}
    compared = _compared(facts, text, asked)
    if compared is not None:
        return compared
    votes = [True] if shown else _votes(facts, text, asked)
    moral = [facts.holds(key) for key in ("unsafe", "safe") if key in keys]
    if moral:
        votes = [bool(moral[0])]
    right = any(votes) if "or" in keys else all(votes)
    return (right and bool(votes)) != ("without" in keys)


def _compared(facts: Facts, text: str, asked: Sequence[Found]) -> bool | None:
    """Return whether there are more or fewer, as in "more than three people" or "longer than a minute"; or None."""
    sign = next((found for found in asked if found.key in ("more", "less")), None)
    if sign is None:
        return None
    rest = text[sign.end :]
    digits, named = re.match(r"\D{0,6}(\d+)", rest), facts.words.counts.get(next(iter(rest.lower().split()), ""), 1)
    limit = int(digits[1]) if digits else named
    units = {found.key for found in facts.words.ask.find(rest)} & {"minutes", "seconds"}
    amount = facts.seconds / (60 if "minutes" in units else 1) if units else number(facts, rest)
    return None if amount is None else amount > limit if sign.key == "more" else amount < limit


def _votes(facts: Facts, text: str, asked: Sequence[Found]) -> list[bool]:
    votes = [held for found in asked if (held := facts.holds(found.key)) is not None]
    about_text = any(found.key in ("ocr", "text") for found in asked)
    things = [found for found in facts.words.things.find(text) if not (about_text and found.key == "screen")]
    votes += [facts.count(found.key) > 0 for found in things]
    known = [*asked, *things]
    others = _others(facts, text, known)
    if votes and facts.words.code == "en" and things and others and not others[-1].endswith(("ing", "ed", "ly")):
        votes.append(_mentions(facts, others[-1]))  # "a person with a hat": what nothing mentions is not there
    return votes or [_mentions(facts, word) for word in others]


def _others(facts: Facts, text: str, known: Sequence[Found]) -> list[str]:
    """Return the words of a text that say something and are not known."""
    return [
        word[0]
        for word in re.finditer(r"[^\W\d_]+", text.lower())
        if not any(found.start < word.end() and word.start() < found.end for found in known)
        and word[0] not in facts.words.function
        and not SOLID.search(word[0])
    ]


def _mentions(facts: Facts, word: str) -> bool:
    """Return whether the video is about a subject of this name, or its texts have the word."""
    subject = _subject(word)
    if subject is not None and facts.scene.story.startswith(subject):
        return True
    story = facts.story
    texts = " ".join(
        (
            story.subject,
            facts.phrases["detail"],
            story.title,
            story.tags,
            *story.beats,
            *story.effects,
            facts.category(),
        )
    ).lower()
    return re.search(rf"\b{re.escape(word[: max(_LONG, len(word) - 2)])}", texts) is not None


def number(facts: Facts, text: str, leaf: Leaf = _WHOLE) -> float | None:
    """Return the number that a question or a key asks for; None if it asks for none."""
    if leaf.low is not None and leaf.high is not None:
        scaled = leaf.low + facts.score * (leaf.high - leaf.low)
        return round(scaled) if leaf.kind == "integer" else round(scaled, 2)
    places: list[tuple[int, str, float]] = [
        (found.start, found.key, facts.count(found.key)) for found in facts.words.things.find(text)
    ]
    for found in facts.words.ask.find(text):
        amount = _amount(facts, found.key)
        if amount is not None:
            places.append((found.start, found.key, amount))
    return min(places, key=lambda place: place[0])[2] if places else None


def _amount(facts: Facts, key: str) -> float | None:
    if key == "people":
        return facts.count("person")
    if key in _COUNTED:
        return len(facts.of(key))
    if key == "minutes":
        return round(facts.seconds / 60, 1)
    return facts.of({"seconds": "duration"}.get(key, key)) if key in ("seconds", "duration", "score", "price") else None


def choice(facts: Facts, options: Sequence[str], text: str) -> str:
    """Return the option that is right for the video. Where nothing decides, the same options get the same answer."""
    if set(options) == {"0", "1"}:
        return "1" if truth(facts, text) else "0"
    lettered = {letter: label.strip(" ,;.") for letter, label in LETTERED.findall(text)}
    if len(lettered) > 1 and set(options) <= lettered.keys():
        label = choice(facts, [lettered[option] for option in options], "")
        return next(option for option in options if lettered[option] == label)
    verdicts = {option: _fits(facts, option, text) for option in options}
    right = [option for option in options if verdicts[option] is True]
    if right:
        return next((option for option in right if _is_story(facts, option)), right[0])
    keys = {found.key: option for option in options for found in facts.words.ask.find(spaced(option))}
    sentiment = "positive" if facts.score >= 0.5 else "negative"
    for key in (*_NEXT[facts.sentiment], sentiment) if keys.keys() & _NEXT.keys() else ():
        if key in keys:
            return keys[key]
    unsafe = [found for found in facts.words.ask.find(text) if found.key == "unsafe"]
    lowest = next((option for option in options if option.lower() in common()["lowest"]), None)
    if unsafe and lowest:
        return lowest
    if all(re.fullmatch(r"\d+", option) for option in options):
        return sorted(options, key=int)[min(len(options) - 1, int(facts.score * len(options)))]
    if "other" in keys and all(verdict is False for option, verdict in verdicts.items() if option != keys["other"]):
        return keys["other"]
    open_ = [option for option in options if verdicts[option] is None and option != keys.get("other")]
    return facts.seeded.choice(sorted(open_ or options), "choice", *sorted(options))


def _fits(facts: Facts, option: str, text: str) -> bool | None:
    words = spaced(option)
    keys = [found.key for found in facts.words.ask.find(words)]
    if keys and keys[0] in ("yes", "true", "no", "false"):
        return truth(facts, text) == (keys[0] in ("yes", "true"))
    if "other" in keys:
        return None
    held = [facts.holds(key) for key in keys]
    if any(verdict is not None for verdict in held):
        return all(verdict is not False for verdict in held)
    things = facts.words.things.find(words)
    subjects = [subject for word in words.lower().split() if (subject := _subject(word))]
    named = words.lower() in facts.category().lower() or facts.category().lower() in words.lower()
    named = named or words.lower() in facts.phrases["mood"].lower()
    if named or _is_story(facts, option) or words.lower() in facts.story.tags.lower().split(", "):
        return True
    if things:
        return any(facts.count(found.key) for found in things)
    if {found.key for found in callings().find(words)} or option in common()["codes"]:
        return option == "en" or "en" in {found.key for found in callings().find(words)}
    return False if subjects else None


def _is_story(facts: Facts, option: str) -> bool:
    """Return whether a video is about what an option names, rather than only showing it."""
    subjects = [subject for word in spaced(option).lower().split() if (subject := _subject(word))]
    return any(facts.scene.story.startswith(subject) for subject in subjects)


def _subject(word: str) -> str | None:
    known = themes.subjects()
    return known.get(word) or known.get(word.removesuffix("s"))
