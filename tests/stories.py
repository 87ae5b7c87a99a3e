"""How each provider is asked, so that a scenario shows what the ledger says it does.

A new provider has an entry in ASKED, and in STATUSES if it has jobs that are asked for.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from mockserver.providers.descrideo import replies as descrideo
from mockserver.providers.descrideo import sources
from mockserver.providers.prompttovideo import models as prompttovideo
from mockserver.providers.videotoprompt import models as videotoprompt
from tests import descrideo_client, dumplingai_client, nanophoto_client, prompttovideo_client, videotoprompt_client
from tests.conversation import Conversation
from tests.listener import Listener


@dataclass(frozen=True)
class Asked:
    """How a provider is asked for work, and for the status of it by the id in the reply's field `id`.

    `requests` are others that are made first, as the client's `request` takes them.
    With `hears` the reply is a stream, which is heard for so many seconds and then left.
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
_BROKEN_OFF = Asked(nanophoto_client.API, (nanophoto_client.URL,), hears=3600)
ASKED |= {f"nanophoto.ending.{how}": _BROKEN_OFF for how in ("truncated", "reset", "stalled")}
ASKED |= {"nanophoto.ending.client_left": replace(_BROKEN_OFF, hears=1)}

# The statuses of a provider's jobs, as its document lists them.
STATUSES: dict[str, Any] = {
    "videotoprompt": videotoprompt.Status,
    "prompttovideo": prompttovideo.Status,
    "descrideo": descrideo.Status,
}

# What a provider asks of others, which is no webhook, and has rows among the events.
CALL_OUTS: dict[str, tuple[str, ...]] = {"descrideo": (sources.RESOLVE, sources.FETCH)}

HOUR = 3600
# As often as the largest of the limits that are used up here allows, and once more.
MOST_ROUNDS = 61


def asked_of(row: str, scenario: str) -> Asked:
    """How a provider is asked so that `scenario` shows a row of the ledger: by the row, or by the scenario's name."""
    named = scenario if scenario.partition("-")[0] in ASKED else row.partition(".")[0]
    return ASKED.get(row) or next(
        ASKED[start] for start in sorted(ASKED, key=len, reverse=True) if named.startswith(start)
    )


async def ways(t: Conversation, asked: Asked) -> AsyncIterator[None]:
    """Ask again and again, look at what came of it, and let time pass: after each step there may be something new."""
    if asked.hears is not None:
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
    """What the provider says to each request for work, and to a look at it."""
    for request in asked.requests:
        yield await t.client.request(**request)
    for body in asked.bodies:
        made = await t.post(asked.path, body, headers=by(asked))
        yield made
        if asked.id and made.status_code < 400:
            yield await t.get(asked.status.format(made.json()[asked.id]), headers=by(asked))


def by(asked: Asked) -> dict[str, str]:
    """The header that an account is known by."""
    return {"Authorization": f"Bearer {asked.key}"}
