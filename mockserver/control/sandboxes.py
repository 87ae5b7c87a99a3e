"""Operations on sandboxes: create and delete them, switch their scenario, move their clock, clear their state."""

from typing import Any

from mockserver.clock import rfc3339
from mockserver.control.call import ControlCall, ControlError, no_content
from mockserver.control.models import ClockChange, NewSandbox, Reset, ScenarioByName
from mockserver.core.compile import Program
from mockserver.core.jobs import Job
from mockserver.core.journal import Entry
from mockserver.core.scenario import ClockSpec
from mockserver.kit.operations import Reply
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import TooMany
from mockserver.scenario.library import SourceErrors
from mockserver.wire import probes


async def health(call: ControlCall) -> Reply:
    """GET /_mock/health: the server lives."""
    return probes.health()


async def ready(call: ControlCall) -> Reply:
    """GET /_mock/ready: the server can serve, and with what."""
    return probes.readiness(call.sandbox, call.sandboxes, [p.name for p in call.providers])


async def list_sandboxes(call: ControlCall) -> Reply:
    """GET /_mock/sandboxes."""
    return Reply(body={"sandboxes": [_sandbox_view(call, s) for s in call.sandboxes.by_name.values()]})


async def create_sandbox(call: ControlCall) -> Reply:
    """POST /_mock/sandboxes: a new world with its URLs and a key for each provider."""
    body: NewSandbox = call.body
    program = call.sandboxes.initial if body.scenario is None else build(call, body.scenario)
    name = body.name or call.sandboxes.free_name()
    try:
        sandbox = call.sandboxes.create(name, program, body.seed, body.clock)
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    except TooMany as error:
        raise ControlError(429, str(error)) from None
    return Reply(201, _sandbox_view(call, sandbox))


async def delete_sandbox(call: ControlCall) -> Reply:
    """DELETE /_mock/sandboxes/{name}."""
    name = call.path["name"]
    if name == "default":
        raise ControlError(409, "The sandbox 'default' always exists; reset it with POST /_mock/reset")
    if not await call.sandboxes.delete(name):
        raise ControlError(404, f"There is no sandbox named {name!r}")
    return no_content()


async def show_scenario(call: ControlCall) -> Reply:
    """GET /_mock/scenario: the active one, with what it extends laid out."""
    source = call.sandbox.program.source
    return Reply(body=source.model_dump(mode="json", by_alias=True, exclude_unset=True))


async def use_scenario(call: ControlCall) -> Reply:
    """PUT /_mock/scenario: switch by name, or upload one as YAML or JSON."""
    program = build(call, call.body)
    await call.sandbox.use(program)
    return Reply(body={"scenario": program.name, "rules": len(program.rules), "clock": call.sandbox.clock.mode})


def build(call: ControlCall, given: Any) -> Program:
    """The program of a scenario by name, as data or as YAML bytes. Raises ControlError 422 with every mistake."""
    try:
        if isinstance(given, bytes):
            return call.library.program_of_text(given, "upload")
        if isinstance(given, dict) and "scenario" in given:
            return call.library.program_of_data(given, "upload")
        if isinstance(given, ScenarioByName):
            given = given.name
        # A name in a request is never a path: the control API does not read files of the machine.
        if not isinstance(given, str) or "/" in given or "\\" in given or given.endswith((".yaml", ".yml")):
            raise ControlError(422, "Give the name of a scenario, or a scenario itself")
        return call.library.program(given)
    except SourceErrors as errors:
        raise ControlError(422, "The scenario has mistakes", [str(e) for e in errors.errors]) from None
    except LookupError as error:
        raise ControlError(404, str(error.args[0])) from None


async def list_scenarios(call: ControlCall) -> Reply:
    """GET /_mock/scenarios: all that can be switched to by name."""
    return Reply(body={"scenarios": [{"name": s.name, "description": s.description} for s in call.library.listed()]})


async def show_clock(call: ControlCall) -> Reply:
    """GET /_mock/clock."""
    return Reply(body=await _clock_view(call.sandbox))


async def change_clock(call: ControlCall) -> Reply:
    """POST /_mock/clock: returns when all that fell due on the way is done."""
    change: ClockChange = call.body
    sandbox = call.sandbox
    passed = 0
    if change.advance is not None:
        passed = await sandbox.advance(sandbox.clock.now() + change.advance)
    elif change.to is not None:
        at = await sandbox.next_event()
        passed = 0 if at is None else await sandbox.advance(max(at, sandbox.clock.now()))
    elif change.until is not None:
        job = await sandbox.advance_until_terminal(await _only(call, change.until.job))
        if job is None:
            held = f"Time alone does not end the job {change.until.job!r}: it is held, or counts polls"
            raise ControlError(409, held)
    else:
        sandbox.change_clock(_spec(change))
    now = sandbox.clock.now()
    await sandbox.store.append(Entry("clock", now, note=f"the clock is at {rfc3339(now)}, {sandbox.clock.mode}"))
    return Reply(body={**await _clock_view(sandbox), "events": passed})


def _spec(change: ClockChange) -> ClockSpec:
    assert change.mode is not None
    return ClockSpec(mode=change.mode) if change.speed is None else ClockSpec(mode=change.mode, speed=change.speed)


async def reset(call: ControlCall) -> Reply:
    """POST /_mock/reset: forget the journal, jobs, counters, faults, or all of it."""
    what: Reset = call.body
    await call.sandbox.reset(what.what)
    return no_content()


async def _only(call: ControlCall, job_id: str) -> Job:
    return await find_job(call, job_id)


async def find_job(call: ControlCall, job_id: str) -> Job:
    """The job with that id. Raises ControlError 404, and 409 when several providers or accounts have one."""
    found = [j for j in await call.sandbox.store.find_jobs(job_id) if call.query.get("provider") in (None, j.provider)]
    if not found:
        raise ControlError(404, f"There is no job {job_id!r} in the sandbox {call.sandbox.name!r}")
    if len(found) > 1:
        raise ControlError(409, f"Several accounts have a job {job_id!r}; add ?provider=NAME")
    return found[0]


async def _clock_view(sandbox: Sandbox) -> dict[str, Any]:
    now, at = sandbox.clock.now(), await sandbox.next_event()
    return {
        "now": rfc3339(now),
        "milliseconds": now,
        "mode": sandbox.clock.mode,
        "speed": sandbox.clock.rate,
        "next_event": None if at is None else {"at": rfc3339(at), "in_ms": max(0, at - now)},
    }


def _sandbox_view(call: ControlCall, sandbox: Sandbox) -> dict[str, Any]:
    world = "" if sandbox.name == "default" else f"/~{sandbox.name}"
    return {
        "name": sandbox.name,
        "scenario": sandbox.program.name,
        "seed": sandbox.seed,
        "clock": sandbox.clock.mode,
        "control": f"{call.origin}{world}/_mock",
        "urls": {p.name: f"{call.origin}{world}/{p.name}" for p in call.providers},
        "keys": {p.name: p.example_key(sandbox.name) for p in call.providers},
    }
