"""VideoToPrompt's OAuth 2 in conversation: what the RFCs leave open, and clients that are named."""

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.conversation import Conversation
from tests.videotoprompt_client import ASK, AUTHORIZE, BACK, ROOT, TOKEN

SUBMIT = f"{ROOT}/url"
URL = {"url": "https://example.com/a.mp4", "platform": "midjourney"}


def account(**more: Any) -> dict[str, Any]:
    return {"extends": "default", "accounts": [{"key": "*", "plan": "pro", **more}]}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def redirected(c: Conversation, **more: str) -> dict[str, str]:
    reply = await c.get(AUTHORIZE, params={**ASK, **more})
    assert reply.status_code == 302, reply.text
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


async def exchanged(c: Conversation, code: str, headers: dict[str, str] | None = None, **more: str) -> Any:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **more}
    return await c.client.post(TOKEN, data=fields, headers=headers or {})


async def test_requests_for_codes_and_tokens_use_up_no_limit() -> None:
    async with Conversation(account()) as c:
        for _ in range(3):
            await exchanged(c, (await redirected(c))["code"], client_id="app-1")
        granted = (await exchanged(c, (await redirected(c))["code"], client_id="app-1")).json()
        reply = await c.get(f"{ROOT}/ana_x", headers=bearer(granted["access_token"]))
        assert reply.headers["x-ratelimit-remaining"] == "59"


async def test_a_client_names_itself_in_the_form_or_by_http_basic() -> None:
    """RFC 6749 section 2.3.1; a 401 comes with a challenge, section 5.2."""

    async with Conversation({"extends": "videotoprompt-oauth-clients"}) as c:
        basic = {"Authorization": "Basic " + base64.b64encode(b"my-app:my-secret").decode()}
        wrong = {"Authorization": "Basic " + base64.b64encode(b"my-app:guessed").decode()}
        ask = {"client_id": "my-app"}
        in_form = await exchanged(
            c, (await redirected(c, **ask))["code"], client_id="my-app", client_secret="my-secret"
        )
        by_header = await exchanged(c, (await redirected(c, **ask))["code"], basic)
        assert (in_form.status_code, by_header.status_code) == (200, 200)
        for headers in (wrong, {"Authorization": "Basic !"}):
            refused = await exchanged(c, (await redirected(c, **ask))["code"], headers)
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
            assert refused.headers["www-authenticate"] == 'Basic realm="oauth"'


async def test_tokens_act_for_the_account_that_the_scenario_names() -> None:
    async with Conversation({"extends": "default", "providers": {"videotoprompt": {"oauth_account": "the-user"}}}) as c:
        token = (await exchanged(c, (await redirected(c))["code"], client_id="app-1")).json()["access_token"]
        analysis = (await c.post(SUBMIT, URL, headers=bearer(token))).json()["id"]
        assert (await c.get(f"{ROOT}/{analysis}", headers=bearer("the-user"))).status_code == 200
        assert (await c.get(f"{ROOT}/{analysis}")).status_code == 404


async def test_a_code_without_a_scope_is_good_for_all_of_them() -> None:
    async with Conversation() as c:
        granted = (await exchanged(c, (await redirected(c))["code"], client_id="app-1")).json()
        assert granted["scope"] == "analyze:read analyze:write account:read"


async def test_a_refresh_may_narrow_the_scope_and_the_grant_stays_whole() -> None:
    """RFC 6749 section 6."""

    async with Conversation() as c:
        first = (await exchanged(c, (await redirected(c))["code"], client_id="app-1")).json()
        fields = {"grant_type": "refresh_token", "client_id": "app-1"}
        narrow = {**fields, "refresh_token": first["refresh_token"], "scope": "analyze:read"}
        second = (await c.client.post(TOKEN, data=narrow)).json()
        assert second["scope"] == "analyze:read"
        third = await c.client.post(TOKEN, data={**fields, "refresh_token": second["refresh_token"]})
        assert third.json()["scope"] == first["scope"]


async def test_a_challenge_may_be_plain_and_nothing_else() -> None:
    """RFC 7636 section 4.2."""

    async with Conversation() as c:
        for verifier, status in (("v" * 43, 200), ("w" * 43, 400)):
            code = (await redirected(c, code_challenge="v" * 43))["code"]
            assert (await exchanged(c, code, client_id="app-1", code_verifier=verifier)).status_code == status
        unknown = await redirected(c, code_challenge="v" * 43, code_challenge_method="S512")
        assert unknown == {"error": "invalid_request", "state": ASK["state"]}


async def test_a_form_that_is_none_is_told_in_the_words_of_oauth() -> None:
    async with Conversation() as c:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        told = [
            await c.client.post(AUTHORIZE, params=ASK, content=b"\xff", headers=form),
            await c.client.post(AUTHORIZE, params=ASK, content=b"d=" + b"x" * 1_048_576, headers=form),
            await c.client.post(AUTHORIZE, params=ASK, json={"decision": "approve"}),
        ]
        assert [reply.status_code for reply in told] == [400, 413, 415]
        assert {reply.headers["content-type"] for reply in told} == {"text/html; charset=utf-8"}
        clients = [
            await c.client.post(TOKEN, content=b"\xff", headers=form),
            await c.client.post(TOKEN, content=b"d=" + b"x" * 1_048_576, headers=form),
            await c.client.post(TOKEN, json={"grant_type": "refresh_token"}),
        ]
        assert [reply.status_code for reply in clients] == [400, 413, 400]
        assert {reply.json()["error"] for reply in clients} == {"invalid_request"}
