"""Listeners to the journal: they get every entry once, in batches, and learn what they missed."""

import asyncio
from collections.abc import Sequence

import pytest

from mockserver.core.journal import JournalEntry
from mockserver.sandbox.journal_feed import MAX_LISTENERS, Batch, Listener, TooManyListeners
from mockserver.settings import Settings
from tests.conversation import Conversation

ANALYZE = {"url": "https://example.com/hike.mp4"}


def listener(c: Conversation, name: str | None = "default", after: int | None = None) -> Listener:
    return c.app.sandboxes.feed.listen(name, after, interval=0)


async def write(c: Conversation, note: str) -> None:
    await c.sandbox.store.append(JournalEntry("control", 0, note=note))


def notes(batches: Sequence[Batch] | None) -> list[str | None]:
    assert batches is not None
    return [entry.note for batch in batches for entry in batch.entries]


async def test_a_listener_waits_for_the_next_entry() -> None:
    async with Conversation() as c:
        await write(c, "before")
        follows = listener(c)
        reading = asyncio.create_task(follows.read())
        await asyncio.sleep(0)  # noqa: TID251 - runs the other task
        await write(c, "a")
        assert notes(await reading) == ["a"]
        await write(c, "b")
        await write(c, "c")
        assert notes(await follows.read()) == ["b", "c"]


async def test_a_listener_resumes_at_its_offset() -> None:
    async with Conversation() as c:
        for note in "abc":
            await write(c, note)
        [batch] = await listener(c, after=1).read() or []
        assert ([entry.note for entry in batch.entries], batch.offset, batch.missed) == (["b", "c"], 3, 0)


async def test_steps_of_jobs_are_followed_although_no_request_looks_at_them() -> None:
    async with Conversation({"extends": "default", "clock": {"mode": "scaled", "speed": 1_000}}) as c:
        follows = listener(c)
        await c.post("/videotoprompt/v1/analyze/url", ANALYZE)
        seen: list[str | None] = []
        while "succeeded" not in seen:
            batches = await follows.read()
            seen += [e.note for b in batches or [] for e in b.entries if e.kind == "transition"]
        assert seen[-1] == "succeeded"


async def test_a_listener_to_all_sandboxes_follows_those_that_are_made_later() -> None:
    async with Conversation() as c:
        follows = listener(c, None)
        await c.post("/_mock/sandboxes", {"name": "late"})
        late = c.app.sandboxes.by_name["late"]
        await late.store.append(JournalEntry("control", 0, note="first"))
        await write(c, "default's")
        batches = await follows.read() or []
        assert {batch.sandbox.name: [e.note for e in batch.entries] for batch in batches} == {
            "default": ["default's"],
            "late": ["first"],
        }


async def test_a_listener_to_another_sandbox_of_the_same_name_is_told_apart() -> None:
    async with Conversation() as c:
        follows = listener(c, None)
        for note in ("old", "new"):
            await c.post("/_mock/sandboxes", {"name": "again"})
            await c.app.sandboxes.by_name["again"].store.append(JournalEntry("control", 0, note=note))
            [batch] = await follows.read() or []
            assert ([e.note for e in batch.entries], batch.cleared) == ([note], note == "new")
            if note == "old":
                await c.app.sandboxes.delete("again")
                await c.post("/_mock/sandboxes", {"name": "between"})


async def test_a_clear_of_the_journal_is_reported() -> None:
    async with Conversation() as c:
        follows = listener(c)
        await write(c, "a")
        await follows.read()
        await c.post("/_mock/reset", {"what": "journal"})
        [batch] = await follows.read() or []
        assert (batch.entries, batch.cleared) == ([], True)


async def test_a_listener_ends_with_its_sandbox_and_with_the_server() -> None:
    async with Conversation() as c:
        await c.post("/_mock/sandboxes", {"name": "short"})
        one, all_, gone = listener(c, "short"), listener(c, None), listener(c, None)
        reading = [asyncio.create_task(each.read()) for each in (one, all_, gone)]
        await asyncio.sleep(0)  # noqa: TID251 - runs the other tasks
        await c.app.sandboxes.delete("short")
        assert await reading[0] is None
        gone.close()
        assert await reading[2] is None
        c.app.sandboxes.feed.close()
        assert await reading[1] is None


async def test_a_read_with_a_time_limit_is_empty_when_nothing_happens_and_when_it_is_woken() -> None:
    async with Conversation() as c:
        follows = listener(c)
        assert await follows.read(wait=0) == []
        reading = asyncio.create_task(follows.read(wait=60))
        for _ in range(10):
            await asyncio.sleep(0)  # noqa: TID251 - runs the other task, until it waits
        c.app.sandboxes.feed.wake()
        assert await reading == []


async def test_the_number_of_listeners_is_bounded() -> None:
    async with Conversation(settings=Settings()) as c:
        listeners = [listener(c) for _ in range(MAX_LISTENERS)]
        with pytest.raises(TooManyListeners, match="100 clients"):
            listener(c)
        listeners[0].close()
        listener(c)
