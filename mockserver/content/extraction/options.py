# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The values that a prompt lists, of which the answer must be one."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from mockserver.content.extraction.vocabulary import SOLID, Found
from mockserver.content.extraction.words import LONGEST, Words

LETTERED = re.compile(r"\b([A-Ha-h])[).:]\s*([^\n]+?)(?=\s+\(?[A-Ha-h][).:]|\n|$)")
_MARKS = "\"'`“”„«»"
_ARTICLES = r"(?:\b(?:an?|the|eine?[nmrs]?|der|die|das|den|une?|una|les?|la|el|uma?)\s+)?"
_OPTION = rf"[{_MARKS}]?([^\W_][\w-]{{0,39}})[{_MARKS}]?"
_PIPED = rf"{_OPTION}(?:\s*\|\s*{_OPTION})+"
_SLASHED = rf"(?<![\w:/.]){_OPTION}(?:\s?/\s?{_OPTION})+(?![\w/])"
_QUOTED = re.compile(r"[\"'`“„«「]([^\"'`”“„»«」\n]{1,40})[\"'`”“»」]")
_COLON = re.compile(r"[:：(\[]\s*([^\n.。?？)\]]+)")
# Words that are options in a question such as "Is it day or night?".
_STATEMENTS = frozenset(
    ("yes", "no", "true", "false", "positive", "neutral", "negative", "mixed", "outdoor", "indoor", "day", "night",
     "safe", "unsafe")
)  # fmt: skip
_MOST = 40
_NEAR = 60  # characters around values in quotes that say whether they are a choice

# Options, and where in the prompt they begin and end.
_Run = tuple[Sequence[str], int, int]


def options_in(prompt: str, words: Words, asked: Sequence[Found], keys: set[str]) -> tuple[tuple[str, ...], str]:
    """Return the values of which the answer must be one, and the prompt without them."""
    runs = []
    for options, start, end in _candidates(prompt, words, asked, bool(keys & {"choose", "only"})):
        distinct = tuple(dict.fromkeys(option for option in options if option))
        if 1 < len(distinct) <= _MOST:
            runs.append((are_statements(distinct, words), distinct, prompt[:start] + " " + prompt[end:]))
    statements = {found.key: prompt[found.start : found.end] for found in asked if found.key in _STATEMENTS - {"no"}}
    if not runs and len(statements) > 1 and keys & {"or", "only", "choose"}:
        runs.append((True, tuple(statements.values()), prompt))
    # Of "violence or weapons? Answer yes or no" the last are the options.
    best = max(enumerate(runs), key=lambda run: (run[1][0], run[0]), default=None)
    return best[1][1:] if best else ((), prompt)


def _candidates(prompt: str, words: Words, asked: Sequence[Found], closed: bool) -> Iterator[_Run]:
    for pattern in (_PIPED, _SLASHED):
        for run in islice(re.finditer(pattern, prompt), _MOST):
            options = [option.strip(f"{_MARKS} ") for option in re.split(r"[|/]", run[0])]
            if "|" in run[0] or closed or are_statements(options, words):
                yield options, *run.span()
    lettered = list(LETTERED.finditer(prompt))
    if len(lettered) > 1 and not re.search(r"\bA\b\s*(?:,|or|oder|ou|o)\s*\bB\b", prompt):
        yield [each[2].strip(" ,;.") for each in lettered], lettered[0].start(), lettered[-1].end()
    yield from _quoted(prompt, words)
    if closed:
        yield from _after_colon(prompt, words, chosen="choose" in {found.key for found in asked})
    yield from _joined(prompt, words, asked, closed)


def _joined(prompt: str, words: Words, asked: Sequence[Found], closed: bool) -> Iterator[_Run]:
    """Yield the options of "a, b or c"."""
    joined = words.between("or")
    pattern = rf"{_ARTICLES}{_OPTION}(?:{joined}{_ARTICLES}{_OPTION})+"
    for run in islice(re.finditer(pattern, prompt, re.IGNORECASE), _MOST):
        parts = [
            re.sub(f"^{_ARTICLES}", "", part, flags=re.IGNORECASE)
            for part in re.split(joined, run[0], flags=re.IGNORECASE)
        ]
        options = [_trimmed(part.strip(_MARKS), words) for part in parts]
        statements = are_statements(options, words)
        conjunction = any(found.key == "or" and run.start() <= found.start < run.end() for found in asked)
        if (conjunction and (closed or statements)) or (closed and statements):
            yield options, *run.span()


def _quoted(prompt: str, words: Words) -> Iterator[_Run]:
    between = re.compile(words.between("or", "and"), re.IGNORECASE)
    run: list[re.Match[str]] = []
    for quote in _QUOTED.finditer(prompt):
        if run and not between.fullmatch(prompt, run[-1].end(), quote.start()):
            run = []
        run.append(quote)
        following = between.match(prompt, quote.end())
        if (
            len(run) > 1
            and not (following and _QUOTED.match(prompt, following.end()))
            and _is_choice(prompt, run, words)
        ):
            yield [each[1].strip() for each in run], run[0].start(), quote.end()


def _is_choice(prompt: str, run: Sequence[re.Match[str]], words: Words) -> bool:
    """Return whether values in quotes are joined by "or", or asked to be chosen from."""
    near = prompt[max(run[0].start() - _NEAR, 0) : run[-1].end() + _NEAR]
    keys = {found.key for found in words.ask.find(near)}
    values = [each[1] for each in run]
    return (
        bool(keys & {"or", "choose"})
        or are_statements(values, words)
        or ("only" in keys and not _are_concepts(values, words))
    )


def _after_colon(prompt: str, words: Words, *, chosen: bool) -> Iterator[_Run]:
    for colon in _COLON.finditer(prompt):
        parts = [
            part.strip(f"{_MARKS} []()") for part in re.split(words.between("or", "and"), colon[1], flags=re.IGNORECASE)
        ]
        parts = [part for part in parts if part]
        fits = len(parts) > 1 and all(len(part.split()) <= LONGEST for part in parts)
        if fits and (chosen or not _are_concepts(parts, words)):
            yield parts, *colon.span(1)


def _are_concepts(options: Sequence[str], words: Words) -> bool:
    """Return whether every option is what a prompt can ask for, such as title and price."""
    keys = [{found.key for found in words.ask.find(option)} for option in options]
    return all(each and not each & _STATEMENTS for each in keys)


def are_statements(options: Sequence[str], words: Words) -> bool:
    """Return whether every option is a statement about a video, such as yes, positive or indoors."""
    keys = [{found.key for found in words.ask.find(option)} for option in options]
    return bool(options) and all(each & _STATEMENTS for each in keys)


def _trimmed(option: str, words: Words) -> str:
    """Return an option without what is written together with it in Arabic and in scripts without spaces."""
    found = [each for each in words.ask.find(option) if each.key in _STATEMENTS]
    if found and SOLID.search(option):
        return option[found[0].start : found[0].end]
    return option.removeprefix("ب") if found else option
