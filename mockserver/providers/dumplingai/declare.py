"""One declaration for each operation of v1: the server, the OpenAPI document and the ledger are made of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Documented, ErrorReplies, Operation, Reply
from mockserver.providers.dumplingai import models, samples
from mockserver.providers.dumplingai.requests import deviations_of, rows_of_request, subject
from mockserver.providers.dumplingai.work import Task, handler
from mockserver.wire.exchange import Exchange

Run = Callable[[Exchange, Any], Awaitable[Task]]

ERRORS = ErrorReplies(
    {
        400: Documented("The request or what it names is invalid", models.Error, example=samples.INVALID),
        401: Documented("Missing or invalid API key", models.Error, example=samples.UNAUTHORIZED),
        402: Documented("Not enough credits", models.Error, example=samples.OUT_OF_CREDITS),
        403: Documented("Not allowed", models.Error),
        404: Documented("There is no such thing", models.Error),
        405: Documented("If the scenario checks requests against the provider's OpenAPI document only", models.Error),
        429: Documented("The limit per minute is used up", models.Error),
        500: Documented("The operation failed", models.Error),
        503: Documented("Temporary outage", models.Error),
    }
)
DOCS = "https://docs.dumplingai.com/api-reference"
READ = "2026-11-29"
_ANSWERS = "test_dumplingai_family.py::test_each_operation_answers_its_example"
_PRICED = "test_dumplingai_family.py::test_the_price_of_each_operation"
_TEN_TIMES = "not documented in new credits; the legacy price times ten, as the page on credits has it"


class Price(NamedTuple):
    """What an operation costs, as a sentence, and how it is known. `source` is for a price that is assumed."""

    what: str
    known: str = "assumed"
    source: str = _TEN_TIMES


class Api(NamedTuple):
    """An operation with its rows of the ledger, what does its work, and how the message of a 500 begins.

    A beginning that ends with a colon has the details after it. `listed` are further operations at the same path.
    """

    operation: Operation
    rows: Mapping[str, Mapping[str, Any]]
    run: Run
    failed: str
    listed: tuple[Operation, ...] = ()


def v1(
    name: str,
    summary: str,
    run: Run,
    body: type[BaseModel],
    reply: type[BaseModel],
    *,
    tag: str,
    price: Price,
    failed: str = "",
    path: str = "",
    page: str = "",
    known: str = "documented",
    source: str = "the page of the operation",
    statuses: tuple[int, ...] = (),
    status: int = 200,
    rows: tuple[str, ...] = (),
    description: str = "",
    error_reply: Callable[[Refusal], Reply | None] | None = None,
    failure: type[BaseModel] | None = None,
    max_body: int | None = None,
) -> Api:
    """Return an operation of v1. Examples of its body and of its reply are in `examples.json`.

    `known` and `source` are the class of the operation and where it is described, by default on its page, whose name
    is that of its path. `rows` are the names of rows that all replies rest on. `statuses` are errors besides those of
    all operations, and `failure` is the model of a 500 if it is not the usual one.
    """
    path, example = path or name.replace("_", "-"), samples.examples()[name]
    replies = ERRORS.beside({status: Documented(summary, reply, example=example["reply"])}, 400, 402, *statuses)
    if failure is not None:
        replies[500] = Documented("The operation failed", failure)
    operation = Operation(
        name,
        "POST",
        f"/api/v1/{path}",
        handler(run),
        summary,
        replies,
        body,
        input=subject,
        max_body=max_body,
        examples={"default": example["request"]},
        request_ledger_rows=rows_of_request,
        deviations=deviations_of,
        paid=True,
        cost_row=f"rule.price_{name}",
        immediate=True,
        tag=tag,
        ledger_rows=rows,
        error_reply=error_reply,
        description=" ".join(filter(None, (f"{price.what}.", description))),
    )
    return Api(operation, _rows(name, summary, price, known, source, page or path), run, failed)


def page_of(name: str) -> dict[str, str]:
    """Return the page of an endpoint in the provider's documentation, for the ledger."""
    return {"title": name, "url": f"{DOCS}/endpoint/{name}", "read": READ}


def row(
    what: str, known: str, source: str, page: Any = None, test: str = _ANSWERS, scenario: str = "default"
) -> dict[str, Any]:
    """Return a row of the ledger."""
    return {"what": what, "class": known, "source": source, "page": page, "test": test, "scenario": scenario}


def _rows(name: str, summary: str, price: Price, known: str, source: str, page: str) -> dict[str, Mapping[str, Any]]:
    documented = price.known == "documented"
    return {
        f"operation.{name}": row(summary, known, source, page_of(page) if known != "observed" else "clients"),
        f"rule.price_{name}": row(
            price.what, price.known, "Credit costs" if documented else price.source, "credits", _PRICED
        ),
    }
