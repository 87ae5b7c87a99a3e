"""Overlays: the fields that a scenario's rule lays over a provider's own reply, and the values that `${...}` means."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from mockserver.clock import rfc3339
from mockserver.content.fake import Fakes
from mockserver.core.fill import fill
from mockserver.kit.operations import Reply
from mockserver.wire.exchange import Exchange


async def overlaid(exchange: Exchange, reply: Reply) -> Reply:
    """The reply with what the request's rule lays over it: mappings are merged, anything else is replaced."""
    laid = exchange.rule.reply if exchange.rule else None
    if not laid or not isinstance(reply.body, Mapping):
        return reply
    values = Values(exchange, reply.job, await _language_of_job(exchange, reply.job))
    return reply._replace(body=_merged(reply.body, fill(dict(laid), values.of)))


async def _language_of_job(exchange: Exchange, job_id: str | None) -> str | None:
    """The language that a job was asked for in: a request for its status does not say it again."""
    path, holder = exchange.provider.language, exchange.holder
    if not path or job_id is None or holder is None:
        return None
    job = await exchange.sandbox.store.get_job(exchange.provider.name, holder.id, job_id)
    return None if job is None else job.request.get(path[-1])


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return merged


class Values:
    """What the names of the closed list mean in one reply, or in one streamed text.

    `job` is the id of the job that it is about, and `language` the one that is written where the request names none.
    """

    __slots__ = ("_exchange", "_fakes", "_job", "_language")

    def __init__(self, exchange: Exchange, job: str | None, language: str | None = None) -> None:
        self._exchange = exchange
        self._job = job
        self._language = language
        self._fakes: Fakes | None = None

    def of(self, name: str) -> Any:
        """The value of a name; None where the request has no such thing."""
        exchange = self._exchange
        if name == "now":
            return rfc3339(exchange.now)
        if name == "job.id":
            return self._job
        if name.startswith("seed."):
            return exchange.seeded.bits("fill", int(name[5:])) % 1_000_000_000
        if name.startswith("fake."):
            self._fakes = self._fakes or self._made_up()
            return self._fakes.next(name[5:])
        _, head, *path = name.split(".")
        if head == "header":
            path = [part.lower() for part in path]
        found = exchange.view(exchange.data).find(head, tuple(path))
        return found if isinstance(found, str | int | float | bool | dict | list) else None

    def _made_up(self) -> Fakes:
        """What is made up is fixed by what is asked for, and by whom; headers and the time of day change nothing."""
        exchange, operation = self._exchange, self._exchange.operation
        who = exchange.holder.id if exchange.holder is not None else ""
        # Nobody keeps an upload: the id of the job that came of it stands for what was in it.
        upload = operation.body_kind == "multipart"
        body = self._job or "" if upload else blake2b(exchange.raw, digest_size=16).hexdigest()
        named = [part for pair in (*exchange.path.items(), *sorted(exchange.query.items())) for part in pair]
        seeded = exchange.seeded.child("fake", exchange.provider.name, operation.name, who, body, *named)
        where = exchange.provider.language
        asked = exchange.view(exchange.data).find("body", where) if where else None
        return Fakes(seeded, asked if isinstance(asked, str) else self._language or "en")
