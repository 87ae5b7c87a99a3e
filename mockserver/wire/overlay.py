"""Overlays: the fields that a scenario's rule lays over a provider's own reply, and the values that `${...}` means."""

from collections.abc import Mapping
from typing import Any

from mockserver.clock import rfc3339
from mockserver.core.fill import fill
from mockserver.kit.operations import Reply
from mockserver.wire.exchange import Exchange


def overlaid(exchange: Exchange, reply: Reply) -> Reply:
    """The reply with what the request's rule lays over it: mappings are merged, anything else is replaced."""
    laid = exchange.rule.reply if exchange.rule else None
    if not laid or not isinstance(reply.body, Mapping):
        return reply
    return reply._replace(body=_merged(reply.body, fill(dict(laid), lambda name: value_of(exchange, reply.job, name))))


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return merged


def value_of(exchange: Exchange, job: str | None, name: str) -> Any:
    """The value of a name from the closed list of substitution; None where the request has no such thing.

    `job` is the id of the job that the reply is about.
    """
    if name == "now":
        return rfc3339(exchange.now)
    if name == "job.id":
        return job
    if name.startswith("seed."):
        return exchange.seeded.bits("fill", int(name[5:])) % 1_000_000_000
    _, head, *path = name.split(".")
    if head == "header":
        path = [part.lower() for part in path]
    found = exchange.view(exchange.data).find(head, tuple(path))
    return found if isinstance(found, str | int | float | bool | dict | list) else None
