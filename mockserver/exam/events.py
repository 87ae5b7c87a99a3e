"""Composes and signs the events of an exam, from a provider's documented examples. Nothing is sent here."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from mockserver.core.instants import rfc3339
from mockserver.core.seeded import ULID_RANDOM, Seeded, ulid_time
from mockserver.core.signing import hmac_sha256
from mockserver.kit.provider import Provider
from mockserver.kit.webhooks import Signature
from mockserver.outgoing.call import Headers

JSON_TYPE = ("Content-Type", "application/json")
UNKNOWN = "mock_unknown_value"

Path = tuple[str | int, ...]


class Events:
    """The events of one exam, for one provider and secret, signed at `now` (milliseconds).

    `jobs` are ids that the receiver knows. Without them every event has a new id in the provider's form, from `seeded`.
    `pause` is the number of seconds between two pieces of a slow body.
    """

    def __init__(
        self,
        provider: Provider,
        signature: Signature,
        secret: str,
        seeded: Seeded,
        now: int,
        jobs: tuple[str, ...] = (),
        pause: float = 0.25,
    ) -> None:
        self.provider = provider
        self.signature = signature
        self.secret = secret
        self.now = now
        self.pause = pause
        self._seeded = seeded
        self._jobs = jobs

    @property
    def main(self) -> str:
        """The provider's first event: that of a job that succeeded."""
        return next(iter(self.provider.events))

    def job(self, name: str, *, unknown: bool = False) -> str:
        """Return the id of a job for one probe. The same `name` always gets the same id."""
        if self._jobs and not unknown:
            return self._jobs[self._seeded.integer(0, len(self._jobs) - 1, name)]
        example = str(_value(self.provider.events[self.main].example, self.provider.event_job))
        prefix, separator, rest = example.partition("_")
        if separator:
            return f"{prefix}_{self._seeded.token(max(len(rest), 16), 'job', name)}"
        return ulid_time(self.now) + self._seeded.crockford(ULID_RANDOM, "job", name)

    def event(
        self, name: str, job: str | None = None, event: str | None = None, at: int | None = None
    ) -> dict[str, Any]:
        """Return the body of an event of a job, as data. `at` is its time (milliseconds)."""
        body: dict[str, Any] = deepcopy(self.provider.events[event or self.main].example)
        _put(body, self.provider.event_job, self.job(name) if job is None else job)
        if self.provider.stamped_field is not None:
            body[self.provider.stamped_field] = rfc3339(self.now if at is None else at)
        return body

    def signed(self, body: bytes, *, secret: str | None = None, at: int | None = None) -> Headers:
        """Return the headers of an event with exactly these bytes."""
        secret, at = self.secret if secret is None else secret, self.now if at is None else at
        return (JSON_TYPE, *self.signature.headers(secret, body, at))

    def with_signature(self, headers: Headers, *values: str) -> Headers:
        """Return headers with other signatures: none, one, or several header lines."""
        name = self.signature.header
        return (*((n, v) for n, v in headers if n != name), *((name, value) for value in values))

    def signature_of(self, headers: Headers) -> str:
        """Return the signature in `headers`."""
        return next(value for name, value in headers if name == self.signature.header)

    def mac(self, *parts: bytes) -> str:
        """Return `sha256=` and the HMAC of the joined parts with the secret."""
        return f"sha256={hmac_sha256(self.secret, *parts)}"

    def with_unknown_value(self, name: str) -> dict[str, Any] | None:
        """Return an event in which one enumeration has a new value; None if the provider's events have none.

        The field that says what happened keeps its value.
        """
        for event, declared in self.provider.events.items():
            paths = list(enumerations(declared.model, declared.example))
            if paths:
                body = self.event(name, event=event)
                _put(body, paths[-1], UNKNOWN)
                return body
        return None


def compact(data: Any) -> bytes:
    """Return JSON as the providers send it: without spaces, in UTF-8."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def stringified(data: Any) -> bytes:
    """Return JSON as JavaScript's `JSON.stringify` writes it: as the providers do, but whole numbers without `.0`."""
    return compact(_whole(data))


def respelled(data: Any) -> bytes:
    """Return the same JSON with the keys in the opposite order, indented, and with characters escaped."""
    return json.dumps(_reversed(data), indent=2, ensure_ascii=True).encode()


def enumerations(model: type[BaseModel], example: Any) -> Iterator[Path]:
    """Yield the paths of enumerations in a model, as far as the example has them.

    A field with only one possible value, such as the name of the event, is not an enumeration.
    """
    for name, field in model.model_fields.items():
        if isinstance(example, Mapping) and name in example:
            yield from ((name, *rest) for rest in _within(field.annotation, example[name]))


def _within(annotation: Any, example: Any) -> Iterator[Path]:
    if get_origin(annotation) is Literal:
        if len(get_args(annotation)) > 1:
            yield ()
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from enumerations(annotation, example)
    elif get_origin(annotation) is list and isinstance(example, list) and example:
        yield from ((0, *rest) for rest in _within(get_args(annotation)[0], example[0]))
    else:
        for inner in get_args(annotation):
            yield from _within(inner, example)


def _reversed(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _reversed(data[key]) for key in reversed(data)}
    return [_reversed(each) for each in data] if isinstance(data, list) else data


def _whole(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _whole(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_whole(each) for each in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


def _value(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _put(data: Any, path: Path, value: Any) -> None:
    _value(data, path[:-1])[path[-1]] = value
