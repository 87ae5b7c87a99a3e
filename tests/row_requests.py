"""Requests that make a scenario show the behaviour of a ledger row.

Most are built from the operations, examples and links that a provider declares. REQUESTS has the others.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2

from mockserver.kit.ledger import default_rows
from mockserver.kit.provider import Provider
from mockserver.providers.descrideo import sources
from mockserver.providers.registry import all_providers
from tests import (
    declared,
    descrideo_client,
    dumplingai_client,
    nanophoto_client,
    prompttovideo_client,
    videotoprompt_client,
)
from tests.conversation import Conversation
from tests.listener import Listener


@dataclass(frozen=True)
class RowRequests:
    """Requests to a provider: one to `path` for each of `bodies`, and one for the status of the job that it creates.

    `id` is the field of the reply with the job's id, and `status` the path for the status. `requests` are sent first;
    each has the arguments of an HTTP client's `request`. If `stream_seconds` is set, the reply is a stream, and the
    client disconnects after that time.
    """

    path: str
    bodies: tuple[dict[str, Any], ...]
    id: str = ""
    status: str = ""
    key: str = "key-1"
    clock: str = "manual"
    requests: tuple[dict[str, Any], ...] = ()
    stream_seconds: float | None = None


_DESCRIBED = descrideo_client.job("vision_audio", frames=10)
# By the start of a scenario's name.
REQUESTS = {
    "videotoprompt": RowRequests(
        "/videotoprompt/v1/analyze/url",
        ({"url": "https://example.com/a.mp4", "platform": "midjourney"},),
        "id",
        "/videotoprompt/v1/analyze/{}",
    ),
    "prompttovideo": RowRequests(
        "/prompttovideo/api/v1/generate", ({"prompt": "A cat"},), "video_id", "/prompttovideo/api/v1/video/{}/status"
    ),
    "nanophoto": RowRequests(
        nanophoto_client.API,
        (nanophoto_client.YOUTUBE, nanophoto_client.URL, nanophoto_client.FILE),
        clock="auto",
    ),
    "descrideo": RowRequests(
        descrideo_client.LIVE, (_DESCRIBED,), "job_id", f"{descrideo_client.LIVE}/{{}}", descrideo_client.KEY
    ),
    "descrideo-sandbox": RowRequests(
        descrideo_client.SANDBOX, (_DESCRIBED,), "job_id", f"{descrideo_client.SANDBOX}/{{}}", descrideo_client.KEY
    ),
    "descrideo-demo": RowRequests(
        descrideo_client.DEMO, (_DESCRIBED,), "job_id", f"{descrideo_client.DEMO}/{{}}", descrideo_client.DEMO_KEY
    ),
    "dumplingai": RowRequests(dumplingai_client.PATH, (dumplingai_client.ASKED,)),
}
# By the row of the ledger, if it needs a request of its own.
_OTHERS = (videotoprompt_client, prompttovideo_client, nanophoto_client, descrideo_client, dumplingai_client)
REQUESTS |= {
    row: RowRequests("", (), requests=(request,)) for client in _OTHERS for row, request in client.REQUESTS.items()
}
# Refused requests count against this limit, and are faster than streams.
_REFUSED = {"method": "POST", "url": nanophoto_client.API, "json": {}}
REQUESTS["nanophoto.limit.requests_per_hour"] = RowRequests("", (), requests=(_REFUSED, _REFUSED))
_PROVIDERS = {provider.name: provider for provider in all_providers()}

# Outgoing calls of a provider that are not webhooks. Their rows are events too.
OTHER_CALLS: dict[str, tuple[str, ...]] = {"descrideo": (sources.RESOLVE, sources.FETCH)}

HOUR = 3600
# One more than the largest limit that these requests use up.
MAX_ROUNDS = 61
# The number of streams that a scenario ends early, each in another way.
MAX_STREAMS = 3


def requests_for(row: str, scenario: str) -> RowRequests:
    """Return the requests that make `scenario` show a row of the ledger: those for the row, or for the scenario."""
    if row in REQUESTS:
        return REQUESTS[row]
    provider, _, name = row.partition(".")
    own = requests_for_row(_PROVIDERS[provider], name)
    named = scenario if scenario.partition("-")[0] in REQUESTS else provider
    starts = [start for start in sorted(REQUESTS, key=len, reverse=True) if named.startswith(start)]
    return own or (REQUESTS[starts[0]] if starts else requests_from_declaration(_PROVIDERS[provider]))


def requests_for_row(provider: Provider, row: str) -> RowRequests | None:
    """Return the requests for a row that the kit has for every provider, or None for another row."""
    wrong = declared.wrong_requests(provider)
    if row not in default_rows(provider) or row.startswith("rule."):
        return None
    if row in wrong:
        return RowRequests("", (), requests=(wrong[row],))
    path, example = _example(provider, streams=True)
    seconds = 1 if row == "ending.client_left" else HOUR
    return RowRequests(path, (example,), key=declared.key(provider), stream_seconds=seconds)


def requests_from_declaration(provider: Provider) -> RowRequests:
    """Return requests to the first operation that creates a job, for its status, and to operations that stream."""
    first = next(operation for operation in declared.with_example(provider, streams=False) if operation.links)
    operation, parameter, pointer = (*next(iter(first.links.values())), "/id")[:3]
    status = next(o for o in provider.operations if o.name == operation)
    path, example = _example(provider, streams=False)
    return RowRequests(
        path, (example,), pointer.removeprefix("/"),
        f"/{provider.name}{status.path.replace(f'{{{parameter}}}', '{}')}", declared.key(provider), "auto",
        tuple(declared.request(provider, each) for each in declared.with_example(provider, streams=True)),
    )  # fmt: skip


def _example(provider: Provider, *, streams: bool) -> tuple[str, dict[str, Any]]:
    operation = declared.with_example(provider, streams=streams)[0]
    return declared.url(provider, operation), next(iter(operation.examples.values()))


async def repeat(t: Conversation, requests: RowRequests) -> AsyncIterator[None]:
    """Send the requests repeatedly, and advance the clock. Yield after each step, so that the caller can check."""
    if requests.stream_seconds is not None:
        for _ in range(MAX_STREAMS):
            listener = await Listener(t, requests.path, requests.bodies[0], requests.key).settled()
            await t.advance(requests.stream_seconds)
            await listener.leave()
            yield
        return
    for _ in range(MAX_ROUNDS):
        async for _ in replies(t, requests):
            yield
    for _ in range(2):
        await t.advance(HOUR)
        async for _ in replies(t, requests):
            yield


async def replies(t: Conversation, requests: RowRequests) -> AsyncIterator[httpx2.Response]:
    """Send the requests once, with those for the status of jobs, and yield the replies."""
    for request in requests.requests:
        yield await t.client.request(**request)
    for body in requests.bodies:
        reply = await t.post(requests.path, body, headers=authorization(requests))
        yield reply
        if requests.id and reply.status_code < 400:
            yield await t.get(requests.status.format(reply.json()[requests.id]), headers=authorization(requests))


def authorization(requests: RowRequests) -> dict[str, str]:
    """Return the header with the key of the account."""
    return {"Authorization": f"Bearer {requests.key}"}
