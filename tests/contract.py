"""Holds every reply of a server, and every webhook that it sends, to the OpenAPI documents."""

import json
import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import cache
from typing import Any

import jsonschema_rs

from mockserver.core.deliveries import Delivery
from mockserver.core.match import key_matches
from mockserver.kit.ledger import ledger
from mockserver.providers.registry import all_providers
from mockserver.wire.address import AddressBook
from mockserver.wire.server import Server

Headers = Mapping[str, str]

# The server's own refusals, of requests that reach no provider.
_UNPLACED = "mockserver cannot route this request"
# Its refusals of what would rest on an assumption, where it may make none.
_UNDOCUMENTED = (501, "application/problem+json")
_SIMULATED = frozenset(p.name for p in all_providers())
# Read here, before any test puts another in its place.
_LEDGER = ledger(all_providers()).rows
_FAULTY = (
    "the reply was sent with a fault",
    "a fault closed the connection",
    "the operation was done, but its reply was lost",
)


class Contract:
    """An ASGI application in front of a server: it passes everything through, and fails a test whose reply is wrong.

    Scenarios may make a server break its contract: faults that happen on the wire, errors where the document has
    none, and fields laid over a reply are let through.
    """

    def __init__(self, app: Server) -> None:
        self._app = app
        self._book = AddressBook({p.name: p.hosts for p in all_providers()})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent: list[MutableMapping[str, Any]] = []

        async def note(message: MutableMapping[str, Any]) -> None:
            sent.append(message)
            await send(message)

        await self._app(scope, receive, note)
        status = sent[0]["status"]
        headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in sent[0]["headers"]}
        body = b"".join(m.get("body", b"") for m in sent[1:])
        for name, path in self._places(scope):
            problems = list(reply_problems(name, scope["method"], path, status, headers, body))
            if problems and not await self._meant(scope["method"], path, problems):
                raise AssertionError(f"{scope['method']} {path} of {name} replied {status}: {'; '.join(problems)}")

    async def check_webhooks(self) -> None:
        """Fail when a webhook that was sent is not as documented, and no scenario asked for it."""
        for sandbox in self._app.sandboxes.by_name.values():
            spoilt = [rule.event for rule in sandbox.program.webhooks]
            for delivery in await sandbox.store.deliveries():
                problems = list(webhook_problems(delivery))
                if problems and not any(key_matches(pattern, delivery.event) for pattern in spoilt):
                    raise AssertionError(f"{delivery.event} of {delivery.provider}: {'; '.join(problems)}")

    async def check_provenance(self) -> None:
        """Fail when something rests on a behaviour that the ledger does not have."""
        for sandbox in self._app.sandboxes.by_name.values():
            for entry in await sandbox.journal():
                unknown = set(entry.rests_on) - _LEDGER.keys()
                if unknown and entry.provider in _SIMULATED:
                    raise AssertionError(f"not in the ledger: {', '.join(sorted(unknown))}")

    def _places(self, scope: Any) -> Iterable[tuple[str, str]]:
        """The document that a request falls under, and its path there; none where no operation has that path."""
        host = next((v.decode("latin-1") for n, v in scope["headers"] if n == b"host"), "")
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        address = self._book.find(path, host)
        names = [address.target] if address.target else [p.name for p in all_providers()]
        return [(name, address.path) for name in names if operation(name, scope["method"], address.path)][:1]

    async def _meant(self, method: str, path: str, problems: list[str]) -> bool:
        """True when a scenario asked for what is wrong with the reply."""
        for sandbox in self._app.sandboxes.by_name.values():
            for entry in await sandbox.journal():
                if entry.kind != "request" or (entry.method, entry.path) != (method, path):
                    continue
                rule = next((r for r in sandbox.program.rules if r.name == entry.rule), None)
                note = entry.note or ""
                struck = note.startswith("armed fault") or (rule is not None and rule.fault is not None)
                # A strict server refuses what deviates wherever it deviates: in operations that know no 400 too.
                struck = struck or (entry.status == 400 and bool(entry.deviations))
                laid = rule is not None and rule.reply is not None
                return laid or note.startswith(_FAULTY) or (struck and problems[0].startswith("the status"))
        return False


