"""Replays a bundle: sends its requests again, at their times on the sandbox's clock, and compares the replies.

How it works
------------

**The sandbox.** It has the scenario, the seed and the name of the recorded one, and a manual clock that begins where
the records begin. Keys are masked in a bundle, so the masked text is the key: `Origin` says which account it means and
what the values that look random follow from. Receivers of webhooks answer as they did.

**Order.** Events are the recorded requests, the changes through the control API, and clients that disconnected. Before
each event, the clock is moved to its instant, and everything that falls due on the way is done. A request is sent, and
the next event follows when it has ended or waits for the clock.

**Comparing.** The journal has what was sent for each request, and both sides are masked by the same code.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from mockserver.bundle.comparing import Compared, Reasons, Renaming, differences, times_of
from mockserver.bundle.contents import Bundle
from mockserver.bundle.invalid import InvalidBundle
from mockserver.bundle.masked import masked_entry
from mockserver.bundle.receivers import RecordedReceivers
from mockserver.bundle.requests import SilentConnection, reason_not_to_send, request_of, uses_token
from mockserver.bundle.timeline import Event, events, may_have_left
from mockserver.clock import let_others_run, monotonic, wait_until
from mockserver.core.instants import LATEST
from mockserver.core.journal import EntryFilter, JournalEntry
from mockserver.core.masking import Masking
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.request import Connection, Request

Serve = Callable[[Request, Connection], Awaitable[None]]
# Does a recorded change through the control API again. Returns why it cannot be done, or None.
Act = Callable[[Sandbox, JournalEntry], Awaitable[str | None]]

# Seconds of real time for one request, and how often others may run before time is waited for.
_PATIENCE = 10.0
_TURNS = 20
# Milliseconds by which a stream may end later than it did on a running clock.
_LATER = 2_000
# Seconds of real time for a replay, and the numbers of entries that are skipped for those that a bundle does not have.
_LONGEST, _MOST_NUMBERS = 100.0, 200_000
_REQUESTS = EntryFilter(kind="request")


class Outcome(NamedTuple):
    """The result of a replay: each request, and the changes that could not be made."""

    requests: tuple[Compared, ...]
    changes: tuple[str, ...]

    @property
    def identical(self) -> int:
        """The number of requests whose replies were the same, byte by byte."""
        return sum(each.identical for each in self.requests)


class Replay:
    """One replay of a bundle in a sandbox that was created for it."""

    def __init__(
        self,
        bundle: Bundle,
        sandbox: Sandbox,
        receivers: RecordedReceivers,
        providers: Mapping[str, Provider],
        masking: Masking,
        serve: Serve,
        act: Act,
    ) -> None:
        self._bundle = bundle
        self._sandbox = sandbox
        self._receivers = receivers
        self._providers = providers
        self._masking = masking
        self._serve = serve
        self._act = act
        self._running: dict[int, tuple[asyncio.Task[None], SilentConnection]] = {}
        self._sent: dict[int, Request] = {}
        self._not_sent: dict[int, str] = {}
        self._renamed: dict[str, str] = {}
        self._changes: list[str] = []

    async def run(self, last: int | None = None) -> None:
        """Send everything up to the entry with the number `last` (None: all), and move the clock to its end.

        Raises InvalidBundle if that takes too long.
        """
        # The numbers of the journal continue after what the bundle does not have.
        for _ in range(min(self._bundle.first_number - 1, _MOST_NUMBERS)):
            await self._sandbox.store.number_entry()
        entries = [each for each in self._bundle.entries if last is None or 0 < each.number <= last]
        until = monotonic() + _LONGEST
        for event in events(entries):
            if monotonic() > until:
                raise InvalidBundle(f"its replay takes longer than {_LONGEST:g} seconds")
            await self._move_to(event.at)
            await self._happen(event)
        end = self._bundle.manifest.clock.now
        if last is not None:
            end = max((each.written_at for each in entries if each.number == last), default=self._sandbox.clock.now())
        await self._move_to(end)
        await self._finish()
        await self._end()

    async def outcome(self, options: tuple[str, ...], version: str) -> Outcome:
        """Compare the replies. `options` and `version` are what differs between the recorded server and this one."""
        by_fields = {id(entry.headers): entry for entry in await self._sandbox.journal(_REQUESTS)}
        replayed = {number: by_fields.get(id(request.fields)) for number, request in self._sent.items()}
        recorded = [each for each in self._bundle.entries if each.number in replayed or each.number in self._not_sent]
        clock = self._bundle.manifest.clock
        reasons = Reasons(
            lost_jobs={job.id: job.cause for job in self._bundle.jobs if job.cause in self._not_sent},
            not_sent=self._not_sent,
            changes=self._changes,
            renamed=self._renamed,
            incomplete=self._bundle.first_number > 1,
            missing=self._receivers.missing,
            options=options,
            version=version,
            real=clock.mode in ("real", "scaled"),
            created={job.id: job.cause for job in self._bundle.jobs},
            times={each.number: times_of(each) for each in recorded},
        )
        renaming = Renaming.of(self._bundle.manifest.sandbox, self._sandbox.name)
        compared = [self._compared(each, replayed.get(each.number), reasons, renaming) for each in recorded]
        return Outcome(tuple(compared), tuple(self._changes))

    def _compared(
        self, recorded: JournalEntry, replayed: JournalEntry | None, reasons: Reasons, renaming: Renaming
    ) -> Compared:
        what = recorded.operation or f"{recorded.method} {recorded.path}"
        reason = self._not_sent.get(recorded.number)
        if reason is not None:
            return Compared(recorded.number, what, sent=False, why=reason)
        if replayed is None:
            found: tuple[str, ...] = ("there is no entry in the journal",)
        else:
            found = differences(recorded, masked_entry(replayed, self._masking), renaming)
        if not found:
            return Compared(recorded.number, what)
        by_token = uses_token(recorded, self._providers.get(recorded.provider or ""))
        why = reasons.why(recorded, replayed, by_token=by_token)
        return Compared(recorded.number, what, differences=found, why=why)

    # Events.

    async def _move_to(self, at: int) -> None:
        by = min(at, LATEST - 2) - self._sandbox.clock.now()
        if by >= 0:
            await self._sandbox.advance(by)
        self._forget_ended()

    async def _happen(self, event: Event) -> None:
        entry = event.entry
        if event.leaves:
            await self._leave(entry.number)
        elif entry.kind == "control":
            problem = await self._act(self._sandbox, entry)
            if problem is not None:
                self._changes.append(f"#{entry.number} {entry.note}: {problem}")
        else:
            await self._send(entry)

    async def _send(self, entry: JournalEntry) -> None:
        provider = self._providers.get(entry.provider or "")
        reason = reason_not_to_send(entry, _operation(provider, entry))
        if reason is not None:
            self._not_sent[entry.number] = reason
            return
        request = self._with_renamed_jobs(request_of(entry, self._sandbox.name, provider))
        self._sent[entry.number] = request
        connection = SilentConnection()
        task = asyncio.create_task(_quietly(self._serve(request, connection)))
        self._running[entry.number] = task, connection
        await self._until_it_waits(task)
        await self._learn_job(entry, request)

    async def _until_it_waits(self, task: "asyncio.Task[None]") -> None:
        """Wait until a request has ended, or sleeps on the sandbox's clock."""
        clock = self._sandbox.clock

        def waits() -> bool:
            return task.done() or (clock.busy == 0 and clock.in_flight > 0)

        for _ in range(_TURNS):
            await let_others_run()
            if task.done():
                return
        await wait_until(waits, _PATIENCE)

    async def _leave(self, number: int) -> None:
        if number in self._running:
            task, connection = self._running.pop(number)
            connection.leave()
            await asyncio.wait({task}, timeout=_PATIENCE)

    async def _finish(self) -> None:
        """Let requests end that had ended. A stream on a running clock may be some milliseconds late."""
        clock = self._sandbox.clock
        until = clock.now() + _LATER
        recorded = {each.number for each in self._bundle.entries if not may_have_left(each)}
        while recorded & self._running.keys():
            at = clock.next_sleeper()
            if at is None or at > until:
                return
            await self._move_to(at)

    async def _end(self) -> None:
        """Disconnect the clients that still wait."""
        for number in list(self._running):
            await self._leave(number)

    def _forget_ended(self) -> None:
        self._running = {number: each for number, each in self._running.items() if not each[0].done()}

    # Jobs whose id follows from a masked value have another id in the replay.

    async def _learn_job(self, entry: JournalEntry, request: Request) -> None:
        if entry.job is None:
            return
        newest = await self._sandbox.store.entries(_REQUESTS, limit=5)
        job = next((each.job for each in newest if each.headers is request.fields), None)
        if job is not None and job != entry.job and entry.job not in self._renamed:
            self._renamed[entry.job] = job

    def _with_renamed_jobs(self, request: Request) -> Request:
        if not self._renamed:
            return request
        path, body = request.path, request.body or b""
        for old, new in self._renamed.items():
            path, body = path.replace(old, new), body.replace(old.encode(), new.encode())
        return request._replace(path=path, body=body)


def _operation(provider: Provider | None, entry: JournalEntry) -> Operation | None:
    name = (entry.operation or "").partition(".")[2]
    return None if provider is None else next((each for each in provider.operations if each.name == name), None)


async def _quietly(serving: Awaitable[None]) -> None:
    try:
        await serving
    except ConnectionError:
        return  # a fault has closed the connection


def options_that_differ(recorded: Any, here: Any) -> tuple[str, ...]:
    """Return the names of the options of a server that are not as recorded."""
    return tuple(name.replace("_", "-") for name, value in recorded if getattr(here, name) != value)
