"""Turns validation errors of pydantic into errors for the author of the data, with positions and suggestions."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pydantic import BaseModel
from pydantic_core import ErrorDetails, ValidationError

from mockserver.source.document import Document, Position, SourceError, SourceErrors
from mockserver.source.many_errors import MOST_LISTED, first_details
from mockserver.source.model_paths import Loc, LocatedError, keys_of, locate
from mockserver.source.model_unions import CHOICES, SHAPES, select_members
from mockserver.source.suggestions import as_word, clip, describe, did_you_mean, nearest
from mockserver.source.validation import load, validate

__all__ = ["SourceErrors", "did_you_mean", "explain", "explain_details", "explained", "load", "validate"]

# The search for a similar word takes most of the time.
_MAX_SUGGESTIONS = 20
_MAX_MESSAGE = 300
_MAX_JOINED = 3
# A string that YAML reads as a string without quotes, also inside braces.
_PLAIN = re.compile(r"^(?!(?:true|false|null|yes|no|on|off)$)[A-Za-z_][\w-]*(?: [\w-]+)*$")
_PREFIX = re.compile(r"^(Value error, |Assertion failed, )")
# "Input should be greater than 0", "String should match pattern '^a'"
_RULE = re.compile(r"^([A-Z]\w+) should ")


def explain(error: ValidationError, document: Document, model: type[BaseModel]) -> list[SourceError]:
    """Return the errors of a validation in the order of the text, one for each position.

    `model` is the one that validated `document.data`. Only the first 600 of pydantic's errors are used.
    """
    return explain_details(error.errors(include_url=False), document, model)


def explained(details: Sequence[ErrorDetails], document: Document, model: type[BaseModel]) -> SourceErrors:
    """Return the errors that pydantic has listed as one exception (not raised), which counts those it leaves out."""
    return SourceErrors(explain_details(details, document, model), max(0, len(details) - MOST_LISTED))


def explained_validation(error: ValidationError, document: Document, model: type[BaseModel]) -> SourceErrors:
    """Return the errors of a validation as one exception (not raised), which counts those it leaves out."""
    details, more = first_details(error, document.data, model)
    return SourceErrors(explain_details(details, document, model), more)


def explain_details(details: Sequence[ErrorDetails], document: Document, model: type[BaseModel]) -> list[SourceError]:
    """Do the same for errors that pydantic has already listed, each with its place in `document.data`."""
    return explain_located(
        select_members([locate(detail, document.data, model) for detail in details[:MOST_LISTED]]), document
    )


def explain_located(located: Sequence[LocatedError], document: Document) -> list[SourceError]:
    """Do the same for errors that are located in `document.data`."""
    others = (each for each in located if each.kind != "missing")
    errors = [_explained(each, document, number < _MAX_SUGGESTIONS) for number, each in enumerate(others)]
    return _one_per_position(errors + _missing_keys(located, document))


def _missing_keys(located: Sequence[LocatedError], document: Document) -> list[SourceError]:
    """Return an error for each mapping with missing keys. Keys that an unknown key probably stands for are left out."""
    missing: dict[Loc, list[LocatedError]] = defaultdict(list)
    for each in located:
        if each.kind == "missing":
            missing[each.loc].append(each)
    misspelt: set[Loc] = set()
    for each in located[:_MAX_SUGGESTIONS]:
        if each.kind == "extra_forbidden" and each.owner:
            meant = nearest(str(each.loc[-1]), keys_of(each.owner))
            misspelt |= {(*each.loc[:-1], meant)} if meant else set()
    errors = []
    for loc, details in missing.items():
        keys = [each.error["loc"][-1] for each in details]
        names = [describe(key) for key in keys if isinstance(key, str) and (*loc, key) not in misspelt]
        if names:
            noun = f"keys {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"key {names[0]}"
            errors.append(document.error(loc, f"missing {noun} in {_noun(details[0].owner)}"))
        elif any(isinstance(key, int) for key in keys):
            errors.append(document.error(loc, f"{_subject(loc)} has too few items"))
    return errors


def _one_per_position(errors: Iterable[SourceError]) -> list[SourceError]:
    positions: dict[Position | Loc, list[SourceError]] = defaultdict(list)
    for error in errors:
        positions[error.position or error.path].append(error)
    return sorted(map(_joined, positions.values()), key=lambda error: error.position or (0, 0))


def _joined(errors: Sequence[SourceError]) -> SourceError:
    messages = list(dict.fromkeys(error.message for error in errors))[:_MAX_JOINED]
    if len(messages) == 1:
        return errors[0]
    message = f"{messages[0]} (and {'; and '.join(messages[1:])})"
    return SourceError(errors[0].name, errors[0].position, message, "", errors[0].path)


def _explained(located: LocatedError, document: Document, suggest: bool) -> SourceError:
    loc, value = located.loc, located.error["input"]
    options = located.options if suggest else []
    if located.kind == "extra_forbidden":
        options = keys_of(located.owner) if located.owner and suggest else []
        message = f"unknown key {describe(loc[-1])} in {_noun(located.owner)}"
        return document.error(loc, message, did_you_mean(str(loc[-1]), options), key=True)
    if located.kind in CHOICES and not located.expected:
        return _wrong_choice(document, loc, value, options)
    if located.kind.startswith("union_tag_"):
        key = str(located.context["discriminator"]).strip("'")
        if not isinstance(value, dict) or key not in value:
            return document.error(loc, _tag_message(key), did_you_mean("", options))
        return _wrong_choice(document, (*loc, key), value[key], options)
    return document.error(loc, *_wrong_value(located, document), key=located.on_key)


def _tag_message(key: str) -> str:
    # The discriminator is a key, or a function of the whole value.
    return f"missing key {describe(key)}" if not key.endswith("()") else "this kind of value is not allowed here"


def _wrong_choice(document: Document, loc: Loc, value: object, options: Sequence[str]) -> SourceError:
    return document.error(loc, f"{_subject(loc)} cannot be {describe(value)}", did_you_mean(as_word(value), options))


def _wrong_value(located: LocatedError, document: Document) -> tuple[str, str]:
    """Return the message about a wrong value, and a suggestion or an empty string."""
    value, message = located.error["input"], located.error["msg"]
    subject = _subject(located.loc)
    if located.on_key:
        subject = f"the key {subject}"
    elif not located.loc and located.owner:
        subject = _noun(located.owner)
    expected = located.expected or ((SHAPES[located.kind],) if located.kind in SHAPES else ())
    if expected:
        hint = "put it in quotes" if "a string" in expected and isinstance(value, int | float) else ""
        hint = _as_mapping(located) or hint
        return f"{subject} must be {' or '.join(expected)}, not {describe(value)}", hint
    if rule := _RULE.match(message):
        actual = f", not {describe(value)}" if rule[1] == "Input" else ""
        return f"{subject} must {message[rule.end() :]}{actual}", ""
    text = clip(_PREFIX.sub("", message), _MAX_MESSAGE)
    # Without a text the error reports a path, which names the key already.
    return f"{subject}: {text}" if document.root and located.loc and isinstance(located.loc[-1], str) else text, ""


def _as_mapping(located: LocatedError) -> str:
    """Return how a value is written that stands for a mapping with one key, or an empty string."""
    key = getattr(located.model, "shorthand", "")
    value = located.error["input"]
    if not key or value is None or isinstance(value, dict):
        return ""
    word = clip(value) if isinstance(value, str) and value.isprintable() else describe(value)
    needs_quotes = isinstance(value, str) and not _PLAIN.match(value)
    return f"write {{{key}: {describe(value) if needs_quotes else '[...]' if isinstance(value, list) else word}}}"


def _subject(loc: Loc) -> str:
    """Return the subject of an error: `'nth'`, `an item of 'steps'`, or `the document`."""
    key = next((part for part in reversed(loc) if isinstance(part, str)), None)
    if key is None:
        return "an item" if loc else "the document"
    return describe(key) if loc[-1] == key else f"an item of {describe(key)}"


def _noun(model: type[BaseModel] | None) -> str:
    """Return the name of a model for people: `a rule` for class Rule or RuleSpec, or its `title` in lower case."""
    if model is None:
        return "this mapping"
    title = model.model_config.get("title") or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", model.__name__.partition("[")[0])
    noun = title.strip("_").lower().removesuffix(" spec")
    return f"an {noun}" if noun[:1] in tuple("aeiou") else f"a {noun}"
