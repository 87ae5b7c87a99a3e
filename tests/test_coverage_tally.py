"""The tally counts covered behaviours, can be added to others, and is bounded."""

from mockserver.core.journal import JournalEntry
from mockserver.coverage.tally import LONGEST, MOST_CALLS, MOST_DEVIATIONS, MOST_ROWS, Tally, total


def request(*rows: str, status: int | None = 200, deviations: tuple[str, ...] = ()) -> JournalEntry:
    """Create the journal entry of a request to an operation of Acme."""
    ids = tuple(f"acme.{row}" for row in rows)
    return JournalEntry(
        "request", 0, provider="acme", operation="acme.make", status=status, rests_on=ids, deviations=deviations
    )


def test_a_request_counts_each_of_its_rows_once() -> None:
    tally = Tally()
    tally.request(request("operation.make", "state.done", "state.done"))
    tally.request(request("operation.make", "error.refused", status=403))
    assert tally.rows == {"acme.operation.make": 2, "acme.state.done": 1, "acme.error.refused": 1}
    assert tally.calls == {("acme", "make", 200): 1, ("acme", "make", 403): 1}


def test_requests_without_a_reply_or_an_operation_are_counted_separately() -> None:
    tally = Tally()
    tally.request(request("operation.make", status=None))
    tally.request(JournalEntry("request", 0, provider="acme", status=404, rests_on=("acme.error.no_such_path",)))
    assert tally.calls == {("acme", "make", 0): 1, ("acme", "-", 404): 1}


def test_an_outgoing_call_counts_if_it_got_a_response() -> None:
    tally = Tally()
    for status in (None, 500, 200):
        tally.delivery(JournalEntry("delivery", 0, provider="acme", status=status, rests_on=("acme.event.done",)))
    assert tally.rows == {"acme.event.done": 2}
    assert tally.calls == {}


def test_tallies_can_be_added_in_any_order_and_cleared() -> None:
    first, second = Tally(), Tally()
    first.request(request("operation.make", deviations=("a field too many",)))
    second.request(request("operation.make", "state.done", deviations=("a field too many",)))
    for whole in (total([first, second]), total([second, first])):
        assert whole.rows == {"acme.operation.make": 2, "acme.state.done": 1}
        assert whole.calls == {("acme", "make", 200): 2}
        assert whole.deviations == {("acme", "make", "a field too many"): 2}
    first.clear()
    assert (first.rows, first.calls, first.deviations) == ({}, {}, {})
    assert second.rows["acme.operation.make"] == 1


def test_a_deviation_is_shortened_and_counted_once_per_request() -> None:
    tally = Tally()
    tally.request(request("operation.make", deviations=("x" * 10_000, "x" * 20_000, "short", "short")))
    long, short = sorted(tally.deviations.items(), reverse=True)
    assert long == (("acme", "make", "x" * (LONGEST - 1) + "…"), 2)
    assert short == (("acme", "make", "short"), 1)


def test_the_number_of_counts_is_bounded() -> None:
    tally = Tally()
    for number in range(MOST_ROWS + 7):
        tally.request(request(f"rule.{number}", status=number + 1, deviations=(f"deviation {number}",)))
    assert (len(tally.rows), len(tally.calls), len(tally.deviations)) == (MOST_ROWS, MOST_CALLS, MOST_DEVIATIONS)
    assert tally.left_out == sum(MOST_ROWS + 7 - most for most in (MOST_ROWS, MOST_CALLS, MOST_DEVIATIONS))
    assert total([tally, tally]).left_out == 2 * tally.left_out
