"""Builds requests from the operations that a provider declares."""

import re
from typing import Any

from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider

Arguments = dict[str, Any]
# More bytes than any provider accepts. The server trusts Content-Length, so the body does not have to be this large.
TOO_LARGE = str(2**31)


def operations(provider: Provider) -> list[Operation]:
    """Return the operations that are in the provider's document."""
    return [operation for operation in provider.operations if not operation.hidden]


def with_example(provider: Provider, *, streams: bool | None = None) -> list[Operation]:
    """Return the operations that accept JSON and have an example: all, or only those whose `streams` is as stated."""
    candidates = [o for o in operations(provider) if o.body_kind == "json" and o.examples and not o.public]
    return [o for o in candidates if streams is None or o.streams is streams]


def url(provider: Provider, operation: Operation) -> str:
    """Return the path of an operation on this server, with `x` for each parameter."""
    return f"/{provider.name}{re.sub(r'{[a-z_]+}', 'x', operation.path)}"


def key(provider: Provider) -> str:
    """Return a key that the provider accepts."""
    return provider.example_key("default")


def request(provider: Provider, operation: Operation, **more: Any) -> Arguments:
    """Return the arguments of an HTTP client's `request` for an operation, with its first example as the body."""
    headers = {"Authorization": f"Bearer {key(provider)}", **more.pop("headers", {})}
    body = {"json": next(iter(operation.examples.values()))} if operation.examples and "content" not in more else {}
    return {"method": operation.method, "url": url(provider, operation), "headers": headers, **body, **more}


def wrong_requests(provider: Provider) -> dict[str, Arguments]:
    """Return a request for each error of the kit's ledger rows, by the name of the row."""
    first = with_example(provider)[0]
    text, large = {"Content-Type": "text/plain"}, {"Content-Length": TOO_LARGE}
    return {
        "error.no_such_path": {"method": "GET", "url": f"/{provider.name}{provider.base_path}/no/such/path"},
        "error.method_not_allowed": {"method": "PATCH", "url": url(provider, first)},
        "error.too_large": request(provider, first, headers=large),
        "error.unsupported_media_type": request(provider, first, content=b"text", headers=text),
    }
