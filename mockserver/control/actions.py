"""Changes to a sandbox that the control API and the test handle share. This module does not import FastAPI."""

from collections.abc import Sequence
from typing import Any

from mockserver.clock import rfc3339
from mockserver.control.errors import ControlError
from mockserver.control.models import AccountChange, ArmedFault, ClockChange, JobChange
from mockserver.core.accounts import Account
from mockserver.core.compile import Catalogue, check_fault, quoted, suggest
from mockserver.core.credits import CREDIT
from mockserver.core.deliveries import Delivery
from mockserver.core.jobs import IllegalMove, Job
from mockserver.core.journal import JournalEntry
from mockserver.core.kept import kept_key
from mockserver.core.match import key_matches
from mockserver.core.scenario import ClockSpec
from mockserver.core.sizes import size_of
from mockserver.kit.provider import Provider
from mockserver.outgoing.destination import EgressRefused, read_url
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import MAX_FAULTS, Credits

# Changes of an account's credits that are shown.
LATEST_CREDITS = 50
_LARGEST_FAULT = 16_384


async def change_clock(sandbox: Sandbox, change: ClockChange) -> int:
    """Move the clock, or change its mode. Return the number of events on the way, all of which have been processed.

    Raises ControlError 404 for an unknown job and for a sandbox that is deleted meanwhile, 409 for a job that time
    alone does not end, and 422 if the clock would go past its last instant.
    """
    events = 0
    if change.advance is not None:
        try:
            events = await sandbox.advance(change.advance)
        except OverflowError as error:
            raise ControlError(422, str(error)) from None
    elif change.to is not None:
        events = await sandbox.advance_to_next()
    elif change.until is not None:
        ended = await sandbox.advance_until_terminal(await find_job(sandbox, change.until.job))
        if ended is None and not sandbox.courier.closed:
            held = f"Time alone does not end the job {change.until.job!r}: it is held, or counts polls"
            raise ControlError(409, held)
    else:
        await sandbox.set_clock(_clock(change))
    if sandbox.courier.closed:
        raise ControlError(404, f"The sandbox {sandbox.name!r} was deleted before its clock had moved")
    now = sandbox.clock.now()
    note = f"the clock is at {rfc3339(now)}, {sandbox.clock.mode}"
    await sandbox.store.append(JournalEntry("clock", now, note=note))
    return events


def _clock(change: ClockChange) -> ClockSpec:
    assert change.mode is not None
    return ClockSpec(mode=change.mode) if change.speed is None else ClockSpec(mode=change.mode, speed=change.speed)


async def find_job(sandbox: Sandbox, job_id: str, provider: str | None = None) -> Job:
    """Return the job with this id, of one provider or of any.

    Raises ControlError 404, and 409 where several providers or accounts have a job with this id.
    """
    found = [job for job in await sandbox.store.find_jobs(job_id) if provider in (None, job.provider)]
    if not found:
        raise ControlError(404, f"There is no job {job_id!r} in the sandbox {sandbox.name!r}")
    if len(found) > 1:
        raise ControlError(409, f"Several accounts have a job {job_id!r}; add ?provider=NAME")
    return found[0]


async def change_job(sandbox: Sandbox, job: Job, change: JobChange, now: int) -> Job:
    """Force a status on the job, or release it from a held step. Raises ControlError 409 where that is not possible."""
    try:
        if change.hold:
            changed = job.holding(now)
        elif change.release:
            changed = job.released(now)
        else:
            assert change.status is not None
            changed = job.moved(now, change.status, change.error, change.code)
    except IllegalMove as error:
        raise ControlError(409, str(error)) from None
    if not await sandbox.replace_job(job, changed):
        raise ControlError(409, "The job changed at the same moment; look at it again")
    done = "held" if change.hold else "released" if change.release else f"forced {change.status}"
    fields = change.model_dump(mode="json", exclude_unset=True)
    await _note(sandbox, f"changed the job {job.id}: {done}", {"do": "job", "change": fields}, job)
    return changed


async def _note(sandbox: Sandbox, note: str, action: dict[str, Any], job: Job | Delivery | None = None) -> None:
    """Note a change in the journal, with what a bundle needs to do it again."""
    entry = JournalEntry("control", sandbox.clock.now(), note=note, action=action)
    if job is not None:
        entry.provider, entry.account = job.provider, job.account
        entry.job = job.id if isinstance(job, Job) else job.job
    await sandbox.store.append(entry)


async def disarm_faults(sandbox: Sandbox) -> None:
    """Remove all armed faults."""
    await sandbox.reset("faults")


async def resume_faults(sandbox: Sandbox) -> int:
    """Let every reply go on that is held in the middle. Return how many there were."""
    resumed = sandbox.clock.resume_held()
    if resumed:
        await _note(sandbox, f"resumed {resumed} held replies", {"do": "resume"})
    return resumed


