"""Overlays: the fields that a scenario's rule lays over a provider's own reply."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.fill import fill
from mockserver.kit.operations import Reply
from mockserver.wire.call import Call
from mockserver.wire.values import value_of


def overlaid(call: Call, reply: Reply) -> Reply:
    """The reply with what the request's rule lays over it: mappings are merged, anything else is replaced."""
    laid = call.rule.reply if call.rule else None
    if laid and isinstance(reply.body, Mapping):
        reply.body = _merged(reply.body, fill(dict(laid), lambda name: value_of(call, name)))
    return reply


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return merged
