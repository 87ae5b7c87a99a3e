"""The control API: its operations, and how a request reaches them."""

import logging
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

from mockserver.control import insides, worlds
from mockserver.control.boundary import check_boundary
from mockserver.control.call import ControlCall, ControlError
from mockserver.control.models import (
    AccountChange, ArmedFault, ClockChange, JobChange, NewSandbox, Reset, ScenarioByName,
)  # fmt: skip
from mockserver.core.faults import Refusal
from mockserver.source.model_errors import SourceErrors, validate
from mockserver.providers.base import Documented, Operation, Provider, Reply
from mockserver.sandbox import Sandbox
from mockserver.sandboxes import Sandboxes
from mockserver.scenarios import Library
from mockserver.source.document import Document
from mockserver.wire.body import Disconnected, media_type, parse_json, parse_query, read_body
from mockserver.wire.reply import Send, encode, send_whole
from mockserver.wire.routes import Routes

log = logging.getLogger("mockserver")

MAX_BODY = 1_048_576
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


def operations() -> tuple[Operation, ...]:
    """Every operation of the control API."""
    ok, made = {200: Documented("Done")}, {201: Documented("Created")}
    done, accepted = {204: Documented("Done")}, {202: Documented("Accepted")}
    return (
        Operation("health", "GET", "/health", worlds.health, "The server lives", ok),
        Operation("ready", "GET", "/ready", worlds.ready, "The server can serve", ok),
        Operation("list_sandboxes", "GET", "/sandboxes", worlds.list_sandboxes, "All sandboxes", ok),
        Operation("create_sandbox", "POST", "/sandboxes", worlds.create_sandbox, "A new sandbox", made, NewSandbox),
        Operation("delete_sandbox", "DELETE", "/sandboxes/{name}", worlds.delete_sandbox, "Throw a sandbox away", done),
        Operation("list_scenarios", "GET", "/scenarios", worlds.list_scenarios, "All scenarios", ok),
        Operation("show_scenario", "GET", "/scenario", worlds.show_scenario, "The active scenario", ok),
        Operation("use_scenario", "PUT", "/scenario", worlds.use_scenario, "Switch the scenario", ok, ScenarioByName),
        Operation("show_clock", "GET", "/clock", worlds.show_clock, "The clock and what is next", ok),
        Operation("change_clock", "POST", "/clock", worlds.change_clock, "Move or change the clock", ok, ClockChange),
        Operation("list_jobs", "GET", "/jobs", insides.list_jobs, "Jobs, newest first", ok),
        Operation("show_job", "GET", "/jobs/{id}", insides.show_job, "One job", ok),
        Operation("change_job", "POST", "/jobs/{id}", insides.change_job, "Force or release a job", ok, JobChange),
        Operation("show_account", "GET", "/accounts/{key}", insides.show_account, "An account", ok),
        Operation("change_account", "PATCH", "/accounts/{key}", insides.change_account, "Change it", ok, AccountChange),
        Operation("list_faults", "GET", "/faults", insides.list_faults, "Armed faults", ok),
        Operation("arm_fault", "POST", "/faults", insides.arm_fault, "Arm a fault", made, ArmedFault),
        Operation("disarm_faults", "DELETE", "/faults", insides.disarm_faults, "Disarm all faults", done),
        Operation("journal", "GET", "/journal", insides.journal, "What happened, newest first", ok),
        Operation("list_deliveries", "GET", "/deliveries", insides.list_deliveries, "Outgoing calls", ok),
        Operation(
            "replay_delivery", "POST", "/deliveries/{id}/replay", insides.replay_delivery, "Send it again", accepted
        ),
        Operation("reset", "POST", "/reset", worlds.reset, "Forget state", done, Reset),
    )


class ControlApi:
    """Answers what is under `/_mock`, for the sandbox that the request is in."""

    def __init__(self, sandboxes: Sandboxes, library: Library, providers: Sequence[Provider]) -> None:
        self._sandboxes = sandboxes
        self._library = library
        self._providers = providers
        self._routes: Routes[Operation] = Routes(operations())

    async def serve(self, sandbox: Sandbox, path: str, scope: Any, receive: Any, send: Send) -> None:
        """Answer one request. Errors are problem details (RFC 9457)."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        call = ControlCall(
            sandbox, self._sandboxes, self._library, self._providers, headers, sandbox.clock.now(),
            origin=f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}",
            query=parse_query(scope["query_string"]),
        )  # fmt: skip
        try:
            reply = await self._answer(call, path, scope["method"], receive)
        except ControlError as error:
            reply = _problem(error)
        except Disconnected:
            return
        except Exception:
            log.exception("%s /_mock%s failed", scope["method"], path)
            reply = _problem(ControlError(500, "Internal error: see the server's log"))
        safe = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
        await send_whole(send, reply, encode(reply), safe, with_body=scope["method"] != "HEAD")

    async def _answer(self, call: ControlCall, path: str, method: str, receive: Any) -> Reply:
        check_boundary(call.headers)
        found = self._routes.find(path)
        if found is None:
            raise ControlError(404, f"The control API has no path {path!r}")
        operation = found.operation(method)
        if operation is None:
            raise ControlError(405, f"{path} takes {found.allowed}")
        call.path = found.parameters
        if operation.body is not None:
            await _read(call, operation, receive)
        await call.sandbox.settle(call.now)
        return await operation.handler(call)


async def _read(call: ControlCall, operation: Operation, receive: Any) -> None:
    try:
        call.raw = await read_body(receive, MAX_BODY, call.headers.get("content-length"))
    except Refusal as refusal:
        raise ControlError(413, refusal.message) from None
    kind = media_type(call.headers.get("content-type"))
    if operation.name == "use_scenario" and kind in YAML_TYPES:
        call.body = call.raw
        return
    # Only JSON: a form of a foreign page can send text/plain without asking first, but never this.
    if kind != "application/json":
        wanted = "application/json or application/yaml" if operation.name == "use_scenario" else "application/json"
        raise ControlError(415, f"Content-Type must be {wanted}")
    try:
        data = parse_json(call.raw)
    except ValueError as error:
        raise ControlError(400, f"The body is not valid JSON: {error}") from None
    if operation.name == "use_scenario" and isinstance(data, dict) and "scenario" in data:
        call.body = data
        return
    call.body = _validated(operation.body, data)


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
    return Reply(error.status, to_json(body), content_type="application/problem+json")