async def find_account(sandbox: Sandbox, provider: Provider, key: str, now: int) -> tuple[Account, Credits] | None:
    """Return the account of an API key at a provider with its credits, or None where the scenario refuses the key."""
    account = await sandbox.account(provider.name, key, now)
    if account is None:
        return None
    await sandbox.store.open_credits(account.id, now, account.credits)
    credits = await sandbox.store.credits(account.id)
    return (account, credits) if credits else None


def check_account(change: AccountChange, known: Catalogue) -> None:
    """Check that a provider has the plan, the limits and the events of a change. Raises ControlError 422."""
    if change.plan is not None and change.plan not in known.tiers:
        raise ControlError(422, f"No provider has a plan {quoted(change.plan)}{suggest(change.plan, known.tiers)}")
    for name in change.limits:
        if name not in known.limits:
            raise ControlError(422, f"Unknown limit {quoted(name)}{suggest(name, known.limits)}")
    for name in change.webhook.events if change.webhook is not None else ():
        if not any(key_matches(name, event) for event in known.events):
            raise ControlError(422, f"Unknown event {quoted(name)}{suggest(name, known.events)}")


async def change_account(
    sandbox: Sandbox, providers: Sequence[Provider], key: str, change: AccountChange, now: int
) -> None:
    """Change the account of an API key at each of these providers. Fields that are not set keep their value."""
    fields = change.model_dump(include=change.model_fields_set)
    action = {"do": "account", "change": change.model_dump(mode="json", exclude_unset=True)}
    for provider in providers:
        await _change_account(sandbox, provider, key, dict(fields), now)
        account = f"{provider.name}:{kept_key(key)}"
        note = f"changed the account: {', '.join(sorted(fields))}"
        entry = JournalEntry("control", now, provider=provider.name, account=account, note=note, action=action)
        await sandbox.store.append(entry)
    await sandbox.settling.reconsider()


async def _change_account(sandbox: Sandbox, provider: Provider, key: str, fields: dict[str, Any], now: int) -> None:
    account = f"{provider.name}:{kept_key(key)}"
    if "credits" in fields:
        # The account has to exist first: it gets the credits of its plan when it is created.
        await find_account(sandbox, provider, key, now)
        credits = fields.pop("credits")
        await sandbox.store.grant(account, now, None if credits is None else round(credits * CREDIT))
    if fields:
        before = await sandbox.store.get_value("account", account, now) or {}
        if "limits" in fields:
            fields["limits"] = {**before.get("limits", {}), **fields["limits"]}
        await sandbox.store.put_value("account", account, {**before, **fields})


async def arm_fault(sandbox: Sandbox, armed: ArmedFault, known: Catalogue) -> str:
    """Arm a fault and return its id.

    Raises ControlError 422 for an unknown operation or a fault that is not valid, and 409 when too many are armed.
    """
    if armed.operation not in known.files and not any(
        key_matches(armed.operation, operation) for operation in known.operations
    ):
        raise ControlError(
            422, f"No operation is called {quoted(armed.operation)}{suggest(armed.operation, known.operations)}"
        )
    for problem in check_fault(("fault",), armed.fault, known):
        raise ControlError(422, problem.message)
    fault = armed.model_dump(mode="json", by_alias=True)
    if size_of(fault) > _LARGEST_FAULT:
        raise ControlError(422, f"The fault is too large: it may have {_LARGEST_FAULT} bytes")
    name = await sandbox.store.arm_fault(fault)
    if name is None:
        raise ControlError(
            409, f"The sandbox has {MAX_FAULTS} armed faults, the maximum; disarm them first: DELETE /_mock/faults"
        )
    await _note(sandbox, f"armed a fault: {armed.fault.kind} for {armed.operation}", {"do": "fault", "armed": fault})
    return name


async def replay_delivery(sandbox: Sandbox, delivery_id: str, url: str | None, now: int) -> None:
    """Schedule another attempt of a delivery, at its own receiver or at another URL.

    Raises ControlError 404 for an unknown delivery, 409 while an attempt is in progress, and 422 for a wrong URL.
    """
    delivery = await sandbox.store.get_delivery(delivery_id)
    if delivery is None:
        raise ControlError(404, f"There is no delivery {delivery_id!r} in the sandbox {sandbox.name!r}")
    if sandbox.courier.sends(delivery.id):
        raise ControlError(409, "An attempt of this delivery is under way; wait until it is over")
    if url is not None:
        try:
            read_url(url)
        except EgressRefused as refused:
            raise ControlError(422, f"url: {refused}") from None
    await sandbox.outbox.replay(delivery, now, url)
    action = {"do": "replay", "delivery": delivery.id, **({} if url is None else {"url": url})}
    await _note(sandbox, f"replayed the delivery {delivery.id}", action, delivery)
