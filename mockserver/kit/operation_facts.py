"""What rules of scenarios can do with each operation, for advice."""

import re
from collections.abc import Iterable

from pydantic import BaseModel

from mockserver.core.advice import OperationFacts
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider

_PARAMETER = re.compile(r"\{(\w+)\}")


def operation_facts(providers: Iterable[Provider]) -> dict[str, OperationFacts]:
    """Return the facts about each operation that scenarios can name."""
    return {f"{p.name}.{o.name}": _facts(o) for p in providers for o in p.operations if not o.hidden}


def _facts(operation: Operation) -> OperationFacts:
    readable = operation.body is not None and operation.body_kind != "multipart"
    return OperationFacts(
        creates_job=operation.method == "POST"
        and not operation.public
        and not operation.job_in
        and operation.role != "poll",
        streams=operation.streams,
        about_job=bool(operation.job_in),
        batch=operation.item_model is not None,
        has_input=bool(operation.input),
        body=_names(operation.body) | _names(operation.item_model) if readable else None,
        query=_names(operation.query),
        path=frozenset(_PARAMETER.findall(operation.path)),
    )


def _names(model: type[BaseModel] | None) -> frozenset[str]:
    fields = {} if model is None else model.model_fields
    return frozenset(name for field, info in fields.items() for name in (field, info.alias) if name)
