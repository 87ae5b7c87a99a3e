# ruff: noqa: RUF001 — letters of other scripts are meant.
"""The values that a prompt lists, of which the answer must be one."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from mockserver.content.extraction.vocabulary import SOLID, Found
from mockserver.content.extraction.words import LONGEST, Words, common

LETTERED = re.compile(r"\b([A-Ha-h])[).:]\s*([^\n]+?)(?=\s+\(?[A-Ha-h][).:]|\n|$)")
_MARKS = "\"'`“”„«»「」"
_OPTION = rf"(?:[\"'`“„«「][^{_MARKS}\n]{{1,40}}[\"'`”“»」]|[^\W_][\w-]{{0,39}})"
_COLON = re.compile(r"[:：(\[]\s*([^\n.。?？)\]]+)")
# Words that are options in a question such as "Is it day or night?".
_STATEMENTS = frozenset(
    ("yes", "no", "true", "false", "positive", "neutral", "negative", "mixed", "outdoor", "indoor", "day", "night",
     "safe", "unsafe", "male", "female")
)  # fmt: skip
_MOST = 40

# Options, and where in the prompt they begin and end.
_Run = tuple[Sequence[str], int, int]


def options_in(prompt: str, words: Words, asked: Sequence[Found], keys: set[str]) -> tuple[tuple[str, ...], str]:
    """Return the values of which the answer must be one, and the prompt without them."""
    runs = []
    for options, start, end in _candidates(prompt, words, keys):
        distinct = tuple(dict.fromkeys(option for option in options if option))
        if 1 < len(distinct) <= _MOST:
            runs.append((_are_statements(distinct, words), distinct, f"{prompt[:start]} {prompt[end:]}"))
    statements = {found.key: prompt[found.start : found.end] for found in asked if found.key in _STATEMENTS - {"no"}}
    if not runs and len(statements) > 1 and keys & {"or", "only", "choose"}:
        runs.append((True, tuple(statements.values()), prompt))
    # Of "violence or weapons? Answer yes or no" the last are the options.
    best = max(enumerate(runs), key=lambda run: (run[1][0], run[0]), default=None)
    return best[1][1:] if best else ((), prompt)


def _candidates(prompt: str, words: Words, keys: set[str]) -> Iterator[_Run]:
    lettered = list(LETTERED.finditer(prompt))
    if len(lettered) > 1:
        if "letter" in keys:
            yield [each[1] for each in lettered], 0, 0
        else:
            yield [each[2].strip(" ,;.") for each in lettered], lettered[0].start(), lettered[-1].end()
    if keys & {"choose", "only"}:
        for colon in _COLON.finditer(prompt):
            parts = [part for part in words.listed(colon[1], "or", "and") if part]
            fits = len(parts) > 1 and all(len(part.split()) <= LONGEST for part in parts)
            if fits and ("choose" in keys or not _are_concepts(parts, words)):
                yield parts, *colon.span(1)
    yield from _joined(prompt, words, closed=bool(keys & {"choose", "only"}))


def _joined(prompt: str, words: Words, *, closed: bool) -> Iterator[_Run]:
    """Yield the values of "a, b or c", `a|b|c`, "a/b" and of quoted ones."""
    between, article = words.between("or"), rf"(?:(?:{'|'.join(common()['articles'])})\s+)?"
    option = re.compile(f"{article}({_OPTION})", re.IGNORECASE)
    listed = re.compile(
        rf"(?<![a-z0-9/.]){article}{_OPTION}(?:{between}{article}{_OPTION})+(?![a-z0-9/])", re.IGNORECASE
    )
    for run in islice(listed.finditer(prompt), _MOST):
        parts = [match[1] for part in re.split(between, run[0], flags=re.IGNORECASE) if (match := option.match(part))]
        options = [_trimmed(part.strip(_MARKS), words) for part in parts]
        statements = _are_statements(options, words)
        either = "/" in run[0] or any(found.key == "or" for found in words.ask.find(run[0]))
        quoted = all(part[0] in _MARKS for part in parts) and closed and not _are_concepts(options, words)
        if "|" in run[0] or quoted or closed + statements + either > 1:
            yield options, *run.span()


def _are_concepts(options: Sequence[str], words: Words) -> bool:
    """Return whether every option is what a prompt can ask for, such as title and price."""
    keys = [{found.key for found in words.ask.find(option)} for option in options]
    return all(each and not each & _STATEMENTS for each in keys)


def _are_statements(options: Sequence[str], words: Words) -> bool:
    """Return whether every option is a statement about a video, such as yes, positive or indoors."""
    keys = [{found.key for found in words.ask.find(option)} for option in options]
    return bool(options) and all(each & _STATEMENTS for each in keys)


def _trimmed(option: str, words: Words) -> str:
    """Return an option without what is written together with it in Arabic and in scripts without spaces."""
    found = [each for each in words.ask.find(option) if each.key in _STATEMENTS]
    if found and SOLID.search(option):
        return option[found[-1].start : found[-1].end]
    return option.removeprefix("ب") if found else option
