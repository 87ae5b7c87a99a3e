"""Errors of a pydantic model told to the author of the data: where, which key, and the nearest right one."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pydantic import BaseModel
from pydantic_core import ErrorDetails, ValidationError

from mockserver.source.document import Document, Position, SourceError, SourceErrors
from mockserver.source.model_paths import Finding, Loc, find, keys_of
from mockserver.source.model_unions import CHOICES, SHAPES, settle
from mockserver.source.suggestions import clip, did_you_mean, nearest, shown, word_of
from mockserver.source.validation import load, validate

__all__ = ["SourceErrors", "did_you_mean", "explain", "explain_details", "load", "validate"]

# A list of 50,000 wrong values makes hundreds of thousands of errors, and nobody reads them: who mends the first ones
# will see the next. Looking for the nearest word is what one costs most.
_MOST_EXPLAINED = 2000
_MOST_SUGGESTIONS = 100
_LONGEST_MESSAGE = 300
_MOST_JOINED = 3
_PREFIX = re.compile(r"^(Value error, |Assertion failed, )")
# "Input should be greater than 0", "String should match pattern '^a'"
_RULE = re.compile(r"^([A-Z]\w+) should ")


def explain(error: ValidationError, document: Document, model: type[BaseModel]) -> list[SourceError]:
    """What pydantic found wrong with a document, for its author: in the order of the text, one error a place.

    `model` is the one that validated `document.data`. Only the first 2,000 of pydantic's errors are looked at.
    """
    return explain_details(error.errors(include_url=False), document, model)


def explain_details(details: Sequence[ErrorDetails], document: Document, model: type[BaseModel]) -> list[SourceError]:
    """Do the same for errors that pydantic has already listed, each with its place in `document.data`."""
    findings = settle([find(detail, document.data, model) for detail in details[:_MOST_EXPLAINED]])
    others = (finding for finding in findings if finding.kind != "missing")
    told = [_tell(finding, document, number < _MOST_SUGGESTIONS) for number, finding in enumerate(others)]
    return _one_a_place(told + _tell_missing(findings, document))


def _tell_missing(findings: Sequence[Finding], document: Document) -> list[SourceError]:
    """One error for each mapping that lacks keys, unless an unknown key in it is one of them misspelt."""
    missing: dict[Loc, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.kind == "missing":
            missing[finding.loc].append(finding)
    misspelt: set[Loc] = set()
    for finding in findings[:_MOST_SUGGESTIONS]:
        if finding.kind == "extra_forbidden" and finding.owner:
            meant = nearest(str(finding.loc[-1]), keys_of(finding.owner))
            misspelt |= {(*finding.loc[:-1], meant)} if meant else set()
    told = []
    for loc, lacking in missing.items():
        keys = [finding.error["loc"][-1] for finding in lacking]
        named = [shown(key) for key in keys if isinstance(key, str) and (*loc, key) not in misspelt]
        if named:
            noun = f"keys {', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else f"key {named[0]}"
            told.append(document.error(loc, f"missing {noun} in {_noun(lacking[0].owner)}"))
        elif any(isinstance(key, int) for key in keys):
            told.append(document.error(loc, f"{_about(loc)} has too few items"))
    return told


def _one_a_place(told: Iterable[SourceError]) -> list[SourceError]:
    places: dict[Position | Loc, list[SourceError]] = defaultdict(list)
    for error in told:
        places[error.position or error.path].append(error)
    return sorted(map(_joined, places.values()), key=lambda error: error.position or (0, 0))


def _joined(errors: Sequence[SourceError]) -> SourceError:
    messages = list(dict.fromkeys(error.message for error in errors))[:_MOST_JOINED]
    if len(messages) == 1:
        return errors[0]
    message = f"{messages[0]} (and {'; and '.join(messages[1:])})"
    return SourceError(errors[0].name, errors[0].position, message, "", errors[0].path)


def _tell(finding: Finding, document: Document, suggest: bool) -> SourceError:
    loc, value = finding.loc, finding.error["input"]
    options = finding.options if suggest else []
    if finding.kind == "extra_forbidden":
        options = keys_of(finding.owner) if finding.owner and suggest else []
        wrong = f"unknown key {shown(loc[-1])} in {_noun(finding.owner)}"
        return document.error(loc, wrong, did_you_mean(str(loc[-1]), options), key=True)
    if finding.kind in CHOICES and not finding.expected:
        return _tell_choice(document, loc, value, options)
    if finding.kind.startswith("union_tag_"):
        key = str(finding.context["discriminator"]).strip("'")
        if not isinstance(value, dict) or key not in value:
            return document.error(loc, _tag_message(key), did_you_mean("", options))
        return _tell_choice(document, (*loc, key), value[key], options)
    return document.error(loc, *_wrong_value(finding, document), key=finding.on_key)


def _tag_message(key: str) -> str:
    # The discriminator is a key, or a function that looked at the whole value.
    return f"missing key {shown(key)}" if not key.endswith("()") else "this is none of the kinds that can stand here"


def _tell_choice(document: Document, loc: Loc, value: object, options: Sequence[str]) -> SourceError:
    return document.error(loc, f"{_about(loc)} cannot be {shown(value)}", did_you_mean(word_of(value), options))


def _wrong_value(finding: Finding, document: Document) -> tuple[str, str]:
    """What is wrong with a value, and what to do about it where that is plain."""
    value, message = finding.error["input"], finding.error["msg"]
    subject = _about(finding.loc)
    if finding.on_key:
        subject = f"the key {subject}"
    elif not finding.loc and finding.owner:
        subject = _noun(finding.owner)
    expected = finding.expected or ((SHAPES[finding.kind],) if finding.kind in SHAPES else ())
    if expected:
        hint = "put it in quotes" if "a text" in expected and isinstance(value, int | float) else ""
        return f"{subject} must be {' or '.join(expected)}, not {shown(value)}", hint
    if rule := _RULE.match(message):
        got = f", not {shown(value)}" if rule[1] == "Input" else ""
        return f"{subject} must {message[rule.end() :]}{got}", ""
    text = clip(_PREFIX.sub("", message), _LONGEST_MESSAGE)
    # A path in place of a line names the key already.
    return f"{subject}: {text}" if document.root and finding.loc and isinstance(finding.loc[-1], str) else text, ""


def _about(loc: Loc) -> str:
    """What an error is about: `'nth'`, `an item of 'steps'`, or the document as a whole."""
    key = next((part for part in reversed(loc) if isinstance(part, str)), None)
    if key is None:
        return "an item" if loc else "the document"
    return shown(key) if loc[-1] == key else f"an item of {shown(key)}"


def _noun(model: type[BaseModel] | None) -> str:
    """A model as a person calls it: `a rule` for class Rule or RuleSpec, or its `title` in lower case."""
    if model is None:
        return "this mapping"
    title = model.model_config.get("title") or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", model.__name__.partition("[")[0])
    noun = title.strip("_").lower().removesuffix(" spec")
    return f"an {noun}" if noun[:1] in tuple("aeiou") else f"a {noun}"
