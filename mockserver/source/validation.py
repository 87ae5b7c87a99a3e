"""Validates documents as pydantic models. `model_errors` explains the errors and is imported when there are any."""

from typing import TypeVar

from pydantic import BaseModel
from pydantic_core import ValidationError

from mockserver.source.document import Document, SourceError, SourceErrors

M = TypeVar("M", bound=BaseModel)


def load(model: type[M], text: str | bytes, name: str) -> M:
    """Read a model from a YAML text. Raises SourceErrors, which call the text `name`."""
    from mockserver.source.yaml_reader import parse

    try:
        document = parse(text, name)
    except SourceError as error:
        raise SourceErrors([error]) from None
    return validate(model, document)


def validate(model: type[M], document: Document) -> M:
    """Read a model from a document. Raises SourceErrors."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        from mockserver.source.model_errors import explained

        raise explained(error.errors(include_url=False), document, model) from None
