"""Run code: /api/v1/run-js-code and /run-python-code. Code is not run: only what simple programs print is known."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.kit.models import Shape
from mockserver.kit.operations import Reply
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.content.web.programs import Outcome

_CREDITS = 50
_NOT_RUN = "the code was not run: only what prints of literals, names and sums print is in the logs"


class RunCode(Sourced):
    """A program."""

    code: str = Field(min_length=1, max_length=100_000)
    commands: str | None = Field(default=None, max_length=4_000, description="commands that install packages")
    parse_json: bool = Field(default=False, alias="parseJson", description="true: what is printed is returned as JSON")


class Logs(Shape):
    """What was printed."""

    stdout: list[str]
    stderr: list[str]


class Ran(Shape):
    """What a program has printed."""

    logs: Logs


async def run_js_code(exchange: Exchange, body: RunCode) -> Task:
    """Return what a JavaScript program prints."""
    from mockserver.content.web.programs import javascript

    return _task(javascript(body.code), body)


async def run_python_code(exchange: Exchange, body: RunCode) -> Task:
    """Return what a Python program prints."""
    from mockserver.content.web.programs import python

    return _task(python(body.code), body)


def _task(outcome: "Outcome", body: RunCode) -> Task:
    if outcome.error is not None:
        raise Refusal("server_error", "\0".join(outcome.error), row="program_failed")
    printed = {"stdout": outcome.stdout, "stderr": outcome.stderr}
    logs = {"logs": {name: _parsed(texts) if body.parse_json else list(texts) for name, texts in printed.items()}}
    if outcome.complete:
        return Task(_CREDITS, logs)
    return Task(_CREDITS, logs, ("rule.not_run",), note=_NOT_RUN)


def _parsed(texts: Sequence[str]) -> Any:
    """Return the JSON that was printed, or the messages if it is none."""
    try:
        return json.loads("".join(texts))
    except (ValueError, RecursionError):
        return list(texts)


def _failure(refusal: Refusal) -> Reply | None:
    """Return the reply to a program that fails, or to a failure that a scenario asks for."""
    if refusal.kind != "server_error":
        return None
    name, _, rest = refusal.message.partition("\0") if refusal.row == "program_failed" else ("SandboxError", "", "")
    value, _, trace = rest.partition("\0") if rest else (refusal.message or "The sandbox failed", "", "")
    error = {"name": name, "value": value, "traceback": trace or f"{name}: {value}"}
    row_ = "error.program_failed" if refusal.row == "program_failed" else "error.server_error"
    return Reply(500, {"error": error}, ledger_rows=(row_, "rule.program_errors"), note=f"{name}: {value}")


OPERATIONS = (
    v1("run_js_code", run_js_code, RunCode, error_reply=_failure),
    v1("run_python_code", run_python_code, RunCode, error_reply=_failure),
)
