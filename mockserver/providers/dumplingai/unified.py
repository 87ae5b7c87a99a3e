"""The Unified API: POST /api/v2/search, /details and /run."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mockserver.core.faults import Refusal
from mockserver.core.instants import rfc3339_with_millis
from mockserver.kit.models import first_error
from mockserver.kit.operations import Deferred, Reply
from mockserver.providers.dumplingai import catalogue, natives
from mockserver.providers.dumplingai.catalogue import Entry
from mockserver.providers.dumplingai.declare import Api
from mockserver.providers.dumplingai.spending import USAGE, check_budget
from mockserver.providers.dumplingai.unified_models import GetDetails, Run, SearchCatalogue
from mockserver.providers.dumplingai.work import Task, perform
from mockserver.wire.exchange import Exchange

_FASTEST, _SLOWEST = 180, 2_400


async def search_catalogue(exchange: Exchange) -> Reply:
    """POST /api/v2/search."""
    body: SearchCatalogue = exchange.body
    entries = [catalogue.lean(entry) for entry in catalogue.ranked(body.prompt, body.kind)[: body.limit]]
    return await enveloped(exchange, "search_result", entries, {"count": len(entries)})


async def get_details(exchange: Exchange) -> Reply:
    """POST /api/v2/details."""
    body: GetDetails = exchange.body
    entry = _entry(body.kind, body.id)
    api = _apis().get(entry.operation)
    details = {**catalogue.lean(entry), "providers": list(entry.providers)}
    if entry.kind != "provider":
        price = api.operation.description.partition(". ")[0].removesuffix(".") if api else f"{natives.CREDITS} credits"
        details |= {"inputSchema": _model(entry).model_json_schema(), "credits": price}
    if body.related:
        details["related"] = catalogue.related(entry)
    return await enveloped(exchange, entry.kind, details)


async def run(exchange: Exchange) -> Deferred:
    """POST /api/v2/run: the work of the counterpart in v1, billed like it, and listed in the usage."""
    body: Run = exchange.body
    entry = _entry(body.kind, body.id)
    provider = _provider(exchange, entry, body.provider)
    task = await _work(exchange, entry, body.input)
    await check_budget(exchange, task.credits)
    request_id = await exchange.ids.job("req_", 24)
    duration = exchange.seeded.integer(_FASTEST, _SLOWEST, request_id)
    meta = {"provider": provider, "credits": task.credits, "durationMs": duration}
    reply = {
        "success": True, "requestId": request_id, "object": f"{entry.kind}_result", "data": task.body,
        "meta": {**meta, "native": task.body} if body.options.native else meta,
    }  # fmt: skip
    store, kind = exchange.sandbox.store, f"{USAGE}{exchange.account.id}"
    usage = await _usage(exchange, entry, provider, task.credits, request_id)

    async def succeeded() -> None:
        await store.put_value(kind, request_id, usage)
        if task.save is not None:
            await task.save()

    async def failed() -> None:
        await store.put_value(kind, request_id, {**usage, "status": "failed", "credits": 0})

    return await perform(exchange, task._replace(body=reply, status=200, save=succeeded), failed)


async def _usage(exchange: Exchange, entry: Entry, provider: str, credits: int, request_id: str) -> dict[str, Any]:
    """Return the row of a run that succeeds in the list of usage. The verdict finds its charge by `reference`."""
    return {
        "requestId": request_id,
        "objectType": entry.kind,
        "objectId": entry.id,
        "provider": provider,
        "status": "succeeded",
        "credits": credits,
        "createdAt": rfc3339_with_millis(exchange.now),
        "reference": f"{exchange.operation.name} {await exchange.number.take()}",
    }


async def enveloped(exchange: Exchange, kind: str, data: Any, meta: dict[str, Any] | None = None) -> Reply:
    """Return a reply of the Unified API."""
    request_id = await exchange.ids.job("req_", 24)
    body = {"success": True, "requestId": request_id, "object": kind, "data": data}
    return Reply(body={**body, "meta": meta} if meta is not None else body)


async def _work(exchange: Exchange, entry: Entry, values: dict[str, Any]) -> Task:
    model, api = _model(entry), _apis().get(entry.operation)
    try:
        body = model.model_validate(values)
    except ValidationError as error:
        raise Refusal("invalid_request", f"input.{first_error(error)}") from None
    if api is None:
        return await natives.answer(exchange, entry.operation, body)
    inside = exchange._replace(body=body, data=values)
    task = await api.run(inside, body)
    return task if entry.kind == "capability" else task._replace(credits=natives.CREDITS)


def _entry(kind: str, name: str) -> Entry:
    entry = catalogue.find(kind, name)
    if entry is None:
        raise Refusal("not_found", f"There is no {kind} with the id {name[:100]}", row="no_such_object")
    return entry


def _provider(exchange: Exchange, entry: Entry, wanted: str | None) -> str:
    """Return the provider of a run. Raises Refusal for one that the object does not have or the policy excludes."""
    if wanted is not None and entry.kind == "endpoint":
        raise Refusal("invalid_request", "provider is only for capabilities", row="provider_of_endpoint")
    if wanted is not None and wanted not in entry.providers:
        message = f"provider must be one of {', '.join(entry.providers)}"
        raise Refusal("invalid_request", message, row="provider_of_endpoint")
    blocked = exchange.option("blocked_providers", [])
    allowed = [each for each in entry.providers if each not in blocked and wanted in (None, each)]
    if not allowed:
        name = wanted or entry.providers[0]
        raise Refusal("dumplingai:PROVIDER_NOT_ALLOWED", "Provider not allowed for this API key", note=name)
    return allowed[0]


def _model(entry: Entry) -> Any:
    api = _apis().get(entry.operation)
    return natives.MODELS[entry.operation] if api is None else api.operation.body


def _apis() -> Mapping[str, Api]:
    from mockserver.providers.dumplingai.operations import BY_NAME

    return BY_NAME
