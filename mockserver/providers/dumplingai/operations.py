"""All operations of DumplingAI."""

from collections.abc import Mapping
from typing import Any

from mockserver.kit.operations import Documented, ErrorReplies, Operation
from mockserver.providers.dumplingai import (
    agents,
    audio,
    documents,
    extraction,
    files,
    knowledge,
    maps,
    models,
    pages,
    pdfs,
    pictures,
    programs,
    samples,
    searching,
    spending,
    tiktok,
    transcripts,
    trimming,
    unified,
    unified_models,
    youtube,
)
from mockserver.providers.dumplingai.declare import DOCS, ERRORS, READ, Api, declarations, row, shapes
from mockserver.providers.dumplingai.inputs import MAX_BODY
from mockserver.providers.dumplingai.requests import deviations_of, rows_of_request, subject
from mockserver.providers.dumplingai.work import handler

_EXTRACT = Operation(
    "extract_video",
    "POST",
    "/api/v1/extract-video",
    handler(extraction.extract_video),
    "Extract insights from a video",
    ERRORS.beside({200: Documented("The extraction", models.Extracted, example=samples.EXTRACTED)}, 400, 402),
    models.ExtractVideo,
    input=subject,
    max_body=MAX_BODY,
    examples=samples.REQUESTS,
    tag="Documents",
    request_ledger_rows=rows_of_request,
    deviations=deviations_of,
    paid=True,
    cost_row="rule.price",
    immediate=True,
    description="Costs 100 credits plus 10 for each second of video, rounded up, and nothing if it fails. "
    "A request body can be at most 64 MiB, and a prompt 1,048,576 characters. These are limits of this server, "
    "not of DumplingAI. The first 4,000 characters of a prompt determine the result.",
)
_FORMATS = Operation(
    "list_formats", "GET", "/api/v1/extract-video", extraction.list_formats, "List the formats of videos",
    ERRORS.beside({200: Documented("The formats", models.Formats, example=samples.FORMATS)}, 405),
    ledger_rows=("rule.formats_reply",), tag="Documents",
)  # fmt: skip
_KEY = Operation(
    "check_key",
    "GET",
    "/api/v1/make/api-key-connection",
    extraction.check_key,
    "Check a key",
    ERRORS.beside(
        {200: Documented("The key works", models.KeyChecked, example={"metadata": {"name": "My workspace"}})}
    ),
    tag="Developer Tools",
)
# Extract Video is the first operation in the documents, because it was the first one.
APIS: tuple[Api, ...] = (
    Api(_EXTRACT, extraction.extract_video, "Failed to extract video data:", (_FORMATS,)),
    *trimming.OPERATIONS,
    *audio.OPERATIONS,
    *transcripts.OPERATIONS,
    *youtube.OPERATIONS,
    *tiktok.OPERATIONS,
    *documents.OPERATIONS,
    *pdfs.OPERATIONS,
    *pictures.OPERATIONS,
    *searching.OPERATIONS,
    *maps.OPERATIONS,
    *pages.OPERATIONS,
    *agents.OPERATIONS,
    *knowledge.OPERATIONS,
    *programs.OPERATIONS,
)
BY_NAME: Mapping[str, Api] = {api.operation.name: api for api in APIS}
FAILURES: Mapping[str, str] = {api.operation.name: api.failed for api in APIS}

_UNIFIED = ErrorReplies.of(
    shapes()["ErrorResponse"],
    {
        400: "The request or the input is invalid",
        401: "Missing or invalid API key",
        402: "Not enough credits, or the budget of the key is used up",
        403: "The policy of the key does not allow the provider",
        404: "There is no such object",
        429: "The limit per minute is used up",
        500: "The run failed",
        502: "The provider failed",
        503: "Temporary outage",
    },
)
_PAGES = {
    name: f"{DOCS}/{path}"
    for name, path in {
        "search_catalogue": "catalog/search",
        "get_details": "catalog/details",
        "run": "execution/run",
        "get_balance": "usage/balance",
        "list_usage": "usage/requests",
        "list_transactions": "usage/transactions",
    }.items()
}
_TEST = "test_dumplingai_unified.py::test_each_operation_answers_its_example"


def _v2(name: str, method: str, path: str, run: Any, **more: Any) -> Operation:
    """Return an operation of the Unified API, whose declaration has that name."""
    reads = method == "POST" or more.get("query") is not None
    special = {"run": (402, 403, 404, 502), "get_details": (404,)}
    about = declarations()[name]
    success = Documented(about["summary"], shapes()[about["reply"]], example=about["result"])
    replies = _UNIFIED.beside({200: success}, *((400, *special.get(name, ())) if reads else ()))
    if method == "POST":
        more |= {"input": subject, "deviations": deviations_of, "request_ledger_rows": rows_of_request}
        more["examples"] = {"default": about["request"]}
    cited = {"title": about["summary"], "url": _PAGES[name], "read": READ}
    return Operation(
        name, method, f"/api/v2/{path}", run, about["summary"], replies, tag="Unified API",
        ledger_rows=("rule.unified_shapes",) if name != "run" else (),
        rows={f"operation.{name}": row(about["summary"], "documented", "the page of the operation", cited, _TEST)},
        **more,
    )  # fmt: skip


UNIFIED: tuple[Operation, ...] = (
    _v2("search_catalogue", "POST", "search", unified.search_catalogue, body=unified_models.SearchCatalogue),
    _v2("get_details", "POST", "details", unified.get_details, body=unified_models.GetDetails),
    _v2("run", "POST", "run", unified.run, body=unified_models.Run, max_body=MAX_BODY, paid=True,
        cost_row="rule.unified_price", immediate=True,
        description="Costs what the counterpart in v1 costs, and 10 credits for an endpoint."),
    _v2("get_balance", "GET", "balance", spending.get_balance),
    _v2("list_usage", "GET", "usage", spending.list_usage, query=unified_models.UsageQuery, role="list"),
    _v2("list_transactions", "GET", "transactions", spending.list_transactions,
        query=unified_models.Pages, role="list"),
)  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    *(operation for api in APIS for operation in (api.operation, *api.listed)),
    _KEY,
    *UNIFIED,
    *files.operations(),
)
