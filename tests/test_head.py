"""HEAD requests, which no provider documents: they are answered like GET, and the ledger has a row for that."""

import pytest

from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.descrideo_client import KEY

GETS = {
    "videotoprompt": "/v1/analyze/ana_unknown",
    "prompttovideo": "/api/v1/account",
    "descrideo": "/v1/webhook-secret",
    "dumplingai": "/api/v1/extract-video",
}


@pytest.mark.parametrize("name", GETS)
async def test_head_is_get_without_its_body(name: str):
    """RFC 9110 section 9.3.2."""

    async with Conversation(settings=Settings(rule_header=True)) as t:
        t.client.headers["Authorization"] = f"Bearer {KEY}"
        path = f"/{name}{GETS[name]}"
        got, head = await t.get(path), await t.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        rows, rows_of_get = [set(r.headers["x-mock-rule"].split(", ")) for r in (head, got)]
        assert rows - rows_of_get == {f"{name}.rule.head;class=assumed"}


@pytest.mark.parametrize("name", GETS)
async def test_head_is_refused_with_no_assumed(name: str):
    async with Conversation(settings=Settings(no_assumed=True)) as t:
        reply = await t.client.head(f"/{name}{GETS[name]}")
        assert (reply.status_code, reply.headers["content-type"]) == (501, "application/problem+json")
