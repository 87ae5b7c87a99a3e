"""The ticker: what waits on it ends when it is told to, whatever happens at the same moment."""

import asyncio

import pytest

from mockserver.clock import Clock, Ticker


@pytest.mark.parametrize("turns", range(5))
def test_a_cancellation_is_not_lost_to_a_poke(turns: int) -> None:
    """A courier that is closed while something is poked must end; `wait_for` of Python 3.11 would forget to."""

    async def story() -> bool:
        clock = Clock("real")
        ticker = Ticker(clock)

        async def forever() -> None:
            while True:
                await ticker.wait(clock.now() + 60_000)

        task = asyncio.create_task(forever())
        for _ in range(3):
            await asyncio.sleep(0)  # noqa: TID251 - a turn for everybody, not a wait
        ticker.poke()
        for _ in range(turns):
            await asyncio.sleep(0)  # noqa: TID251
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=1)
        return bool(done) and task.cancelled()

    assert asyncio.run(story())
