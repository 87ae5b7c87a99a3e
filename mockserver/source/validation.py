"""Validates documents as pydantic models. `model_errors` explains the errors and is imported when there are any."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import ValidationError

from mockserver.source.document import Document, SourceError, SourceErrors

M = TypeVar("M", bound=BaseModel)
# Makes a value for a missing key, from a number that is different each time.
Stub = Callable[[int], Any]
Where = Callable[[Sequence[str | int]], tuple[str | int, ...]]


def load(model: type[M], text: str | bytes, name: str) -> M:
    """Read a model from a YAML text. Raises SourceErrors, which call the text `name`."""
    from mockserver.source.yaml_reader import parse

    try:
        document = parse(text, name)
    except SourceError as error:
        raise SourceErrors([error]) from None
    return validate(model, document)


def validate_partly(
    model: type[M], document: Document, stubs: Mapping[str, Stub]
) -> tuple[M | None, SourceErrors | None, Where]:
    """Read a model from what is right in a document, and return the errors of the rest.

    A missing key gets the value of its entry in `stubs`. Return the model, None if nothing is right; the errors, None
    if there are none; and a function that returns the place in the document of a place in the model.
    """
    try:
        return model.model_validate(document.data), None, tuple
    except ValidationError as error:
        from mockserver.source.many_errors import MOST_LISTED
        from mockserver.source.model_errors import explained_validation
        from mockserver.source.salvage import Salvage

        if error.error_count() > MOST_LISTED:
            return None, explained_validation(error, document, model), tuple
        salvage = Salvage(document, stubs)
        return salvage.model(model, error), SourceErrors(salvage.errors), salvage.where


def validate(model: type[M], document: Document) -> M:
    """Read a model from a document. Raises SourceErrors."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        from mockserver.source.model_errors import explained_validation

        raise explained_validation(error, document, model) from None
