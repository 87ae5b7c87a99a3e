"""Advice on scenario files: warnings about what is allowed and has no effect, with their positions."""

from collections.abc import Mapping

from mockserver.core.advice import OperationFacts, advice
from mockserver.core.compile import Program
from mockserver.core.scenario import Scenario
from mockserver.source.document import Document, SourceError, in_order


def warnings_of(document: Document, program: Program, operations: Mapping[str, OperationFacts]) -> list[SourceError]:
    """Return the warnings about a document, which was compiled to `program`, in the order of its text."""
    own = Scenario.model_validate(document.data)
    problems = advice(own, program.rules[: len(own.rules)], operations)
    return in_order([document.error(p.loc, p.message, key=p.at_key) for p in problems], document)
