"""`begin` runs a coroutine up to its first wait, and continues it in a task only if it has to wait."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from mockserver.clock import let_others_run
from mockserver.serving.stepping import begin


def start(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None] | None":
    return begin(work, asyncio.get_running_loop())


async def test_a_coroutine_that_does_not_wait_finishes_without_a_task() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    assert start(work()) is None
    assert done == [1]


async def test_a_coroutine_that_waits_continues_in_a_task() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    steps: list[str] = []

    async def work() -> None:
        steps.append(await future)
        await let_others_run()
        async with asyncio.timeout(60):  # needs a task
            await let_others_run()
        steps.append("in time")

    task = start(work())
    assert task is not None
    assert steps == []
    future.set_result("came")
    await task
    assert steps == ["came", "in time"]


async def test_a_future_that_is_resolved_before_the_task_runs_is_not_missed() -> None:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    results: list[str] = []

    async def work() -> None:
        results.append(await future)

    task = start(work())
    assert task is not None
    future.set_result("resolved")
    await asyncio.wait_for(task, 5)
    assert results == ["resolved"]


async def test_an_error_before_the_first_wait_is_raised_by_begin_and_a_later_one_by_the_task() -> None:
    async def early() -> None:
        raise ValueError("early")

    async def late() -> None:
        await let_others_run()
        raise ValueError("late")

    with pytest.raises(ValueError, match="early"):
        start(early())
    task = start(late())
    assert task is not None
    with pytest.raises(ValueError, match="late"):
        await task


async def test_cancelling_the_task_cancels_the_coroutine() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        finally:
            ended.append("finally")

    task = start(work())
    assert task is not None
    await let_others_run()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cancelled", "finally"]


async def test_an_exception_of_the_awaited_future_is_raised_in_the_coroutine() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    caught: list[str] = []

    async def work() -> None:
        try:
            await future
        except OSError as error:
            caught.append(str(error))

    task = start(work())
    assert task is not None
    future.set_exception(OSError("gone"))
    await task
    assert caught == ["gone"]
