"""VideoToPrompt's OAuth 2 in conversation: FACTS section 1, the two OAuth rows."""

import base64
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.conversation import Conversation

BACK = "https://app.example.com/callback"
ASK = {"response_type": "code", "client_id": "app-1", "redirect_uri": BACK, "state": "xyz &=/"}
URL = {"url": "https://example.com/a.mp4"}


async def authorize(c: Conversation, **more: str) -> dict[str, str]:
    reply = await c.get("/videotoprompt/oauth/authorize", params={**ASK, **more})
    assert reply.status_code == 302, reply.text
    location = urlsplit(reply.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == BACK
    return {k: v[0] for k, v in parse_qs(location.query).items()}


async def exchange(c: Conversation, **fields: str) -> Any:
    return await c.client.post("/videotoprompt/oauth/token", data={"client_id": "app-1", **fields})


async def tokens(c: Conversation, **more: str) -> dict[str, Any]:
    code = (await authorize(c, **more))["code"]
    reply = await exchange(c, grant_type="authorization_code", code=code, redirect_uri=BACK)
    assert reply.status_code == 200, reply.text
    granted: dict[str, Any] = reply.json()
    return granted


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_code_becomes_tokens_that_work() -> None:
    """FACTS section 1: OAuth 2, grants and scopes; state echoed."""

    async with Conversation() as c:
        answer = await authorize(c, scope="analyze:read analyze:write account:read")
        assert answer["state"] == ASK["state"]
        reply = await exchange(c, grant_type="authorization_code", code=answer["code"], redirect_uri=BACK)
        granted = reply.json()
        assert reply.headers["cache-control"] == "no-store"
        assert granted["token_type"] == "Bearer"
        assert granted["expires_in"] == 3600
        assert granted["scope"] == "analyze:read analyze:write account:read"
        submitted = await c.post("/videotoprompt/v1/analyze/url", URL, headers=bearer(granted["access_token"]))
        assert submitted.status_code == 202


async def test_codes_are_single_use_and_last_ten_minutes() -> None:
    """FACTS section 1: OAuth 2, codes."""

    async with Conversation() as c:
        code = (await authorize(c))["code"]
        again = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        assert (await exchange(c, **again)).status_code == 200
        second = await exchange(c, **again)
        assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
        late = (await authorize(c))["code"]
        await c.advance(600)
        assert (await exchange(c, **{**again, "code": late})).json()["error"] == "invalid_grant"


async def test_access_tokens_last_an_hour_and_refresh_tokens_rotate() -> None:
    """FACTS section 1: OAuth 2, tokens."""

    async with Conversation() as c:
        first = await tokens(c)
        await c.advance(3599)
        read = "/videotoprompt/v1/analyze/ana_x"
        assert (await c.get(read, headers=bearer(first["access_token"]))).status_code == 404
        await c.advance(1)
        assert (await c.get(read, headers=bearer(first["access_token"]))).status_code == 401
        refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        second = (await exchange(c, **refresh)).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert (await c.get(read, headers=bearer(second["access_token"]))).status_code == 404
        assert (await exchange(c, **refresh)).json()["error"] == "invalid_grant"


async def test_pkce_is_supported_and_not_required() -> None:
    """FACTS section 1: OAuth 2, PKCE S256."""

    async with Conversation() as c:
        verifier = "v" * 43
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        for given, status in ((verifier, 200), ("w" * 43, 400), ("", 400)):
            code = (await authorize(c, code_challenge=challenge, code_challenge_method="S256"))["code"]
            fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": given}
            assert (await exchange(c, **fields)).status_code == status


async def test_token_errors_are_those_of_rfc_6749() -> None:
    """FACTS section 1: OAuth 2, errors as RFC 6749 section 5.2."""

    async with Conversation() as c:
        code = (await authorize(c))["code"]
        cases = [
            ({}, 400, "invalid_request"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": "authorization_code", "code": "no"}, 400, "invalid_grant"),
            ({"grant_type": "authorization_code", "code": code, "redirect_uri": "https://evil"}, 400, "invalid_grant"),
            ({"grant_type": "refresh_token", "refresh_token": "no"}, 400, "invalid_grant"),
            ({"grant_type": "refresh_token", "client_id": "invalid-app"}, 401, "invalid_client"),
        ]
        for fields, status, error in cases:
            reply = await exchange(c, **fields)
            assert (reply.status_code, reply.json()["error"]) == (status, error), fields
            assert reply.json()["error_description"]
        narrower = await tokens(c, scope="analyze:read")
        wider = {"grant_type": "refresh_token", "refresh_token": narrower["refresh_token"], "scope": "analyze:write"}
        assert (await exchange(c, **wider)).json()["error"] == "invalid_scope"


async def test_a_token_without_the_scope_is_forbidden() -> None:
    """FACTS section 1: OAuth 2, scopes: POST needs analyze:write, GET needs analyze:read."""

    async with Conversation() as c:
        reads = bearer((await tokens(c, scope="analyze:read"))["access_token"])
        writes = bearer((await tokens(c, scope="analyze:write"))["access_token"])
        submit, read = "/videotoprompt/v1/analyze/url", "/videotoprompt/v1/analyze/ana_x"
        refused = await c.post(submit, URL, headers=reads)
        assert (refused.status_code, refused.json()["error"]["type"]) == (403, "forbidden")
        assert (await c.post(submit, URL, headers=writes)).status_code == 202
        assert (await c.get(read, headers=writes)).status_code == 403
        assert (await c.get(read, headers=reads)).status_code == 404


async def test_authorization_errors_go_back_to_the_client() -> None:
    """FACTS section 1: OAuth 2. A client that cannot be trusted is not redirected to (RFC 6749 section 4.1.2.1)."""

    async with Conversation() as c:
        assert (await authorize(c, response_type="token"))["error"] == "unsupported_response_type"
        assert (await authorize(c, scope="everything"))["error"] == "invalid_scope"
        for wrong in ({"client_id": ""}, {"client_id": "invalid-app"}, {"redirect_uri": "/relative"},
                      {"redirect_uri": "javascript:alert(1)"}):  # fmt: skip
            reply = await c.get("/videotoprompt/oauth/authorize", params={**ASK, **wrong})
            assert reply.status_code == 400
            assert reply.headers["content-type"].startswith("text/html")
            assert "location" not in reply.headers


async def test_the_consent_page_waits_for_a_person_where_the_scenario_says_so() -> None:
    """FACTS section 1: OAuth 2, the consent page and auto_approve."""

    async with Conversation({"extends": "videotoprompt-oauth-consent"}) as c:
        ask = {**ASK, "client_id": "<b>app</b>"}
        page = await c.get("/videotoprompt/oauth/authorize", params=ask)
        assert page.status_code == 200
        assert "&lt;b&gt;app" in page.text
        assert "<b>app</b>" not in page.text
        path = "/videotoprompt/oauth/authorize"
        approved = await c.client.post(path, params=ASK, data={"decision": "approve"})
        assert "code=" in approved.headers["location"]
        denied = await c.client.post(path, params=ASK, data={"decision": "deny"})
        assert "error=access_denied" in denied.headers["location"]


async def test_secrets_stay_out_of_the_journal() -> None:
    """Codes, tokens and client secrets are not kept where the journal is read."""

    async with Conversation() as c:
        granted = await tokens(c)
        await c.get("/videotoprompt/v1/analyze/ana_x", headers=bearer(granted["access_token"]))
        told = (await c.get("/_mock/journal")).text
        assert granted["access_token"] not in told
        assert granted["refresh_token"] not in told
