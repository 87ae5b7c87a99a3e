"""Work that is done within its request: it is charged when it is done, and costs nothing if it fails."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from mockserver.core.credits import CREDIT
from mockserver.core.faults import Refusal
from mockserver.kit.operations import Deferred, Handler, Reply
from mockserver.wire.exchange import Exchange
from mockserver.wire.work import due_of, steps_of

Save = Callable[[], Awaitable[None]]


class Task(NamedTuple):
    """What a request asks for, worked out: its cost in credits, and the body of the reply.

    `rows` are rows of the ledger for what is not documented about it. `save` stores what the operation creates.
    """

    credits: int
    body: Any
    rows: tuple[str, ...] = ()
    status: int = 200
    note: str | None = None
    save: Save | None = None


def handler(run: Callable[[Exchange, Any], Awaitable[Task]]) -> Handler:
    """Return the handler of an operation whose work `run` does."""

    async def handle(exchange: Exchange) -> Deferred:
        return await perform(exchange, await run(exchange, exchange.body))

    return handle


async def perform(exchange: Exchange, task: Task, failed: Save | None = None) -> Deferred:
    """Reserve the credits of a task, and return its reply, which is sent when the steps of the rule's plan are over.

    `failed` is called if the task fails, or the client leaves before.
    """
    exchange.admit(*task.rows)
    store, clock, account = exchange.sandbox.store, exchange.sandbox.clock, exchange.account.id
    reference = f"{exchange.operation.name} {await exchange.number.take()}"
    await exchange.credits.reserve(reference, task.credits * CREDIT)
    work = steps_of(exchange, reference)

    async def abandoned() -> None:
        await store.release(account, clock.now(), reference)
        if failed is not None:
            await failed()

    async def done() -> Reply:
        if work[-1].status != "succeeded":
            await abandoned()
            raise Refusal("server_error", work[-1].error or "", scripted=True)
        await store.capture(account, clock.now(), reference)
        if task.save is not None:
            await task.save()
        return Reply(task.status, task.body, ledger_rows=task.rows, note=task.note)

    return Deferred(due_of(work, exchange.now), done, abandoned)
