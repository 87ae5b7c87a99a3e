"""Reads custom instructions (FACTS section 4, custom instructions)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mockserver.content import hints
from mockserver.content.instructions import limits, patterns
from mockserver.content.instructions.patterns import compiled, has

MAX_READ = 2_000  # characters
_MAX_MENTIONS, _MAX_AVOIDED, _MAX_WORDS = 5, 20, 4
_FIELDS = ("title", "description", "tags")
_DETERMINERS = (
    r"^(?:both|either|the|our|my|your|their|a|an|der|die|das|den|unsere?n?|le|la|les|notre|el|los|las|nuestr[ao]|o|os)"
    r"\s+|^l['’]"
)
_OF_TERM = rf"^(?:(?:exact|following|brand|company|product)\s+)*{patterns.TERM}\b\s*:?\s*"
_INCLUDED = (
    rf"(?:{patterns.INCLUDE}|avoid|\bno\b|without)\s+(?:the\s+|our\s+|a\s+|these\s+|this\s+)*"
    rf"(?=(?:\w+\s+)?{patterns.TERM}\b)|^(?=key ?words?:)"
)
_SEPARATORS = r"\s*(?:\s[-–—]\s|[()]|,|、|\uff0c|;|&|\band\b|\bor\b|\bund\b|\bet\b|\by\b|\bи\b|和|与|與|،)\s*"
_CLAUSE_WORDS = r"^(?:that|how|what|why|who|where|when|dass|wie|que|что|как)\b"
# Where the words to mention end: "mention Acme in the title", "mention Acme once".
_AFTER = (
    r"\s+(?:in|at|as|on|to|for|once|twice|near|somewhere|several|please|within|while|using|if|where|wherever|when|im|am|dans|à|en|no|na|в)\b"
    r".*$"
)
_FORBIDDEN = (
    rf"{patterns.MENTION}|\b(?:words?|phrases?|names?|say|use|talk about|describe|leave out|omit|exclude)\b|"
    r"wort|mot\b|palabra|palavra|слов"
)
# Forms that a list of words to mention can be followed by.
_FORMS = "|".join(
    (
        patterns.HASHTAGS,
        patterns.EMOJI,
        patterns.BULLETS,
        patterns.UPPER,
        patterns.LOWER,
        patterns.LONGER,
        patterns.SHORTER,
    )
)
_VERB_LAST = r"[\u3040-\u30ff\uac00-\ud7af]"  # Japanese and Korean, where the negation is behind what it is about
_ACRONYM = re.compile(r"\b[A-Z]{2,} $")  # "ADA friendly"
# Verbs that a word to avoid follows at once.
_LEFT_OUT = r"\b(?:leave out|omit|exclude|skip|describe|talk about|say|use)\s+"
_LENGTHS = ("words", "characters", "sentences")
_NAMES = r"(?:\b[A-ZÀ-ÞА-Я][\w’'&.-]*(?:\s+[A-ZÀ-ÞА-Я0-9][\w’'&.-]*)*)"


@dataclass(slots=True)
class FieldWishes:
    """What is asked for one field: limits, the words that must or must not occur, and the form."""

    words: int | None = None
    characters: int | None = None
    sentences: int | None = None
    least: int | None = None  # words, or characters if these are limited
    count: int | None = None  # of tags
    mentions: list[str] = field(default_factory=list)
    avoided: list[str] = field(default_factory=list)
    hashtags: int | None = None  # how many; 0 is none at all
    tagged: list[str] = field(default_factory=list)  # hashtags that must occur, with their `#`
    upper: bool = False
    lower: bool = False
    emoji: bool = False


@dataclass(slots=True)
class Instructions:
    """What instructions ask for. A text that asks for nothing known has no effect."""

    title: FieldWishes = field(default_factory=FieldWishes)
    description: FieldWishes = field(default_factory=FieldWishes)
    tags: FieldWishes = field(default_factory=FieldWishes)
    language: str | None = None
    foreign: bool = False  # a language without phrases
    tone: str | None = None
    starts: str | None = None
    ends: str | None = None
    action: bool = False
    bullets: bool = False
    technical: bool = False
    longer: bool = False
    shorter: bool = False

    def wishes(self, name: str) -> FieldWishes:
        """Return the wishes for a field."""
        wishes: FieldWishes = getattr(self, name)
        return wishes


def read(text: str) -> Instructions:
    """Return what the instructions ask for. Only the first 2,000 characters are read."""
    asked = Instructions()
    for clause in compiled(patterns.CLAUSES).split(compiled(patterns.NOT_FORGOTTEN).sub("", text[:MAX_READ])):
        if clause and clause.strip():
            _read_clause(clause.strip(), asked)
    return asked


def _read_clause(clause: str, asked: Instructions) -> None:
    negation = compiled(patterns.NOT).search(clause)
    if negation is not None and not limits.amounts_in(clause):
        forbidden = clause[negation.start() :]
        if has(rf"(?:{patterns.MENTION})\s*$", clause[: negation.start()]):  # "erwähne nicht die Marke"
            forbidden = f"{clause[: negation.start()]} {clause[negation.end() :]}"
        elif has(_VERB_LAST, negation[0]):
            forbidden = clause
        _forbid(forbidden, asked)
        clause = "" if forbidden is clause else clause[: negation.start()]
    targets = _targets(clause)
    mentions = list(_mentions(clause))
    rest = clause
    for words in mentions:
        rest = rest.replace(words, " ")
    starts = has(patterns.STARTS, rest) and bool(mentions)
    if starts or (mentions and has(patterns.ENDS, rest) and not has(patterns.MENTION, rest)):
        asked.starts, asked.ends = (mentions[0], asked.ends) if starts else (asked.starts, mentions[0])
        mentions = mentions[1:]
    for name in targets or ["description"]:
        wishes = asked.wishes(name)
        wishes.mentions = list(dict.fromkeys([*wishes.mentions, *mentions]))[:_MAX_MENTIONS]
    _read_form(rest, targets, asked)
    _read_limits(rest, targets, asked)
    _read_style(rest, asked)


def _targets(clause: str) -> list[str]:
    return [name for name in _FIELDS if has(patterns.TARGETS[name], clause)]


def _forbid(clause: str, asked: Instructions) -> None:
    """Read a clause that asks for the absence of something."""
    for name in _targets(clause) or list(_FIELDS):
        wishes = asked.wishes(name)
        if has(patterns.HASHTAGS, clause):
            wishes.hashtags = 0
        if has(_FORBIDDEN, clause):
            left_out = compiled(_LEFT_OUT).search(clause)
            words = list(_mentions(clause)) or list(_unquoted(clause[left_out.end() :] if left_out else ""))
            wishes.avoided = [*wishes.avoided, *words][:_MAX_AVOIDED]


def _read_form(clause: str, targets: list[str], asked: Instructions) -> None:
    tagged = re.findall(r"#\w{1,60}", clause)
    asked.description.tagged = [*asked.description.tagged, *tagged][:_MAX_MENTIONS]
    if has(patterns.HASHTAGS, clause) and not tagged:
        limit = next(
            (amount.most or amount.least for amount in limits.amounts_in(clause) if amount.unit == "hashtags"), None
        )
        for name in [t for t in targets if t != "title"] or ["description", "tags"]:
            asked.wishes(name).hashtags = limit or 3
    for name in targets or ["description"]:
        wishes = asked.wishes(name)
        wishes.upper |= has(patterns.UPPER, clause)
        wishes.lower |= has(patterns.LOWER, clause)
        wishes.emoji |= has(patterns.EMOJI, clause)
    asked.action |= has(patterns.ACTION, clause)
    asked.bullets |= has(patterns.BULLETS, clause)


def _read_limits(clause: str, targets: list[str], asked: Instructions) -> None:
    for amount in limits.amounts_in(clause):
        if amount.unit == "tags":
            asked.tags.count = amount.most or amount.least
        if amount.unit not in _LENGTHS:
            continue
        if amount.most is None:
            asked.longer = True
        for name in [t for t in targets if t != "tags"] or ["description"]:
            wishes = asked.wishes(name)
            setattr(wishes, amount.unit, amount.most)
            wishes.least = amount.least if amount.unit != "sentences" else wishes.least
    if has(r"\btweet", clause):
        for name in [t for t in targets if t != "tags"] or ["description"]:
            asked.wishes(name).characters = 280


def _read_style(clause: str, asked: Instructions) -> None:
    asked.tone = asked.tone or tone_of(clause)
    if asked.language is None:
        asked.language = _language(clause)
    asked.foreign |= asked.language is None and _is_in(clause, patterns.other_languages())
    technical = has(patterns.TECHNICAL, clause)
    asked.technical |= technical
    limited = bool(limits.amounts_in(clause))
    # "Focus on technical details" asks for technical content, and "no longer than" for no longer text.
    asked.longer |= (
        has(patterns.LONGER, clause) and not limited and not (technical and has(r"techni\w+ detail", clause))
    )
    asked.shorter |= has(patterns.SHORTER, clause) and not limited


def _language(clause: str) -> str | None:
    return next((code for code, names in patterns.LANGUAGES.items() if _is_in(clause, names)), None)


def _is_in(clause: str, names: str) -> bool:
    return has(patterns.WRITTEN_IN.replace("{name}", names), clause)


def tone_of(clause: str) -> str | None:
    """Return the tone that a clause asks for; None for "not too formal" and for "family-friendly"."""
    for tone, pattern in patterns.TONES.items():
        for match in compiled(pattern).finditer(clause):
            before, after = clause[: match.start()], clause[match.end() :]
            opposite = has(patterns.NOT_BEFORE, before) or has(patterns.NOT_AFTER, after)
            for_whom = match[0].lower() == "friendly" and (has(patterns.FOR_WHOM, before) or _ACRONYM.search(before))
            if not opposite and not for_whom:
                return tone
            if opposite:
                return None
    return None


def _is_wish(part: str) -> bool:
    """Return whether a part of a list of words to mention is another instruction, as in "mention Acme, pirate tone"."""
    if limits.amounts_in(part):
        return True
    if " " in part and (_language(part) is not None or _is_in(part, patterns.other_languages())):
        return True
    named = part[:1].isupper()
    return not named and (tone_of(part) is not None or has(_FORMS, part))


def _mentions(clause: str) -> Iterator[str]:
    """Yield the words that a clause asks to mention: what is in quotes, or names behind "mention"."""
    quoted = [next(filter(None, groups)) for groups in compiled(patterns.QUOTED).findall(clause)]
    wanted = compiled(patterns.MENTION).search(clause) or compiled(_INCLUDED).search(clause)
    if wanted is None and not has(f"{patterns.INCLUDE}|{patterns.STARTS}|{patterns.ENDS}|{patterns.NOT}", clause):
        quoted = []  # such as the name of a style
    if has(patterns.ACTION, clause):
        quoted += [match[0] for match in compiled(patterns.DOMAIN).finditer(clause)]
    if quoted:
        yield from filter(None, (hints.clean(words, 60).strip(" .,") for words in quoted))
    elif wanted is not None and not has(patterns.ACTION, clause):
        yield from _unquoted(clause[wanted.end() :].strip(" :,"))
    else:
        yield from _before_verb(clause)


def _unquoted(text: str) -> Iterator[str]:
    if has(_CLAUSE_WORDS, text):
        yield from (name for name in _names(text) if len(name) > 1)
        return
    text = compiled(_AFTER).sub("", text)
    for number, part in enumerate(compiled(_SEPARATORS).split(text, maxsplit=_MAX_AVOIDED)[:_MAX_AVOIDED]):
        words = part.strip()
        if (number and _is_wish(words)) or limits.amounts_in(words):
            continue
        for prefix in (_DETERMINERS, _OF_TERM, _DETERMINERS):
            words = compiled(prefix).sub("", words)
        words = hints.clean(words, 60).strip(" .,:")
        if words and len(words.split()) > _MAX_WORDS:
            yield from _names(words)
        elif words and not has(rf"{patterns.HASHTAGS}|\b{patterns.TERM}$|^#", words):
            yield words


def _before_verb(clause: str) -> Iterator[str]:
    # In Japanese and Korean the words come before the verb.
    match = compiled(r"([^\s、,]{1,30}?)(?:に(?:ついて)?(?:言及|触れ)|[을를]\s?언급)").search(clause)
    if match is not None:
        yield hints.clean(match[1], 60)


def _names(text: str) -> list[str]:
    """Return the capitalized names in a text."""
    return [name.strip(" .,") for name in re.findall(_NAMES, text)]
