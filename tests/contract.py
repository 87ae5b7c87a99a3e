"""Checks every reply of a server, and every webhook that it sends, against the OpenAPI documents."""

import json
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema_rs

from mockserver.core.deliveries import Delivery
from mockserver.core.match import key_matches
from mockserver.kit.additive import PREFIX
from mockserver.kit.ledger import ledger
from mockserver.providers.registry import all_providers
from mockserver.wire.address import AddressBook
from mockserver.wire.server import Server

Headers = Mapping[str, str]

# The title of the server's reply to a request that it cannot route to a provider.
_NOT_ROUTED = "mockserver cannot route this request"
# The reply of a server that does not allow assumptions, if the provider's reply would rest on one.
_ASSUMPTION_REFUSED = (501, "application/problem+json")
_PROVIDERS = frozenset(p.name for p in all_providers())
# Read at import, before a test can replace the ledger.
_LEDGER = ledger(all_providers()).rows
_FAULTY = (
    "the reply was sent with a fault",
    "a fault closed the connection",
    "the operation was done, but its reply was lost",
)

# Rows about replies that only a scenario can ask for, because the document does not have them.
_OUTSIDE = frozenset(("prompttovideo.rule.bad_requests_observed", "prompttovideo.rule.content_violation"))


class Contract:
    """An ASGI application in front of a server that raises AssertionError for a reply outside the document.

    Scenarios may make a server break its contract: faults on the wire, errors that the document does not have, and
    replies with changed fields are allowed.
    """

    def __init__(self, app: Server) -> None:
        self._app = app
        self._book = AddressBook({p.name: p.hosts for p in all_providers()})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent: list[MutableMapping[str, Any]] = []

        async def record_and_send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)
            await send(message)

        await self._app(scope, receive, record_and_send)
        status = sent[0]["status"]
        headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in sent[0]["headers"]}
        body = b"".join(m.get("body", b"") for m in sent[1:])
        target = self._target(scope)
        if target is None:
            return
        name, path = target
        if headers.get("content-type") == "application/json" and self._is_additive(name):
            body = without_additions(body)
        problems = list(reply_problems(name, scope["method"], path, status, headers, body))
        if problems and not await self._caused_by_scenario(scope["method"], path, problems):
            raise AssertionError(f"{scope['method']} {path} of {name} replied {status}: {'; '.join(problems)}")

    async def check_webhooks(self) -> None:
        """Raise AssertionError if a webhook is not as documented, and no rule of the scenario is for its event."""
        for sandbox in self._app.sandboxes.by_name.values():
            changed_events = [rule.event for rule in sandbox.program.webhooks]
            for delivery in await sandbox.store.deliveries():
                if delivery.provider in sandbox.additive:
                    delivery = replace(delivery, body=without_additions(delivery.body))
                problems = list(webhook_problems(delivery))
                if problems and not any(key_matches(pattern, delivery.event) for pattern in changed_events):
                    raise AssertionError(f"{delivery.event} of {delivery.provider}: {'; '.join(problems)}")

    def _is_additive(self, provider: str) -> bool:
        return any(provider in sandbox.additive for sandbox in self._app.sandboxes.by_name.values())

    async def check_provenance(self) -> None:
        """Raise AssertionError if a reply rests on a row that the ledger does not have."""
        for sandbox in self._app.sandboxes.by_name.values():
            for entry in await sandbox.journal():
                unknown = set(entry.rests_on) - _LEDGER.keys()
                if unknown and entry.provider in _PROVIDERS:
                    raise AssertionError(f"not in the ledger: {', '.join(sorted(unknown))}")

    def _target(self, scope: Any) -> tuple[str, str] | None:
        """Return the document for a request, and the path in it; None if no operation has the path."""
        host = next((v.decode("latin-1") for n, v in scope["headers"] if n == b"host"), "")
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        address = self._book.find(path, host)
        names = [address.target] if address.target else [p.name for p in all_providers()]
        return next(((name, address.path) for name in names if operation(name, scope["method"], address.path)), None)

    async def _caused_by_scenario(self, method: str, path: str, problems: list[str]) -> bool:
        """Return whether the scenario, an armed fault or a strict server causes the problems of the reply."""
        for sandbox in self._app.sandboxes.by_name.values():
            for entry in await sandbox.journal():
                if entry.kind != "request" or (entry.method, entry.path) != (method, path):
                    continue
                rule = next((r for r in sandbox.program.rules if r.name == entry.rule), None)
                note = entry.note or ""
                error = note.startswith("armed fault") or (rule is not None and rule.fault is not None)
                # A strict server refuses deviations with 400, also in operations that do not document it.
                error = error or (entry.status == 400 and bool(entry.deviations))
                changed = (rule is not None and rule.reply is not None) or not _OUTSIDE.isdisjoint(entry.rests_on)
                return changed or note.startswith(_FAULTY) or (error and problems[0].startswith("the status"))
        return False


