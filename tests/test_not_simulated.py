"""Operations that exist at a provider and are not simulated: its own format, and a message that says so."""

from typing import Any

import pytest

from tests.conversation import Conversation

# A request to an operation of each provider that is not simulated.
REQUESTS = {
    "nanophoto": ("POST", "/api/kling/generate"),
    "dumplingai": ("POST", "/api/v1/linkedin/company"),
    "descrideo": ("GET", "/v1/jobs"),
    "videotoprompt": ("GET", "/v1/account"),
    "prompttovideo": ("GET", "/api/v1/credits/history"),
}
HOSTS = {
    "nanophoto": "nanophoto.ai",
    "dumplingai": "app.dumplingai.com",
    "descrideo": "api.descrideo.com",
    "videotoprompt": "api.videotoprompt.org",
    "prompttovideo": "prompttovideo.com",
}


def text_of(provider: str, body: Any) -> str:
    """Return the message of an error in the provider's format. The format has no other fields."""
    if provider == "videotoprompt":
        assert body["error"].keys() == {"type", "message"}
        return str(body["error"]["message"])
    if provider == "nanophoto":
        assert (body.keys(), body["success"]) == ({"success", "error", "errorCode"}, False)
        return str(body["error"])
    name = "detail" if provider == "descrideo" else "error"
    assert body.keys() == {name}
    return str(body[name])


@pytest.mark.parametrize("by_host", [False, True], ids=["prefix", "host"])
@pytest.mark.parametrize("provider", REQUESTS)
async def test_the_reply_and_the_journal_name_the_operation(provider: str, by_host: bool) -> None:
    method, path = REQUESTS[provider]
    message = f"mockserver does not simulate {method} {path}"
    async with Conversation() as t:
        headers = {"Host": HOSTS[provider]} if by_host else {}
        url = path if by_host else f"/{provider}{path}"
        reply = await t.client.request(method, url, headers=headers)
        assert reply.status_code == 404
        assert reply.headers["content-type"] == "application/json"
        assert text_of(provider, reply.json()) == message
        entry = (await t.get(f"/_mock/journal?kind=request&provider={provider}")).json()["entries"][0]
        assert (entry["note"], entry["status"]) == (message, 404)
        assert message in entry["reply"]["body"]
        assert "operation" not in entry


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/analyse/url", "mockserver does not simulate POST /v1/analyse/url; did you mean /v1/analyze/url?"),
        ("/v2/other", "mockserver does not simulate POST /v2/other"),
        ("", "mockserver does not simulate POST /"),
    ],
)
async def test_a_path_that_is_almost_right_gets_a_suggestion(path: str, message: str) -> None:
    async with Conversation() as t:
        reply = await t.post(f"/videotoprompt{path}?key=secret")
        assert text_of("videotoprompt", reply.json()) == message


async def test_a_real_operation_of_a_similar_name_gets_no_suggestion() -> None:
    async with Conversation() as t:
        reply = await t.post("/dumplingai/api/v1/youtube/channel")
        assert reply.json() == {"error": "mockserver does not simulate POST /api/v1/youtube/channel"}


async def test_a_long_path_is_shortened() -> None:
    async with Conversation() as t:
        reply = await t.get(f"/dumplingai/{'x' * 5_000}")
        assert len(reply.json()["error"]) < 300
