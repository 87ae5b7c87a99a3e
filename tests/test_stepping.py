"""Coroutines that are begun at once: over without a task where nothing has to be waited for, and else as in a task."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from mockserver.clock import let_others_run
from mockserver.serving.stepping import begin


def begun(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None] | None":
    return begin(work, asyncio.get_running_loop())


async def test_what_does_not_wait_is_over_at_once() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    assert begun(work()) is None
    assert done == [1]


async def test_what_waits_goes_on_in_a_task() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    heard: list[str] = []

    async def work() -> None:
        heard.append(await future)
        await let_others_run()
        async with asyncio.timeout(60):  # which needs a task
            await let_others_run()
        heard.append("in time")

    task = begun(work())
    assert task is not None
    assert heard == []
    future.set_result("came")
    await task
    assert heard == ["came", "in time"]


async def test_a_future_that_is_over_before_the_task_has_its_turn_is_not_missed() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await future

    task = begun(work())
    assert task is not None
    future.set_result(None)
    await asyncio.wait_for(task, 5)


async def test_an_error_before_the_first_wait_is_raised_and_one_after_it_is_the_tasks() -> None:
    async def early() -> None:
        raise ValueError("early")

    async def late() -> None:
        await let_others_run()
        raise ValueError("late")

    with pytest.raises(ValueError, match="early"):
        begun(early())
    task = begun(late())
    assert task is not None
    with pytest.raises(ValueError, match="late"):
        await task


async def test_a_task_that_is_cancelled_cancels_what_it_has_taken_over() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        finally:
            ended.append("finally")

    task = begun(work())
    assert task is not None
    await let_others_run()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cancelled", "finally"]


async def test_an_exception_of_what_is_waited_for_is_raised_where_it_is_waited_for() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    caught: list[str] = []

    async def work() -> None:
        try:
            await future
        except OSError as error:
            caught.append(str(error))

    task = begun(work())
    assert task is not None
    future.set_exception(OSError("gone"))
    await task
    assert caught == ["gone"]
