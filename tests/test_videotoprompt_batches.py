"""VideoToPrompt in conversation: what nobody documents of batches and webhooks, and must be decided all the same."""

import json
from collections.abc import Callable
from typing import Any

from mockserver.core.signing import hmac_sha256
from mockserver.outgoing.call import CallResult
from tests.conversation import Conversation
from tests.videotoprompt_client import ROOT

SUBMIT = f"{ROOT}/url"
URL = {"url": "https://example.com/a.mp4", "platform": "midjourney"}
HOOK = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}


def account(**more: Any) -> dict[str, Any]:
    return {"extends": "default", "accounts": [{"key": "*", "plan": "pro", **more}]}


async def test_a_batch_counts_the_analyses_that_are_valid() -> None:
    async with Conversation(account(limits={"analyses_per_day": 3})) as c:
        assert (await c.post(f"{ROOT}/batch", {"analyses": [URL, {"url": 5}, URL]})).status_code == 202
        assert (await c.post(SUBMIT, URL)).status_code == 202
        assert (await c.post(SUBMIT, URL)).status_code == 429


async def test_analyses_of_a_batch_have_webhooks_of_their_own() -> None:
    async with Conversation(account(webhook=HOOK)) as c:
        asked = {"analyses": [URL, {"url": 5}], "webhook_url": "http://127.0.0.1:9000/batch"}
        await c.post(f"{ROOT}/batch", asked)
        await c.advance(60)
        told = sorted((call.url, json.loads(call.body)["event"]) for call in c.receivers.calls)
        assert told == [
            ("http://127.0.0.1:9000/batch", "batch.completed"),
            ("http://127.0.0.1:9000/hook", "analysis.completed"),
            ("http://127.0.0.1:9000/hook", "analysis.failed"),
        ]


async def test_a_batch_is_signed_with_the_secret_of_the_account() -> None:
    def story_of(secret: str) -> Callable[[Conversation], Any]:
        async def story(c: Conversation) -> None:
            asked = {"analyses": [{"url": 5}], "webhook_url": "http://127.0.0.1:9000/batch"}
            await c.post(f"{ROOT}/batch", asked)
            await c.advance(0)
            [call] = [call for call in c.receivers.calls if call.url == asked["webhook_url"]]
            assert dict(call.headers)["X-V2P-Signature"] == f"sha256={hmac_sha256(secret, call.body)}"

        return story

    async with Conversation(account(webhook=HOOK)) as t:
        await story_of("whsec_1")(t)
    async with Conversation(account()) as t:
        await story_of("whsec_mockserver")(t)


async def test_a_batch_has_room_for_a_hundred_analyses() -> None:
    async with Conversation() as c:
        sizes = {
            size: (await c.post(f"{ROOT}/batch", {"analyses": [URL] * size})).status_code for size in (0, 1, 100, 101)
        }
        assert sizes == {0: 400, 1: 202, 100: 202, 101: 400}


async def test_a_webhook_is_tried_again_after_growing_waits() -> None:
    async with Conversation(
        {**account(webhook=HOOK), "rules": [{"name": "at once", "operation": "*", "plan": "fast"}]}
    ) as c:
        refused = [CallResult("response", status) for status in (500, 302, 404)]
        c.receivers.answers = [*refused, CallResult("timeout"), CallResult("timeout")]
        await c.post(SUBMIT, URL)
        await c.advance(0)
        told = [len(c.receivers.calls)]
        for wait in (5, 30, 300, 1800):
            for seconds in (wait - 3, 3):
                await c.advance(seconds)
                told.append(len(c.receivers.calls))
        assert told == [1, 1, 2, 2, 3, 3, 4, 4, 5]
        await c.advance(86_400)
        assert len(c.receivers.calls) == 5
        assert c.app.provider("videotoprompt").webhook_timeout == 10
