"""Every bundled story of VideoToPrompt shows what it promises."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mockserver.scenario.library import bundled_dir
from tests.conversation import Conversation

Story = Callable[[Conversation], Awaitable[None]]

URL = {"url": "https://www.youtube.com/watch?v=EXAMPLE", "platform": "midjourney"}
ROOT = "/videotoprompt/v1/analyze"


async def submit(c: Conversation, body: Any = None) -> tuple[int, Any]:
    reply = await c.post(f"{ROOT}/url", body or URL)
    return reply.status_code, reply.json()


async def status(c: Conversation, analysis: str) -> str:
    return str((await c.get(f"{ROOT}/{analysis}")).json()["status"])


def refuses(code: int, kind: str) -> Story:
    async def story(c: Conversation) -> None:
        told, body = await submit(c)
        assert (told, body["error"]["type"]) == (code, kind)

    return story


def admits(requests: int) -> Story:
    """So many requests in a minute, then 429."""

    async def story(c: Conversation) -> None:
        told = [(await c.get(f"{ROOT}/ana_x")).status_code for _ in range(requests + 1)]
        assert told == [404] * requests + [429]

    return story


def shows(*expected: tuple[float, str]) -> Story:
    """The statuses of one job, each after so many more seconds."""

    async def story(c: Conversation) -> None:
        analysis = (await submit(c))[1]["id"]
        for seconds, wanted in expected:
            await c.advance(seconds)
            assert await status(c, analysis) == wanted

    return story


async def daily_quota(c: Conversation) -> None:
    assert [(await submit(c))[0] for _ in range(3)] == [202, 202, 429]
    await c.advance(12 * 3600)
    assert (await submit(c))[0] == 202


async def rate_limited(c: Conversation) -> None:
    replies = [await c.post(f"{ROOT}/url", URL) for _ in range(4)]
    assert [r.status_code for r in replies] == [202, 429, 429, 202]
    assert replies[1].headers["retry-after"] == "20"
    assert replies[1].headers["x-ratelimit-remaining"] == "0"
    assert int(replies[1].headers["x-ratelimit-reset"]) == c.sandbox.clock.now() // 1000 + 20


async def not_found(c: Conversation) -> None:
    code, body = await submit(c)
    assert code == 202
    assert (await c.get(f"{ROOT}/{body['id']}")).status_code == 404


async def server_error(c: Conversation) -> None:
    assert [(await submit(c))[0] for _ in range(3)] == [500, 500, 202]


async def failed(c: Conversation) -> None:
    analysis = (await submit(c))[1]["id"]
    await c.advance(5)
    assert (await c.get(f"{ROOT}/{analysis}")).json()["error"] == "The video could not be decoded"


async def partial_batch(c: Conversation) -> None:
    items = [URL, {**URL, "platform": "sora"}]
    batch = (await c.post(f"{ROOT}/batch", {"analyses": items})).json()["id"]
    await c.advance(60)
    done = (await c.get(f"{ROOT}/batch/{batch}")).json()
    assert (done["status"], [a["status"] for a in done["analyses"]]) == ("completed", ["failed", "completed"])


async def lost_reply(c: Conversation) -> None:
    with pytest.raises(ConnectionResetError):
        await submit(c)
    assert len((await c.get("/_mock/jobs")).json()["jobs"]) == 1
    assert (await submit(c))[0] == 202


async def read_only(c: Conversation) -> None:
    code, body = await submit(c)
    assert (code, body["error"]["type"]) == (403, "forbidden")
    assert (await c.get(f"{ROOT}/ana_x")).status_code == 404


async def consent(c: Conversation) -> None:
    asked = {"response_type": "code", "client_id": "app", "redirect_uri": "https://app.example.com/back"}
    reply = await c.get("/videotoprompt/oauth/authorize", params=asked)
    assert reply.status_code == 200
    assert "Approve" in reply.text


async def clients(c: Conversation) -> None:
    """The one that is named gets as far as its code; a wrong secret, and anybody else, does not."""
    for client, secret, code, error in (
        ("my-app", "my-secret", 400, "invalid_grant"),
        ("my-app", "guessed", 401, "invalid_client"),
        ("app-1", "my-secret", 401, "invalid_client"),
    ):
        fields = {"grant_type": "authorization_code", "code": "none", "client_id": client, "client_secret": secret}
        reply = await c.client.post("/videotoprompt/oauth/token", data=fields)
        assert (reply.status_code, reply.json()["error"]) == (code, error)


async def webhooks(c: Conversation) -> None:
    await submit(c)
    await c.advance(60)
    assert [call.url for call in c.receivers.calls] == ["http://127.0.0.1:9000/webhook"]


STORIES: dict[str, Story] = {
    "bad-request": refuses(400, "bad_request"),
    "unauthorized": refuses(401, "unauthorized"),
    "forbidden": refuses(403, "forbidden"),
    "outage": refuses(503, "service_unavailable"),
    "free-plan": admits(5),
    "starter-plan": admits(20),
    "pro-plan": admits(60),
    "daily-quota": daily_quota,
    "rate-limited": rate_limited,
    "not-found": not_found,
    "server-error": server_error,
    "stuck-pending": shows((0, "pending"), (86_400, "pending")),
    "stuck-processing": shows((0, "pending"), (2, "processing"), (86_400, "processing")),
    "failed": failed,
    "slow": shows((59, "pending"), (1, "processing"), (539, "processing"), (1, "completed")),
    "by-polls": shows((0, "pending"), (0, "processing"), (99, "processing"), (0, "completed")),
    "partial-batch": partial_batch,
    "lost-reply": lost_reply,
    "read-only": read_only,
    "oauth-consent": consent,
    "oauth-clients": clients,
    "webhooks": webhooks,
}


@pytest.mark.parametrize("name", STORIES)
async def test_the_story_shows_what_it_promises(name: str) -> None:
    async with Conversation({"extends": f"videotoprompt-{name}"}) as t:
        await STORIES[name](t)


def test_every_bundled_story_is_told_here() -> None:
    bundled = {path.stem for path in bundled_dir().glob("videotoprompt-*.yaml")}
    # These are in tests/test_scenario_language.py.
    elsewhere = {f"videotoprompt-{name}" for name in ("batch-every-third", "batch-second-item", "third-poll-fails")}
    assert bundled - elsewhere == {f"videotoprompt-{name}" for name in STORIES}
