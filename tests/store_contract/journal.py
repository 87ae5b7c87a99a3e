"""The journal: numbered, bounded, newest first."""

import asyncio

import pytest

from mockserver.core.journal import KEPT_BODY, JournalEntry
from mockserver.core.match import Miss
from mockserver.store.protocol import Store
from tests.store_contract.samples import T0


def entry(note: str = "", number: int = 0) -> JournalEntry:
    return JournalEntry("request", T0, number, note=note)


async def notes(store: Store) -> list[str | None]:
    return [e.note for e in await store.entries()]


class JournalContract:
    """The contract of the journal."""

    async def test_an_entry_is_stored_unchanged(self, store: Store) -> None:
        entry = JournalEntry(
            "request", T0, provider="v2p", method="POST", path="/v1", status=202, misses=[Miss("r", "why")]
        )
        entry.request, entry.reply, entry.headers, entry.detail = b"\x00\xff", b"{}", [("a", "b")], {"x": [1]}
        number = await store.append(entry)
        entry.number = number
        assert list(await store.entries()) == [entry]

    async def test_entries_are_numbered_in_order_and_come_newest_first(self, store: Store) -> None:
        numbers = [await store.append(entry(note)) for note in "abc"]
        assert numbers == sorted(set(numbers))
        assert min(numbers) > 0
        assert [(e.note, e.number) for e in await store.entries()] == list(zip("cba", reversed(numbers), strict=True))

    async def test_a_number_can_be_reserved_before_its_entry_is_written(self, store: Store) -> None:
        number = await store.number_entry()
        later = await store.append(entry("consequence"))
        assert later > number
        assert await store.append(entry("cause", number)) == number
        assert {e.note: e.number for e in await store.entries()} == {"consequence": later, "cause": number}

    async def test_no_number_is_used_twice(self, store: Store) -> None:
        numbers = await asyncio.gather(
            *(store.append(entry()) for _ in range(50)), *(store.number_entry() for _ in range(50))
        )
        assert len(set(numbers)) == 100

    @pytest.mark.bounds(journal=10)
    async def test_the_oldest_entries_are_dropped_when_the_journal_is_full(self, store: Store) -> None:
        for n in range(30):
            await store.append(entry(str(n)))
        assert await notes(store) == [str(n) for n in range(29, 19, -1)]

    async def test_only_the_beginning_of_a_long_body_is_kept(self, store: Store) -> None:
        long = entry()
        long.request, long.reply = b"a" * (KEPT_BODY + 1), b"b" * KEPT_BODY
        await store.append(long)
        (kept,) = await store.entries()
        assert (kept.request, kept.reply) == (b"a" * KEPT_BODY, b"b" * KEPT_BODY)

    async def test_numbers_continue_after_the_journal_is_cleared(self, store: Store) -> None:
        before = await store.append(entry())
        await store.clear("journal")
        assert await store.append(entry()) > before

    async def test_transitions_are_inserted_by_their_time(self, store: Store) -> None:
        """After the entry that caused them, and before entries that were written later."""
        first = await store.append(JournalEntry("request", T0, note="submit"))
        await store.append(JournalEntry("request", T0, note="another", written_at=T0))
        await store.append(JournalEntry("request", T0 + 5, note="poll"))
        await store.append(JournalEntry("request", T0 + 1, note="a stream of nine", written_at=T0 + 10))
        ended = [
            JournalEntry("transition", T0 + at, cause=first, note=note) for at, note in ((0, "queued"), (5, "running"))
        ]
        await store.insert([*ended, JournalEntry("transition", T0 + 12, cause=first, note="succeeded")])
        assert await notes(store) == [
            "succeeded", "a stream of nine", "poll", "running", "another", "queued", "submit",
        ]  # fmt: skip

    async def test_a_request_that_took_time_comes_after_the_transitions_during_it(self, store: Store) -> None:
        """Even if it is their cause: it was written at its end."""
        number = await store.append(JournalEntry("request", T0, note="a stream", written_at=T0 + 10))
        await store.insert([JournalEntry("transition", T0 + 4, cause=number, note="running")])
        assert await notes(store) == ["a stream", "running"]

    async def test_transitions_of_one_instant_keep_their_order(self, store: Store) -> None:
        number = await store.append(JournalEntry("request", T0, note="submit"))
        await store.insert(
            [JournalEntry("transition", T0, cause=number, note=note) for note in ("running", "succeeded")]
        )
        assert await notes(store) == ["succeeded", "running", "submit"]
