"""Apply the `reply` of a scenario's rule to a provider's reply, and fill in the values of `${...}`."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from mockserver.clock import rfc3339
from mockserver.content.fake import Fakes
from mockserver.core.fill import MAX_FILLED, Limited, fill
from mockserver.kit.operations import Reply
from mockserver.wire.exchange import Exchange

CUT = f"the values of the rule's placeholders were cut: together they can have {MAX_FILLED} bytes"


async def apply_overlay(exchange: Exchange, reply: Reply) -> Reply:
    """Return the reply with the fields of the request's rule: mappings are merged, other values are replaced."""
    overlay = exchange.rule.reply if exchange.rule else None
    if not overlay or not isinstance(reply.body, Mapping):
        return reply
    values = Limited(Values(exchange, reply.job, await _language_of_job(exchange, reply.job)).get)
    body = _merged(reply.body, fill(dict(overlay), values))
    return reply._replace(body=body, note=reply.note or (CUT if values.cut else None))


async def _language_of_job(exchange: Exchange, job_id: str | None) -> str | None:
    """Return the language in the request that created the job. A request for the job's status does not contain it."""
    path, account = exchange.provider.language, exchange.optional_account
    if not path or job_id is None or account is None:
        return None
    job = await exchange.sandbox.store.get_job(exchange.provider.name, account.id, job_id)
    return None if job is None else job.request.get(path[-1])


def _merged(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overlay.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return merged


class Values:
    """The values of `${...}` in one reply, or in one streamed text.

    `job` is the id of the reply's job. `language` is the language of made-up texts if the request names none.
    """

    __slots__ = ("_exchange", "_fakes", "_job", "_language")

    def __init__(self, exchange: Exchange, job: str | None, language: str | None = None) -> None:
        self._exchange = exchange
        self._job = job
        self._language = language
        self._fakes: Fakes | None = None

    def get(self, name: str) -> Any:
        """Return the value of a name, or None if the request does not have it."""
        exchange = self._exchange
        if name == "now":
            return rfc3339(exchange.now)
        if name == "job.id":
            return self._job
        if name.startswith("seed."):
            return exchange.seeded.bits("fill", int(name[5:])) % 1_000_000_000
        if name.startswith("fake."):
            self._fakes = self._fakes or self._new_fakes()
            return self._fakes.next(name[5:])
        _, head, *path = name.split(".")
        if head == "header":
            path = [part.lower() for part in path]
        value = exchange.view(exchange.data).find(head, tuple(path))
        return value if isinstance(value, str | int | float | bool | dict | list) else None

    def _new_fakes(self) -> Fakes:
        """Return the source of made-up values.

        They depend on the account, the operation, its parameters and the body, but not on headers or the time.
        """
        exchange, operation = self._exchange, self._exchange.operation
        # Uploads are not kept, so the id of the job stands for the content.
        upload = operation.body_kind == "multipart"
        body = self._job or "" if upload else blake2b(exchange.raw, digest_size=16).hexdigest()
        parameters = [part for pair in (*exchange.path.items(), *sorted(exchange.query.items())) for part in pair]
        seeded = exchange.seeded.child("fake", exchange.provider.name, operation.name, exchange.mark, body, *parameters)
        path = exchange.provider.language
        language = exchange.view(exchange.data).find("body", path) if path else None
        return Fakes(seeded, language if isinstance(language, str) else self._language or "en")
