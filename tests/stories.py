"""Requests that make a scenario show what the ledger says of it.

They follow from what a provider declares: its operations, their examples and links. ASKED has those that do not.
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
class Asked:
    """Requests to a provider: for work, and for the status of it by the id in the reply's field `id`.

    `requests` are others that are made first, as the client's `request` takes them. With `hears` the reply is a stream,
    and the client leaves after so many seconds.
    """

    path: str
    bodies: tuple[dict[str, Any], ...]
    id: str = ""
    status: str = ""
    key: str = "key-1"
    clock: str = "manual"
    requests: tuple[dict[str, Any], ...] = ()
    hears: float | None = None


_DESCRIBED = descrideo_client.job("vision_audio", frames=10)
# By the beginning of a scenario's name.
ASKED = {
    "videotoprompt": Asked(
        "/videotoprompt/v1/analyze/url",
        ({"url": "https://example.com/a.mp4", "platform": "midjourney"},),
        "id",
        "/videotoprompt/v1/analyze/{}",
    ),
    "prompttovideo": Asked(
        "/prompttovideo/api/v1/generate", ({"prompt": "A cat"},), "video_id", "/prompttovideo/api/v1/video/{}/status"
    ),
    "nanophoto": Asked(
        nanophoto_client.API,
        (nanophoto_client.YOUTUBE, nanophoto_client.URL, nanophoto_client.FILE),
        clock="auto",
    ),
    "descrideo": Asked(
        descrideo_client.LIVE, (_DESCRIBED,), "job_id", f"{descrideo_client.LIVE}/{{}}", descrideo_client.KEY
    ),
    "descrideo-sandbox": Asked(
        descrideo_client.SANDBOX, (_DESCRIBED,), "job_id", f"{descrideo_client.SANDBOX}/{{}}", descrideo_client.KEY
    ),
    "descrideo-demo": Asked(
        descrideo_client.DEMO, (_DESCRIBED,), "job_id", f"{descrideo_client.DEMO}/{{}}", descrideo_client.DEMO_KEY
    ),
    "dumplingai": Asked(dumplingai_client.PATH, (dumplingai_client.ASKED,)),
}
# By the row of the ledger, where it takes another request to show it.
_OTHERS = (videotoprompt_client, prompttovideo_client, nanophoto_client, descrideo_client, dumplingai_client)
ASKED |= {row: Asked("", (), requests=(asked,)) for client in _OTHERS for row, asked in client.REQUESTS.items()}
_PROVIDERS = {provider.name: provider for provider in all_providers()}

# Calls of a provider that are not webhooks. They have rows among the events.
CALL_OUTS: dict[str, tuple[str, ...]] = {"descrideo": (sources.RESOLVE, sources.FETCH)}

HOUR = 3600
# As often as the largest of the limits that are used up here allows, and once more.
MOST_ROUNDS = 61
# As many as a scenario breaks off, each in another way.
MOST_STREAMS = 3


def asked_of(row: str, scenario: str) -> Asked:
    """The requests that make `scenario` show a row of the ledger: those of the row, or of the scenario's name."""
    if row in ASKED:
        return ASKED[row]
    provider, _, name = row.partition(".")
    own = of_row(_PROVIDERS[provider], name)
    named = scenario if scenario.partition("-")[0] in ASKED else provider
    starts = [start for start in sorted(ASKED, key=len, reverse=True) if named.startswith(start)]
    return own or (ASKED[starts[0]] if starts else of_declared(_PROVIDERS[provider]))


def of_row(provider: Provider, row: str) -> Asked | None:
    """The requests for a row that the kit has for every provider; None for another row."""
    wrong = declared.wrong_requests(provider)
    if row not in default_rows(provider) or row.startswith("rule."):
        return None
    if row in wrong:
        return Asked("", (), requests=(wrong[row],))
    path, example = _example(provider, streams=True)
    return Asked(path, (example,), key=declared.key(provider), hears=1 if row == "ending.client_left" else HOUR)


def of_declared(provider: Provider) -> Asked:
    """The first operation that makes a job, the status of that, and the operations that stream."""
    first = next(operation for operation in declared.with_example(provider, streams=False) if operation.links)
    operation, parameter, pointer = (*next(iter(first.links.values())), "/id")[:3]
    status = next(o for o in provider.operations if o.name == operation)
    path, example = _example(provider, streams=False)
    return Asked(
        path, (example,), pointer.removeprefix("/"),
        f"/{provider.name}{status.path.replace(f'{{{parameter}}}', '{}')}", declared.key(provider), "auto",
        tuple(declared.request(provider, each) for each in declared.with_example(provider, streams=True)),
    )  # fmt: skip


def _example(provider: Provider, *, streams: bool) -> tuple[str, dict[str, Any]]:
    operation = declared.with_example(provider, streams=streams)[0]
    return declared.url(provider, operation), next(iter(operation.examples.values()))


async def ways(t: Conversation, asked: Asked) -> AsyncIterator[None]:
    """Make the requests again and again, and let time pass; there may be something new after each step."""
    if asked.hears is not None:
        for _ in range(MOST_STREAMS):
            listener = await Listener(t, asked.path, asked.bodies[0], asked.key).settled()
            await t.advance(asked.hears)
            await listener.leave()
            yield
        return
    for _ in range(MOST_ROUNDS):
        async for _ in replies(t, asked):
            yield
    for _ in range(2):
        await t.advance(HOUR)
        async for _ in replies(t, asked):
            yield


async def replies(t: Conversation, asked: Asked) -> AsyncIterator[httpx2.Response]:
    """The replies to the requests for work and for its status."""
    for request in asked.requests:
        yield await t.client.request(**request)
    for body in asked.bodies:
        made = await t.post(asked.path, body, headers=by(asked))
        yield made
        if asked.id and made.status_code < 400:
            yield await t.get(asked.status.format(made.json()[asked.id]), headers=by(asked))


def by(asked: Asked) -> dict[str, str]:
    """The header with the key of the account."""
    return {"Authorization": f"Bearer {asked.key}"}
