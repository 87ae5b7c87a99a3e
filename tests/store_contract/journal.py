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

    async def test_entries_are_read_in_the_order_of_writing_from_a_serial_on(self, store: Store) -> None:
        for note in "abc":
            await store.append(entry(note))
        await store.insert([JournalEntry("transition", T0 - 1, note="earlier")])
        written = await store.entries_since(0, 10)
        assert [e.note for e in written.entries] == ["a", "b", "c", "earlier"]
        assert (written.last, written.missed, written.cleared, written.more) == (store.last_serial, 0, False, False)
        assert [e.serial for e in written.entries] == [1, 2, 3, 4]
        assert [e.note for e in (await store.entries_since(2, 10)).entries] == ["c", "earlier"]
        assert (await store.entries_since(4, 10)).entries == []

    async def test_a_long_read_continues_where_it_stopped(self, store: Store) -> None:
        for note in "abc":
            await store.append(entry(note))
        first = await store.entries_since(0, 2)
        assert ([e.note for e in first.entries], first.last, first.more) == (["a", "b"], 2, True)
        rest = await store.entries_since(first.last, 2)
        assert ([e.note for e in rest.entries], rest.last, rest.more) == (["c"], 3, False)

    @pytest.mark.bounds(journal=10)
    async def test_a_late_reader_learns_how_many_entries_were_dropped(self, store: Store) -> None:
        for n in range(30):
            await store.append(entry(str(n)))
        late = await store.entries_since(5, 4)
        assert ([e.note for e in late.entries], late.missed, late.more) == (["20", "21", "22", "23"], 15, True)
        assert (await store.entries_since(late.last, 10)).missed == 0

    async def test_a_reader_learns_that_the_journal_was_cleared(self, store: Store) -> None:
        for note in "abc":
            await store.append(entry(note))
        await store.clear("journal")
        await store.append(entry("d"))
        after = await store.entries_since(1, 10)
        assert ([e.note for e in after.entries], after.cleared, after.missed) == (["d"], True, 0)
        assert (await store.entries_since(3, 10)).cleared
        assert not (await store.entries_since(after.last, 10)).cleared

    async def test_a_serial_of_another_journal_stands_for_the_beginning(self, store: Store) -> None:
        await store.append(entry("a"))
        other = await store.entries_since(700, 10)
        assert ([e.note for e in other.entries], other.cleared, other.last) == (["a"], True, 1)

    async def test_the_next_entry_calls_once(self, store: Store) -> None:
        calls: list[str] = []

        def call() -> None:
            calls.append("called")

        for _ in range(2):
            store.call_at_next_entry(call)
        await store.append(entry("a"))
        await store.append(entry("b"))
        assert calls == ["called"]
        store.call_at_next_entry(call)
        await store.insert([JournalEntry("transition", T0)])
        store.call_at_next_entry(call)
        await store.clear("journal")
        assert calls == ["called"] * 3
