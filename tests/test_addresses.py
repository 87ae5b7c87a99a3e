"""How the provider and the sandbox of a request are found."""

from collections.abc import Mapping
from typing import Any

import pytest

from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider
from mockserver.wire.routes import Routes
from tests.conversation import Conversation

URL = {"url": "https://example.com/a.mp4"}


async def test_a_provider_is_found_by_prefix_by_host_and_by_bare_path() -> None:
    async with Conversation() as c:
        ways: list[tuple[str, dict[str, str]]] = [
            ("/videotoprompt/v1/analyze/url", {}),
            ("/v1/analyze/url", {"Host": "api.videotoprompt.org"}),
            ("/v1/analyze/url", {"Host": "api.videotoprompt.org:443"}),
            ("/v1/analyze/url", {"Host": "API.VideoToPrompt.org"}),
            ("/v1/analyze/url", {}),
        ]
        for path, headers in ways:
            assert (await c.post(path, URL, headers=headers)).status_code == 202, (path, headers)


async def test_an_unknown_path_gets_a_404_with_the_known_prefixes() -> None:
    async with Conversation() as c:
        reply = await c.get("/v2/nothing")
        assert reply.status_code == 404
        assert reply.headers["content-type"] == "application/problem+json"
        assert "/videotoprompt" in reply.json()["detail"]
        assert (await c.get("/")).status_code == 404


async def test_a_sandbox_is_selected_by_url_by_header_or_by_key() -> None:
    async with Conversation() as c:
        created = await c.post("/_mock/sandboxes", {"name": "alice"})
        assert created.status_code == 201
        ways: list[tuple[str, dict[str, str]]] = [
            ("/~alice/videotoprompt/v1/analyze/url", {}),
            ("/~alice/v1/analyze/url", {"Host": "api.videotoprompt.org"}),
            ("/v1/analyze/url", {"X-Mock-Sandbox": "alice"}),
            ("/v1/analyze/url", {"Authorization": "Bearer sbx-alice"}),
            ("/v1/analyze/url", {"Authorization": "Bearer sk_live_sbx-alice-free-tier"}),
        ]
        for path, headers in ways:
            assert (await c.post(path, URL, headers=headers)).status_code == 202
        assert len((await c.get("/~alice/_mock/jobs")).json()["jobs"]) == len(ways)
        assert (await c.get("/_mock/jobs")).json()["jobs"] == []


async def test_a_key_selects_the_existing_sandbox_with_the_longest_name() -> None:
    async with Conversation() as c:
        for name in ("team", "team-a"):
            await c.post("/_mock/sandboxes", {"name": name})
        await c.post("/v1/analyze/url", URL, headers={"Authorization": "Bearer sbx-team-a-pro"})
        assert (await c.get("/~team-a/_mock/jobs")).json()["total"] == 1
        assert (await c.get("/~team/_mock/jobs")).json()["total"] == 0


async def test_an_unknown_sandbox_gets_a_404_with_a_hint() -> None:
    async with Conversation() as c:
        replies: list[Any] = [
            await c.post("/~nobody/videotoprompt/v1/analyze/url", URL),
            await c.post("/v1/analyze/url", URL, headers={"X-Mock-Sandbox": "nobody"}),
            await c.post("/v1/analyze/url", URL, headers={"Authorization": "Bearer sbx-nobody"}),
            await c.get("/~nobody/_mock/health"),
        ]
        for reply in replies:
            assert reply.status_code == 404
            assert "'nobody'" in reply.json()["detail"]
            assert "POST /_mock/sandboxes" in reply.json()["detail"]


async def test_an_oauth_token_selects_the_sandbox_that_issued_it() -> None:
    async with Conversation() as c:
        await c.post("/_mock/sandboxes", {"name": "alice"})
        parameters = {"response_type": "code", "client_id": "app", "redirect_uri": "https://app.example.com/back"}
        reply = await c.get("/~alice/videotoprompt/oauth/authorize", params=parameters)
        code = reply.headers["location"].partition("code=")[2]
        fields = {
            "grant_type": "authorization_code", "code": code, "client_id": "app",
            "redirect_uri": "https://app.example.com/back",
        }  # fmt: skip
        token = (await c.client.post("/~alice/videotoprompt/oauth/token", data=fields)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert (await c.post("/v1/analyze/url", URL, headers=headers)).status_code == 202
        assert (await c.get("/~alice/_mock/jobs")).json()["total"] == 1


async def test_sandboxes_share_nothing() -> None:
    async with Conversation() as c:
        for name in ("a", "b"):
            await c.post("/_mock/sandboxes", {"name": name, "clock": {"mode": "manual"}})
        first = (await c.post("/~a/videotoprompt/v1/analyze/url", URL)).json()["id"]
        assert (await c.get(f"/~b/videotoprompt/v1/analyze/{first}")).status_code == 404
        await c.post("/~a/_mock/clock", {"advance": "1h"})
        times = [(await c.get(f"/~{name}/_mock/clock")).json()["now"] for name in ("a", "b")]
        assert times == ["2025-06-01T13:00:00Z", "2025-06-01T12:00:00Z"]


async def test_a_request_is_routed_once_and_its_credential_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a bare path, which is looked up in one provider after another, and if the key selects the sandbox."""
    paths: list[str] = []
    keys: list[str] = []
    find, key = Routes.find, Provider.key

    def counted_find(self: Routes[Operation], path: str) -> Any:
        match = find(self, path)
        paths.extend([path] if match is not None else [])
        return match

    def counted_key(self: Provider, headers: Mapping[str, str]) -> str:
        keys.append(key(self, headers))
        return keys[-1]

    monkeypatch.setattr(Routes, "find", counted_find)
    monkeypatch.setattr(Provider, "key", counted_key)

    async with Conversation() as c:
        for path in ("/v1/analyze/url", "/videotoprompt/v1/analyze/url"):
            assert (await c.post(path, URL)).status_code == 202
            assert paths == ["/v1/analyze/url"]
            assert len(keys) == 1
            paths.clear()
            keys.clear()
