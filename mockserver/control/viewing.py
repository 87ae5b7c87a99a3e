"""Shows a bundle: makes a sandbox that has the records of the bundle and is not changed.

Nothing is replayed, so it shows what was recorded, also where this version would answer differently. A bundle has no
counts of limits and no changes of plans, so these are not shown. This module does not import FastAPI.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from mockserver.bundle.contents import Bundle
from mockserver.control.restore import programs_of
from mockserver.core.limits import Limit, Usage
from mockserver.core.scenario import ClockSpec
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.scenario.library import Library
from mockserver.store.memory import MemoryStore
from mockserver.store.protocol import Credits


class RecordedStore(MemoryStore):
    """A store with the credits of a bundle, which are not computed again, and without counts of limits.

    `accounts` are all accounts of the bundle. Those that never paid have no recorded credits, but those of their plan.
    """

    def __init__(self, credits: Mapping[str, Credits], accounts: Iterable[str]) -> None:
        super().__init__()
        self._recorded = dict(credits)
        self._accounts = list(dict.fromkeys((*credits, *accounts)))

    async def hit(self, account: str, limits: Sequence[Limit], now: int, amount: int = 1) -> Sequence[Usage]:
        """Return no usage of limits, because none is known."""
        return ()

    async def open_credits(self, account: str, at: int, credits: int | None) -> Credits:
        """Return the recorded credits of an account, or those that it has at first."""
        first = Credits(credits, 0)
        return self._recorded.setdefault(account, first) if account in self._accounts else first

    async def credits(self, account: str) -> Credits | None:
        """Return the credits of an account of the bundle, or None."""
        return self._recorded.get(account)

    async def accounts(self, limit: int) -> list[str]:
        """Return the accounts of the bundle."""
        return self._accounts[:limit]


async def view(bundle: Bundle, name: str, sandboxes: Sandboxes, library: Library) -> Sandbox:
    """Create a sandbox that shows a bundle and refuses changes and requests.

    Raises InvalidBundle if its scenario has mistakes, TooManySandboxes, and ValueError for a name that is in use.
    """
    programs = await asyncio.to_thread(programs_of, bundle, library)
    manifest, store = bundle.manifest, RecordedStore(bundle.credits, bundle.accounts)
    await _fill(store, bundle)
    sandbox = sandboxes.create(
        name,
        programs[max(programs)],
        manifest.seed,
        ClockSpec(mode="manual"),
        manifest.generation,
        bundle.origin,
        began_at=manifest.clock.now,
        store=store,
    )
    sandbox.read_only = True
    sandbox.own_receivers |= set(manifest.own_receivers)
    sandbox.title = f"bundle of {manifest.sandbox}"
    return sandbox


async def _fill(store: MemoryStore, bundle: Bundle) -> None:
    now = bundle.manifest.clock.now
    for job in bundle.jobs:
        await store.add_job(job)
    # Their steps are in the journal of the bundle, and their effects have been done.
    await store.take_transitions(now)
    await store.take_effects(now)
    for delivery in bundle.deliveries:
        is_due = delivery.due_at is not None and delivery.due_at <= now
        await store.schedule(replace(delivery, due_at=None) if is_due else delivery)
    for is_step, entries in groupby(bundle.entries, lambda entry: entry.kind == "transition"):
        if is_step:
            # These have no number, and `append` would give them one.
            await store.insert(list(entries))
            continue
        for entry in entries:
            await store.append(entry)