def without_additions(body: bytes) -> bytes:
    """Return JSON without the fields of an additive change: the documents allow no others."""

    def known(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: value for name, value in pairs if not name.startswith(PREFIX)}

    return json.dumps(json.loads(body, object_pairs_hook=known)).encode() if body else body


def reply_problems(name: str, method: str, path: str, status: int, headers: Headers, body: bytes) -> Iterable[str]:
    """Yield what is wrong with a reply by the document `name`. An operation that it does not have yields nothing."""
    match = operation(name, method, path)
    if match is None or _not_routed(headers, body) or (status, headers.get("content-type")) == _ASSUMPTION_REFUSED:
        return
    template, declared = match
    response = resolved(name, declared["responses"].get(str(status)))
    if response is None:
        yield f"the status {status} is not among {', '.join(declared['responses'])}"
        return
    for header, declaration in response.get("headers", {}).items():
        yield from _header_problems(name, header, resolved(name, declaration), headers)
    content = response.get("content", {})
    content_type = headers.get("content-type", "")
    if content and content_type not in content:
        yield f"the content type {content_type!r} is not among {', '.join(content)}"
    elif content and method != "HEAD" and content_type.partition(";")[0].endswith("json"):
        key = ("paths", template, declared["operationId"], str(status), content_type)
        yield from _json_problems(name, key, content[content_type]["schema"], body)


def webhook_problems(delivery: Delivery) -> Iterable[str]:
    """Yield what is wrong with a webhook by the provider's document. An event that it does not have yields nothing."""
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
    """Return the paths of a document as patterns, those without parameters first (OpenAPI 3.1, Paths Object)."""
    paths = _document(name)["paths"]
    ordered = sorted(paths, key=lambda path: "{" in path)
    return tuple((re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(p))), p, paths[p]) for p in ordered)


def operation(name: str, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """Return the path template and the declaration of an operation, or None. HEAD has the operation of GET."""
    for pattern, template, item in _templates(name):
        if pattern.fullmatch(path):
            declared = item.get(method.lower()) or (item.get("get") if method == "HEAD" else None)
            return (template, declared) if declared else None
    return None


def resolved(name: str, value: Any) -> Any:
    """Return the target of a reference within a document, and any other value unchanged."""
    while isinstance(value, dict) and "$ref" in value:
        target: Any = _document(name)
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def validator(name: str, schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Return a validator of a schema from any place in a document."""
    with_components = {**schema, "components": _document(name).get("components", {})}
    return jsonschema_rs.Draft202012Validator(with_components, validate_formats=True)


@cache
def _document(name: str) -> dict[str, Any]:
    from mockserver.openapi import document

    return document(name)


_VALIDATORS: dict[tuple[str, ...], jsonschema_rs.Draft202012Validator] = {}


def _json_problems(name: str, key: tuple[str, ...], schema: Mapping[str, Any], body: bytes) -> Iterable[str]:
    try:
        data = json.loads(body)
    except ValueError as failure:
        yield f"the body is not JSON: {failure}"
        return
    cached = _VALIDATORS.get((name, *key))
    if cached is None:
        cached = _VALIDATORS[name, *key] = validator(name, schema)
    for error in cached.iter_errors(data):
        yield f"{'/'.join(map(str, error.instance_path)) or 'the body'}: {error.message}"


def _header_problems(name: str, header: str, declaration: Mapping[str, Any], headers: Headers) -> Iterable[str]:
    value: Any = headers.get(header.lower())
    if value is None:
        if declaration.get("required"):
            yield f"the header {header} is missing"
        return
    if declaration["schema"].get("type") == "integer" and re.fullmatch("-?[0-9]+", value):
        value = int(value)
    schema = json.dumps(declaration["schema"], sort_keys=True)
    cached = _VALIDATORS.get((name, schema))
    if cached is None:
        # Most headers have the same few schemas, and to make a validator takes milliseconds.
        cached = _VALIDATORS[name, schema] = validator(name, declaration["schema"])
    for error in cached.iter_errors(value):
        yield f"the header {header}: {error.message}"


def _not_routed(headers: Headers, body: bytes) -> bool:
    return headers.get("content-type") == "application/problem+json" and _NOT_ROUTED.encode() in body
