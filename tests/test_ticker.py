"""The ticker: a cancelled wait ends at once, whatever happens at the same moment."""

import asyncio

import pytest

from mockserver.clock import Clock, Ticker


@pytest.mark.parametrize("turns", range(5))
async def test_a_cancellation_is_not_lost_to_a_poke(turns: int) -> None:
    """A courier that is closed while its ticker is poked must end. `wait_for` of Python 3.11 would lose that."""
    clock = Clock("real")
    ticker = Ticker(clock)

    async def forever() -> None:
        while True:
            await ticker.wait(clock.now() + 60_000)

    task = asyncio.create_task(forever())
    for _ in range(3):
        await asyncio.sleep(0)  # noqa: TID251 - lets other tasks run, no time passes
    ticker.poke()
    for _ in range(turns):
        await asyncio.sleep(0)  # noqa: TID251
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=1)
    assert done == {task}
    assert task.cancelled()
