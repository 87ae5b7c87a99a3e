"""The control API: its operations, and how a request reaches them."""

import logging
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

from mockserver.clock import turn
from mockserver.control.boundary import Boundary
from mockserver.control.call import BODY_OPTIONAL, ControlCall, ControlError, GetDocument
from mockserver.control.models import ScenarioByName
from mockserver.control.operations import operations
from mockserver.control.replies import PROBLEM
from mockserver.core.compile import near
from mockserver.core.faults import Refusal
from mockserver.kit.operations import Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.provenance.behaviours import Ledger
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.scenario.library import Library
from mockserver.source.document import Document
from mockserver.source.model_errors import SourceErrors, validate
from mockserver.wire.body import media_type, parse_json, parse_query, read_body
from mockserver.wire.probes import SAFE
from mockserver.wire.reply import encode, head
from mockserver.wire.request import Connection, Disconnected, Request
from mockserver.wire.routes import Routes

log = logging.getLogger("mockserver")

MAX_BODY = 1_048_576
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


class ControlApi:
    """Answers what is under `/_mock`, for the sandbox that the request is in."""

    def __init__(
        self,
        sandboxes: Sandboxes,
        library: Library,
        providers: Sequence[Provider],
        boundary: Boundary,
        ledger: Ledger,
        document: GetDocument,
    ) -> None:
        self._boundary = boundary
        self._sandboxes = sandboxes
        self._library = library
        self._providers = providers
        self._ledger = ledger
        self._document = document
        self._routes: Routes[Operation] = Routes(operations())

    async def serve(self, sandbox: Sandbox, path: str, request: Request, connection: Connection) -> None:
        """Answer one request. Errors are problem details (RFC 9457)."""
        # Requests to this API may wait with time-outs, which asyncio has for tasks alone: whoever suspends is one.
        await turn()
        headers = request.headers
        call = ControlCall(
            sandbox, self._sandboxes, self._library, self._providers, headers, sandbox.clock.now(), self._ledger,
            self._document,
            origin=f"{request.scheme}://{headers.get('host', 'localhost')}", query=parse_query(request.query),
        )  # fmt: skip
        try:
            reply = await self._answer(call, path, request, connection)
        except ControlError as error:
            reply = _problem(error)
        except Disconnected:
            return
        except Exception:
            log.exception("%s /_mock%s failed", request.method, path)
            reply = _problem(ControlError(500, "Internal error: see the server's log"))
        body = encode(reply)
        await connection.respond(reply.status, head(reply, SAFE, len(body)), body)

    async def _answer(self, call: ControlCall, path: str, request: Request, connection: Connection) -> Reply:
        self._boundary.check(path, call.headers)
        found = self._routes.find(path)
        if found is None:
            raise ControlError(404, f"The control API has no path {path!r}")
        operation = found.operation(request.method)
        if operation is None:
            raise ControlError(405, f"{path} takes {found.allowed}", allow=found.allowed)
        call.path = found.parameters
        _check_query(call, operation)
        if operation.body is not None:
            await _read(call, operation, request, connection)
        await call.sandbox.settling.settle(call.now)
        reply = await operation.handler(call)
        assert isinstance(reply, Reply)
        return reply


def _check_query(call: ControlCall, operation: Operation) -> None:
    """A misspelt filter would be none at all: more would be shown, or deleted, than was meant."""
    known = list(operation.query.model_fields) if operation.query else []
    for name in call.query:
        if operation.query is not None and name not in known:
            raise ControlError(400, f"There is no query parameter {name!r} here{near(name, known)}")


async def _read(call: ControlCall, operation: Operation, request: Request, connection: Connection) -> None:
    try:
        call.raw = await read_body(request, connection, MAX_BODY)
    except Refusal as refusal:
        raise ControlError(413, refusal.message) from None
    kind = media_type(call.headers.get("content-type"))
    if operation.name == "use_scenario" and kind in YAML_TYPES:
        call.body = call.raw
        return
    if operation.name in BODY_OPTIONAL and not call.raw and not kind:
        call.body = _validated(operation.body, {})
        return
    # Only JSON: a form of a foreign page can send text/plain without asking first, but never this.
    if kind != "application/json":
        wanted = "application/json or application/yaml" if operation.name == "use_scenario" else "application/json"
        raise ControlError(415, f"Content-Type must be {wanted}")
    try:
        data = _whole(parse_json(call.raw))
    except ValueError as error:
        raise ControlError(400, f"The body is not valid JSON: {error}") from None
    if operation.name == "use_scenario" and isinstance(data, dict) and "scenario" in data:
        call.body = data
        return
    call.body = _validated(ScenarioByName if operation.name == "use_scenario" else operation.body, data)


def _whole(data: Any) -> Any:
    """The data with 1.0 as 1: to JSON Schema both are integers, and to clients with only one kind of number."""
    if isinstance(data, dict):
        return {key: _whole(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_whole(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() and abs(data) < 2**53 else data


def _validated(model: type[BaseModel] | None, data: Any) -> BaseModel:
    assert model is not None
    try:
        return validate(model, Document.of(data, "body"))
    except SourceErrors as errors:
        raise ControlError(422, str(errors.errors[0]), [str(e) for e in errors.errors]) from None


def _problem(error: ControlError) -> Reply:
    body: dict[str, Any] = {"title": "The control API refuses this", "status": error.status, "detail": error.detail}
    if error.errors:
        body["errors"] = error.errors
    headers = [(b"allow", error.allow.encode())] if error.allow else []
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return Reply(error.status, to_json(body), headers, PROBLEM)
