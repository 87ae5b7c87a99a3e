"""The journal as a stream of server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from mockserver.clock import monotonic
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.parameters import QueryModel
from mockserver.control.problems import WRONG_QUERY, problems
from mockserver.control.summaries import Summaries
from mockserver.sandbox.journal_feed import Batch, Listener, TooManyListeners
from mockserver.sandbox.sandbox import Sandbox

# Seconds without an event after which a comment is sent, so that proxies keep the connection.
_PING = 15.0
# Seconds after which the state is looked at: a fault that is armed is not in the journal.
_LOOK = 1.0

router = APIRouter(tags=["records"], route_class=StrictRoute)


class EventsQuery(QueryModel):
    """Where a stream without `Last-Event-ID` begins."""

    history: int = Field(default=0, ge=0, le=5_000, description="the number of earlier entries to begin with")


@router.get(
    "/events",
    summary="Follow the journal",
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"},
        **WRONG_QUERY,
        **problems({429: "The server has the maximum number of listeners"}),
    },
)
async def events(
    query: Annotated[EventsQuery, Query()],
    sandbox: CurrentSandbox,
    parts: ServerParts,
    last_event_id: Annotated[str, Header(description="the id of the last event that you got")] = "",
) -> Response:
    """Server-sent events, at most ten a second.

    `entries` has summaries of journal entries as a JSON list, in the order of writing. `state` has the clock, the
    scenario, the number of armed faults, and the mistakes in a watched scenario file. `missed` has the number of
    entries that were dropped before you could read them, and `cleared` comes when the journal was cleared. The id of
    each event is the place in the journal: send the last one as `Last-Event-ID` to continue there. Get the rest of an
    entry from `/journal/{offset}`.
    """
    name, _, offset = last_event_id.partition("-")
    resumes = bool(last_event_id)
    serial = int(offset) if name == sandbox.journal_id and offset.isascii() and offset.isdigit() else 0
    if not resumes:
        await sandbox.settling.observe(sandbox.clock.now())
        serial = max(0, sandbox.store.last_serial - query.history)
    try:
        listener = parts.sandboxes.feed.listen(sandbox.name, serial)
    except TooManyListeners as error:
        raise ControlError(429, str(error)) from None
    changed = resumes and name != sandbox.journal_id
    summaries = Summaries(parts.masking_in(sandbox))
    return EventStream(
        sandbox, listener, summaries, serial, lambda: _scenario_file(sandbox, parts), fresh=not resumes, cleared=changed
    )


def _scenario_file(sandbox: Sandbox, parts: ServerParts) -> dict[str, Any]:
    """Return the part of the state that is about the watched scenario file, if the sandbox uses the scenario."""
    watch = parts.watch
    if watch is None or sandbox.program is not parts.sandboxes.initial:
        return {}
    state: dict[str, Any] = {"loaded_at": watch.loaded_at, "mistakes": len(watch.errors)}
    if watch.errors:
        state["mistake"] = parts.masking_in(sandbox).text(str(watch.errors[0]))
    return {"file": state}


class EventStream(Response):
    """Sends what a listener reads. While the client does not read, nothing is read from the journal."""

    def __init__(
        self,
        sandbox: Sandbox,
        listener: Listener,
        summaries: Summaries,
        begins_at: int,
        scenario_file: Callable[[], dict[str, Any]],
        *,
        fresh: bool,
        cleared: bool,
    ) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self._sandbox = sandbox
        self._listener = listener
        self._summaries = summaries
        self._begins_at = begins_at
        self._scenario_file = scenario_file
        self._fresh = fresh
        self._cleared = cleared
        self._state: dict[str, Any] = {}
        self._looked_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client disconnects, the sandbox is deleted, or the server stops."""
        watching = asyncio.create_task(self._close_at_disconnect(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            first = b"retry: 1000\n\n"
            if self._cleared:
                first += b"event: cleared\ndata: {}\n\n"
            # A client that has got no entry yet continues here.
            first += self._place(self._begins_at) + await self._changed_state()
            await send({"type": "http.response.body", "body": first, "more_body": True})
            sent_at = monotonic()
            while (batches := await self._listener.read(wait=_LOOK)) is not None:
                frame = b"".join([self._event(batch) for batch in batches])
                if self._may_have_changed(batches):
                    frame += await self._changed_state()
                if not frame and monotonic() - sent_at >= _PING:
                    frame = b":\n\n"
                if frame:
                    sent_at = monotonic()
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._listener.close()
            watching.cancel()

    async def _close_at_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.close()

    def _event(self, batch: Batch) -> bytes:
        parts = []
        if not self._fresh:
            if batch.cleared:
                parts.append(b"event: cleared\ndata: {}\n\n")
            if batch.missed:
                parts.append(b'event: missed\ndata: {"entries":%d}\n\n' % batch.missed)
        self._fresh = False
        data = to_json([self._summaries.of(entry) for entry in batch.entries])
        parts.append(b"%bevent: entries\ndata: %b\n\n" % (self._place(batch.offset), data))
        return b"".join(parts)

    def _place(self, offset: int) -> bytes:
        return f"id: {self._sandbox.journal_id}-{offset}\n".encode()

    def _may_have_changed(self, batches: Sequence[Batch]) -> bool:
        # Requests alone change little in it, so under load it is looked at once a second.
        if monotonic() - self._looked_at >= _LOOK:
            return True
        return any(entry.kind != "request" for batch in batches for entry in batch.entries)

    async def _changed_state(self) -> bytes:
        """Return an event with the state, or nothing if it is the same as before, apart from the passing of time."""
        sandbox = self._sandbox
        self._looked_at = monotonic()
        clock, now = sandbox.clock, sandbox.clock.now()
        state = {
            "mode": clock.mode,
            "speed": clock.rate,
            "next_event": await sandbox.next_event(),
            "scenario": sandbox.program.name,
            "faults": len(await sandbox.store.armed_faults()),
            **self._scenario_file(),
            **({"read_only": sandbox.title} if sandbox.read_only else {}),
            **({} if clock.rate else {"now": now}),
        }
        if state == self._state:
            return b""
        self._state = state
        return b"event: state\ndata: %b\n\n" % to_json({**state, "now": now})
