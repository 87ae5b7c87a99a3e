"""The table of a provider's errors, and the error replies that are made from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mockserver.core.accounts import Account
from mockserver.core.faults import HTTP_STATUS, Refusal
from mockserver.core.limits import Usage
from mockserver.kit.models import first_error, problems
from mockserver.kit.operations import Operation, Reply


class Error(NamedTuple):
    """The reply to one kind of error.

    `message` is for the client. If a check has a more specific message, such as one that names the invalid field, that
    one is sent, unless the error is `fixed`. Without `status`, the kind's usual status is sent. `code` is the
    provider's code for the error. `row` is the name of the error's row in the ledger, without `error.`; the default is
    the code, or else the name in the table. `ledger_rows` are more rows that the reply is based on.
    """

    message: str
    status: int | None = None
    code: str = ""
    row: str | None = None
    ledger_rows: tuple[str, ...] = ()
    fixed: bool = False


# The entries of kinds that a provider's table does not have.
DEFAULT_ERRORS: Mapping[str, Error] = {
    "unauthorized": Error("Invalid API key"),
    "forbidden": Error("Forbidden"),
    "not_found": Error("Not found"),
    "method_not_allowed": Error("Method not allowed"),
    "invalid_request": Error("Invalid request"),
    "too_large": Error("The request body is too large"),
    "unsupported_media_type": Error("Unsupported content type"),
    "insufficient_credits": Error("Insufficient credits"),
    "rate_limited": Error("Too many requests"),
    "overloaded": Error("The service is temporarily unavailable"),
    "server_error": Error("Internal server error"),
}


class RefusalContext(NamedTuple):
    """What is known about a refused request. The more checks it has passed, the more is set.

    `path` is the provider's own path of the request, without prefixes. `now` is the instant of the request in
    milliseconds; 0 if the reply is only made for a document.
    """

    operation: Operation | None = None
    account: Account | None = None
    usage: Sequence[Usage] = ()
    body: Any = None
    options: Mapping[str, Any] = {}
    strict: bool = False
    now: int = 0
    path: str = ""


NO_CONTEXT = RefusalContext()


class Errors:
    """The part of a provider that turns refusals into error replies.

    `errors` is the table, by kind, by the provider's own `codes`, and by case. The cases are `no_credential`,
    `malformed` and `not_an_object` (of bodies), `missing_scope`, `body_too_large`, `no_such_path`, the name of a limit,
    and the `row` of a refusal. The most specific entry is used. `error_rows` are the rows of the ledger that every
    error is based on. `problem_rows` are the rows for an invalid body, by field, by pydantic's type of the problem, or
    `*`.
    """

    name: ClassVar[str]
    errors: ClassVar[Mapping[str, Error]] = {}
    codes: ClassVar[tuple[str, ...]] = ()
    error_rows: ClassVar[tuple[str, ...]] = ()
    problem_rows: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @cached_property
    def _errors(self) -> Mapping[str, Error]:
        return {**DEFAULT_ERRORS, **self.errors}

    def error_reply(self, refusal: Refusal, context: RefusalContext = NO_CONTEXT) -> Reply:
        """Return the reply to a refusal, with the rows of the ledger that it is based on."""
        operation = context.operation
        if operation is not None and refusal.kind in operation.errors:
            refusal = replace(refusal, kind=f"{self.name}:{operation.errors[refusal.kind]}")
        name, error = self._entry(refusal)
        message = self.error_message(error, refusal)
        return Reply(
            error.status or HTTP_STATUS.get(refusal.kind, 500),
            self.error_body(error, message, refusal, context),
            ledger_rows=self._rows(error, self.error_row(name, error, refusal), refusal),
            note=_note(refusal, message),
        )

    def _entry(self, refusal: Refusal) -> tuple[str, Error]:
        """Return the most specific entry of the table for a refusal, and its name."""
        table = self._errors
        for name in (refusal.row, refusal.case, refusal.limit, refusal.kind):
            if name is not None and name in table:
                return name, table[name]
        code = refusal.kind.removeprefix(f"{self.name}:")
        return (code, table[code]) if code in table else ("server_error", table["server_error"])

    def error_row(self, name: str, error: Error, refusal: Refusal) -> str:
        """Return the name of an error's row in the ledger. `name` is the error's name in the table."""
        return refusal.row or error.row or error.code or name

    def error_message(self, error: Error, refusal: Refusal) -> str:
        """Return the message for the client: the scenario's, the check's, or that of the table."""
        # The message about a path that is not simulated is the server's, so the provider's words would mislead.
        own = refusal.scripted or not error.fixed or refusal.row == "no_such_path"
        return (own and refusal.message) or error.message

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        """Return the body of an error reply."""
        return {"error": message}

    def _rows(self, error: Error, name: str, refusal: Refusal) -> tuple[str, ...]:
        rows = (f"error.{name}", *refusal.ledger_rows, *self.error_rows, *error.ledger_rows)
        if refusal.kind == "rate_limited" and refusal.limit is not None:
            rows = (*rows, f"limit.{refusal.limit}")
        return rows if refusal.retry_after is None else (*rows, "rule.retry_after")

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """Return the refusal of an invalid body. A problem whose type is one of the `codes` becomes that error."""
        if not isinstance(data, Mapping):
            return Refusal("invalid_request", "The body must be a JSON object", case="not_an_object")
        found = problems(error)
        for problem in found:
            if problem["type"] in self.codes:
                rows = self.rows_of_problem(problem)
                return Refusal(f"{self.name}:{problem['type']}", problem["msg"], ledger_rows=rows)
        return Refusal("invalid_request", self.describe(error), ledger_rows=self.rows_of_problem(found[0]))

    def describe(self, error: ValidationError) -> str:
        """Return a message about the first problem of a body."""
        return first_error(error)

    def rows_of_problem(self, problem: ErrorDetails) -> tuple[str, ...]:
        """Return the rows of the ledger for a problem of a body, in addition to the row of the error."""
        table: Mapping[Any, tuple[str, ...]] = self.problem_rows
        return next((table[name] for name in (*problem["loc"], problem["type"], "*") if name in table), ())


def _note(refusal: Refusal, message: str) -> str | None:
    """Return the journal's note about a refusal; None if the kind says everything."""
    if refusal.note or refusal.message:
        return str(refusal)
    return f"{refusal.kind}: {message}" if refusal.row or refusal.case else None
