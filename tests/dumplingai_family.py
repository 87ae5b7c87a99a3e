"""Requests to all operations of DumplingAI, for tests: the examples of their documents."""

from typing import Any

import httpx2

from mockserver.kit.operations import Operation
from mockserver.providers.dumplingai.operations import APIS, UNIFIED
from tests.conversation import Conversation

OPERATIONS = {api.operation.name: api.operation for api in APIS} | {each.name: each for each in UNIFIED}
# Knowledge bases are retired: without this option every request to them is a 404.
WITH_KNOWLEDGE: dict[str, Any] = {"extends": "default", "providers": {"dumplingai": {"knowledge_bases": True}}}


def url(operation: Operation) -> str:
    """Return the path of an operation on this server."""
    return f"/dumplingai{operation.path}"


def example(name: str) -> dict[str, Any]:
    """Return the first example of an operation's body."""
    return dict(next(iter(OPERATIONS[name].examples.values())))


async def call(t: Conversation, name: str, /, body: Any = None, **more: Any) -> httpx2.Response:
    """Send a request to an operation, by default the example of its document with the fields in `more`."""
    operation = OPERATIONS[name]
    headers = more.pop("headers", {})
    if operation.method == "GET":
        return await t.client.get(url(operation), params=more, headers=headers)
    return await t.client.post(
        url(operation), json={**example(name), **more} if body is None else body, headers=headers
    )


async def ok(t: Conversation, name: str, /, body: Any = None, **more: Any) -> Any:
    """Return the body of the reply to a request that succeeds."""
    reply = await call(t, name, body, **more)
    assert reply.status_code < 300, reply.text
    return reply.json()


async def error(t: Conversation, name: str, status: int, /, body: Any = None, **more: Any) -> str:
    """Return the message of the error of a request that fails."""
    reply = await call(t, name, body, **more)
    assert reply.status_code == status, reply.text
    return str(reply.json()["error"])
