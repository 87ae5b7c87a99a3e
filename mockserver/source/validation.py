"""Documents read as models. What is wrong with one is explained in model_errors, which is loaded when something is."""

from typing import TypeVar

from pydantic import BaseModel
from pydantic_core import ValidationError

from mockserver.source.document import Document, SourceError, SourceErrors

M = TypeVar("M", bound=BaseModel)


def load(model: type[M], text: str | bytes, name: str) -> M:
    """The model that a YAML text describes. Raises SourceErrors, `name` standing for the file."""
    from mockserver.source.yaml_reader import parse

    try:
        document = parse(text, name)
    except SourceError as error:
        raise SourceErrors([error]) from None
    return validate(model, document)


def validate(model: type[M], document: Document) -> M:
    """The model that a document describes, wherever its data came from. Raises SourceErrors."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        from mockserver.source.model_errors import explain

        raise SourceErrors(explain(error, document, model)) from None
