"""Operations on what is in a sandbox: jobs, accounts, armed faults and the journal."""

from typing import Any, get_args

from mockserver.control import views
from mockserver.control.call import ControlCall, ControlError, no_content
from mockserver.control.models import AccountChange, ArmedFault, JobChange
from mockserver.control.sandboxes import find_job
from mockserver.core.compile import Loc, Problem, check_fault, near
from mockserver.core.credits import ONE
from mockserver.core.jobs import IllegalMove
from mockserver.core.journal import Kind
from mockserver.core.match import key_matches
from mockserver.core.plans import STATUSES
from mockserver.kit.catalogue import catalogue
from mockserver.kit.operations import Reply
from mockserver.kit.provider import Provider
from mockserver.store.protocol import ARMED

KINDS: tuple[str, ...] = get_args(Kind)
MOST = 1_000


async def list_jobs(call: ControlCall) -> Reply:
    """GET /_mock/jobs: newest first; ?provider=, ?status=, ?limit=."""
    provider = call.provider(call.query["provider"]).name if "provider" in call.query else None
    status = call.one_of("status", STATUSES)
    await call.sandbox.settling.observe(call.now)
    page = await call.sandbox.store.page_jobs(provider, None, None, 0, MOST * 10)
    shown = [views.job_view(job, call.now) for job in page.jobs]
    shown = [view for view in shown if status in (None, view["status"])]
    return Reply(body={"jobs": shown[: call.number("limit", 100, MOST)], "total": page.total})


async def show_job(call: ControlCall) -> Reply:
    """GET /_mock/jobs/{id}."""
    return Reply(body=views.job_view(await find_job(call, call.path["id"]), call.now))


async def change_job(call: ControlCall) -> Reply:
    """POST /_mock/jobs/{id}: force a status, or release a held step."""
    change: JobChange = call.body
    job = await find_job(call, call.path["id"])
    try:
        if change.release:
            changed = job.released(call.now)
        else:
            assert change.status is not None
            changed = job.moved(call.now, change.status, change.error, change.code)
    except IllegalMove as error:
        raise ControlError(409, str(error)) from None
    if not await call.sandbox.replace_job(job, changed):
        raise ControlError(409, "The job changed at the same moment; look at it again")
    return Reply(body=views.job_view(changed, call.now))


async def show_account(call: ControlCall) -> Reply:
    """GET /_mock/accounts/{key}: the account at every provider, or at ?provider=."""
    shown = [await _account(call, provider) for provider in _wanted(call)]
    return Reply(body={"accounts": [a for a in shown if a is not None]})


async def change_account(call: ControlCall) -> Reply:
    """PATCH /_mock/accounts/{key}: plan, credits, limits, webhook settings."""
    change: AccountChange = call.body
    key, given = call.path["key"], change.model_dump(include=change.model_fields_set)
    _check_account(call, change)
    for provider in _wanted(call):
        name = f"{provider.name}:{key}"
        if "credits" in given:
            await _account(call, provider)
            credits = None if change.credits is None else round(change.credits * ONE)
            await call.sandbox.store.grant(name, call.now, credits)
        kept = await call.sandbox.store.get_value("account", name, call.now) or {}
        changed = {k: v for k, v in given.items() if k != "credits"}
        if "limits" in changed:
            changed["limits"] = {**kept.get("limits", {}), **changed["limits"]}
        if changed:
            await call.sandbox.store.put_value("account", name, {**kept, **changed})
    await call.sandbox.settling.reconsider()
    return await show_account(call)


def _wanted(call: ControlCall) -> list[Provider]:
    name = call.query.get("provider")
    return list(call.providers) if name is None else [call.provider(name)]


async def _account(call: ControlCall, provider: Provider) -> dict[str, Any] | None:
    account = await call.sandbox.account(provider.name, call.path["key"], call.now)
    if account is None:
        return None
    await call.sandbox.store.open_credits(account.id, call.now, account.credits)
    credits = await call.sandbox.store.credits(account.id)
    return views.account_view(account, credits) if credits else None


def _check_account(call: ControlCall, change: AccountChange) -> None:
    known = catalogue(tuple(call.providers))
    if change.plan is not None and change.plan not in known.tiers:
        raise ControlError(422, f"No provider has a plan {change.plan!r}{near(change.plan, known.tiers)}")
    for name in change.limits:
        if name not in known.limits:
            raise ControlError(422, f"Unknown limit {name!r}{near(name, known.limits)}")


async def arm_fault(call: ControlCall) -> Reply:
    """POST /_mock/faults: a fault for the next requests of an operation."""
    armed: ArmedFault = call.body
    known = catalogue(tuple(call.providers))
    if not any(key_matches(armed.operation, o) for o in known.operations):
        raise ControlError(422, f"No operation is called {armed.operation!r}{near(armed.operation, known.operations)}")
    problems: list[Problem] = list(check_fault(_FAULT, armed.fault, known))
    if problems:
        raise ControlError(422, problems[0].message)
    name = f"f{await call.sandbox.store.next_number('armed')}"
    await call.sandbox.store.put_value(ARMED, name, armed.model_dump(mode="json", by_alias=True, exclude_unset=False))
    return Reply(201, {"id": name, **armed.model_dump(mode="json", by_alias=True, exclude_unset=True)})


_FAULT: Loc = ("fault",)


async def list_faults(call: ControlCall) -> Reply:
    """GET /_mock/faults: those that have not struck yet."""
    armed = await call.sandbox.store.values(ARMED, call.now)
    return Reply(body={"faults": [{"id": name, **value} for name, value in armed.items()]})


async def disarm_faults(call: ControlCall) -> Reply:
    """DELETE /_mock/faults: none strikes any more."""
    await call.sandbox.store.clear("faults")
    return no_content()


async def journal(call: ControlCall) -> Reply:
    """GET /_mock/journal: newest first; ?operation=, ?status=, ?job=, ?provider=, ?kind=, ?limit=."""
    if "provider" in call.query:
        call.provider(call.query["provider"])
    call.one_of("kind", KINDS)
    call.number("status", 200, 599)
    entries = await call.sandbox.journal()
    pattern = call.query.get("operation", "*")
    shown = []
    for entry in entries:
        wanted = all(views.picked(call.query, n, getattr(entry, n)) for n in ("status", "job", "provider", "kind"))
        if wanted and (pattern == "*" or key_matches(pattern, entry.operation or "")):
            shown.append(entry)
    return Reply(
        body={"entries": [views.entry_view(e, call.ledger) for e in shown[: call.number("limit", 100, 5_000)]]}
    )
