"""The table of a provider's errors: for each kind, the status, the words, and the rows of the ledger."""

from collections.abc import Mapping, Sequence
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
    """How a provider replies to one kind of error.

    `message` is what the client reads. A check that knows more, such as which field is wrong, replaces it, unless the
    error is `fixed`. Without a `status` it is the usual one of the kind. `code` is the provider's name for the error,
    for its replies. `row` is the name of the error's row in the ledger, behind `error.`; without one it is the code,
    and without that the name in the table. `ledger_rows` are more rows that the reply is based on.
    """

    message: str
    status: int | None = None
    code: str = ""
    row: str | None = None
    ledger_rows: tuple[str, ...] = ()
    fixed: bool = False


# Where a provider's table has no entry.
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
    """What the checks had found out about a request before it was refused."""

    operation: Operation | None = None
    account: Account | None = None
    usage: Sequence[Usage] = ()
    body: Any = None
    options: Mapping[str, Any] = {}
    strict: bool = False


NO_CONTEXT = RefusalContext()


class Errors:
    """The part of a provider that turns refusals into error replies.

    `errors` has an entry for each kind, each of the provider's own `codes`, and each case that a check names:
    `no_credential`, `malformed` and `not_an_object` (of bodies), `missing_scope`, `body_too_large`, `no_such_path`, the
    name of a limit, or the `row` of a refusal. The most specific entry counts. `error_rows` are the rows of the ledger
    that every error is based on. `problem_rows` are those that the refusal of a body is based on, by field, by type of
    the problem as pydantic names it, or by `*`.
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
        """The provider's own error for a refusal, with the rows of the ledger that it is based on."""
        name, error = self._entry(refusal)
        message = self.error_message(error, refusal)
        return Reply(
            error.status or HTTP_STATUS.get(refusal.kind, 500),
            self.error_body(error, message, refusal, context),
            ledger_rows=self._rows(error, self.error_row(name, error, refusal), refusal),
            note=_note(refusal, message),
        )

    def _entry(self, refusal: Refusal) -> tuple[str, Error]:
        """The most specific entry of the table for a refusal, with its name."""
        table = self._errors
        for name in (refusal.row, refusal.case, refusal.limit, refusal.kind):
            if name is not None and name in table:
                return name, table[name]
        code = refusal.kind.removeprefix(f"{self.name}:")
        return (code, table[code]) if code in table else ("server_error", table["server_error"])

    def error_row(self, name: str, error: Error, refusal: Refusal) -> str:
        """The name of an error's row in the ledger; `name` is that of its entry in the table."""
        return refusal.row or error.row or error.code or name

    def error_message(self, error: Error, refusal: Refusal) -> str:
        """What the client reads: the words of the scenario, of the check, or of the table."""
        own = refusal.scripted or not error.fixed
        return (own and refusal.message) or error.message

    def error_body(self, error: Error, message: str, refusal: Refusal, context: RefusalContext) -> Any:
        """The body of an error reply."""
        return {"error": message}

    def _rows(self, error: Error, name: str, refusal: Refusal) -> tuple[str, ...]:
        rows = (f"error.{name}", *refusal.ledger_rows, *self.error_rows, *error.ledger_rows)
        if refusal.kind == "rate_limited" and refusal.limit is not None:
            rows = (*rows, f"limit.{refusal.limit}")
        return rows if refusal.retry_after is None else (*rows, "rule.retry_after")

    def invalid(self, error: ValidationError, data: Any) -> Refusal:
        """The refusal of a body that is not valid. A problem whose type is one of the `codes` is that error."""
        if not isinstance(data, Mapping):
            return Refusal("invalid_request", "The body must be a JSON object", case="not_an_object")
        found = problems(error)
        for problem in found:
            if problem["type"] in self.codes:
                rows = self.rows_of_problem(problem)
                return Refusal(f"{self.name}:{problem['type']}", problem["msg"], ledger_rows=rows)
        return Refusal("invalid_request", self.describe(error), ledger_rows=self.rows_of_problem(found[0]))

    def describe(self, error: ValidationError) -> str:
        """The first problem of a body in words for the client."""
        return first_error(error)

    def rows_of_problem(self, problem: ErrorDetails) -> tuple[str, ...]:
        """The rows of the ledger for one problem of a body, beside that of the error."""
        table: Mapping[Any, tuple[str, ...]] = self.problem_rows
        return next((table[name] for name in (*problem["loc"], problem["type"], "*") if name in table), ())


def _note(refusal: Refusal, message: str) -> str | None:
    """What the journal says of a refusal; None where its kind says all."""
    if refusal.note or refusal.message:
        return str(refusal)
    return f"{refusal.kind}: {message}" if refusal.row or refusal.case else None
