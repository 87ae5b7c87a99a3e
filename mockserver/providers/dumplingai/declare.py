"""One declaration for each operation: the server, the OpenAPI document and the ledger are made of it.

The data are in `operations.json`, by the name of the operation: summary, price, errors and examples, and how each is
known. The shapes of replies are in `shapes.json` (see `kit.shapes`).
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from mockserver.core.faults import Refusal
from mockserver.kit.operations import Documented, ErrorReplies, Operation, Reply
from mockserver.kit.shapes import Shapes
from mockserver.providers.dumplingai import models, samples
from mockserver.providers.dumplingai.inputs import MAX_BODY
from mockserver.providers.dumplingai.requests import deviations_of, rows_of_request, subject
from mockserver.providers.dumplingai.work import Task, handler
from mockserver.wire.exchange import Exchange

Run = Callable[[Exchange, Any], Awaitable[Task]]
ErrorReply = Callable[[Refusal], Reply | None]

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


class Api(NamedTuple):
    """An operation, what does its work, and how the message of a 500 begins.

    A beginning that ends with a colon has the details after it. `listed` are further operations at the same path.
    """

    operation: Operation
    run: Run
    failed: str
    listed: tuple[Operation, ...] = ()


@cache
def declarations() -> Mapping[str, Mapping[str, Any]]:
    """Return what is declared about each operation, by its name."""
    declared: dict[str, Mapping[str, Any]] = _read("operations")
    return declared


@cache
def shapes() -> Shapes:
    """Return the models of replies, by name."""
    return Shapes(_read("shapes"), {})


def v1(
    name: str,
    run: Run,
    body: type[BaseModel],
    *,
    error_reply: ErrorReply | None = None,
    listed: tuple[Operation, ...] = (),
) -> Api:
    """Return an operation of v1, whose declaration has that name. `run` does its work."""
    about = declarations()[name]
    path = about.get("path", name.replace("_", "-"))
    run = _noted(run, about["note"]) if "note" in about else run
    success = Documented(about["summary"], shapes()[about["reply"]], example=about["result"])
    replies = ERRORS.beside({about.get("status", 200): success}, 400, 402, *about.get("statuses", ()))
    if "failure" in about:
        replies[500] = Documented("The operation failed", shapes()[about["failure"]])
    operation = Operation(
        name, "POST", f"/api/v1/{path}", handler(run), about["summary"], replies, body, input=subject,
        max_body=MAX_BODY if about.get("large") else None, examples={"default": about["request"]},
        request_ledger_rows=rows_of_request, deviations=deviations_of, paid=True, cost_row=f"rule.price_{name}",
        immediate=True, tag=about["tag"], ledger_rows=tuple(about.get("rows", ())), error_reply=error_reply,
        description=" ".join(filter(None, (f"{about['price']}.", about.get("description")))),
        rows=_rows(name, about, about.get("page", path)),
    )  # fmt: skip
    return Api(operation, run, about.get("failed", ""), listed)


def _noted(run: Run, note: str) -> Run:
    """Return what does the same work with a note in the journal."""

    async def noted(exchange: Exchange, body: Any) -> Task:
        return (await run(exchange, body))._replace(note=note)

    return noted


def page_of(name: str) -> dict[str, str]:
    """Return the page of an endpoint in the provider's documentation, for the ledger."""
    return {"title": name, "url": f"{DOCS}/endpoint/{name}", "read": READ}


def row(what: str, known: str, source: str, page: Any = None, test: str = _ANSWERS) -> dict[str, Any]:
    """Return a row of the ledger that the default scenario shows."""
    return {"what": what, "class": known, "source": source, "page": page, "test": test, "scenario": "default"}


def _rows(name: str, about: Mapping[str, Any], page: str) -> dict[str, Mapping[str, Any]]:
    known, price_known = about.get("known", "documented"), about.get("price_known", "assumed")
    source = "Credit costs" if price_known == "documented" else about.get("price_source", _TEN_TIMES)
    cited = page_of(page) if known == "documented" else "clients"
    return {
        f"operation.{name}": row(about["summary"], known, about.get("source", "the page of the operation"), cited),
        f"rule.price_{name}": row(about["price"], price_known, source, "credits", _PRICED),
    }


def _read(name: str) -> Any:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_bytes())