def reply_problems(name: str, method: str, path: str, status: int, headers: Headers, body: bytes) -> Iterable[str]:
    """What is wrong with a reply by the document called `name`; nothing for an operation that it does not have."""
    found = operation(name, method, path)
    if found is None or _unplaced(headers, body) or (status, headers.get("content-type")) == _UNDOCUMENTED:
        return
    template, declared = found
    response = resolved(name, declared["responses"].get(str(status)))
    if response is None:
        yield f"the status {status} is not among {', '.join(declared['responses'])}"
        return
    for header, shown in response.get("headers", {}).items():
        yield from _header_problems(name, header, resolved(name, shown), headers)
    content = response.get("content", {})
    given = headers.get("content-type", "")
    if content and given not in content:
        yield f"the content type {given!r} is not among {', '.join(content)}"
    elif content and method != "HEAD" and given.partition(";")[0].endswith("json"):
        where = ("paths", template, declared["operationId"], str(status), given)
        yield from _json_problems(name, where, content[given]["schema"], body)


def webhook_problems(delivery: Delivery) -> Iterable[str]:
    """What is wrong with an outgoing call by the document of its provider; nothing for one that is no webhook."""
    item = _document(delivery.provider).get("webhooks", {}).get(delivery.event)
    if item is None:
        return
    schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
    yield from _json_problems(delivery.provider, ("webhooks", delivery.event), schema, delivery.body)
    for attempt in delivery.attempts:
        headers = {header.lower(): value for header, value in attempt.headers}
        for parameter in item["post"]["parameters"]:
            yield from _header_problems(delivery.provider, parameter["name"], parameter, headers)


@cache
def _templates(name: str) -> tuple[tuple[re.Pattern[str], str, dict[str, Any]], ...]:
    """The paths of a document as patterns; those without parameters come first (OpenAPI 3.1, Paths Object)."""
    paths = _document(name)["paths"]
    ordered = sorted(paths, key=lambda path: "{" in path)
    return tuple((re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(p))), p, paths[p]) for p in ordered)


def operation(name: str, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The path template and declaration of the operation that serves a request; HEAD is served by GET."""
    for pattern, template, item in _templates(name):
        if pattern.fullmatch(path):
            declared = item.get(method.lower()) or (item.get("get") if method == "HEAD" else None)
            return (template, declared) if declared else None
    return None


def resolved(name: str, shown: Any) -> Any:
    """What a reference within a document stands for; anything else as it is."""
    while isinstance(shown, dict) and "$ref" in shown:
        target: Any = _document(name)
        for part in shown["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        shown = target
    return shown


def validator(name: str, schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator of a schema that stands anywhere in a document."""
    whole = {**schema, "components": _document(name).get("components", {})}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


@cache
def _document(name: str) -> dict[str, Any]:
    from mockserver.openapi import document

    return document(name)


_VALIDATORS: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = {}


def _json_problems(name: str, where: tuple[str, ...], schema: Mapping[str, Any], body: bytes) -> Iterable[str]:
    try:
        data = json.loads(body)
    except ValueError as wrong:
        yield f"the body is not JSON: {wrong}"
        return
    known = _VALIDATORS.get((name, *where))
    if known is None:
        known = _VALIDATORS[name, *where] = validator(name, schema)
    for error in known.iter_errors(data):
        yield f"{'/'.join(map(str, error.instance_path)) or 'the body'}: {error.message}"


def _header_problems(name: str, header: str, shown: Mapping[str, Any], headers: Headers) -> Iterable[str]:
    value: Any = headers.get(header.lower())
    if value is None:
        if shown.get("required"):
            yield f"the header {header} is missing"
        return
    if shown["schema"].get("type") == "integer" and re.fullmatch("-?[0-9]+", value):
        value = int(value)
    for error in validator(name, shown["schema"]).iter_errors(value):
        yield f"the header {header}: {error.message}"


def _unplaced(headers: Headers, body: bytes) -> bool:
    return headers.get("content-type") == "application/problem+json" and _UNPLACED.encode() in body
