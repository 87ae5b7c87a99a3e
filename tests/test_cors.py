"""Web pages of other sites (CORS): they can read replies if the real API allows that, or with an option."""

from typing import Any

import httpx2
import pytest

from mockserver.core.scenario import Scenario
from mockserver.kit.provider import Provider
from mockserver.providers.registry import all_providers
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.declared import request, with_example
from tests.live import live
from tests.raw import exchange
from tests.raw import request as raw_request

PAGE = "https://app.example"
OTHERS = [provider for provider in all_providers() if not provider.cors]
NOWHERE = {"extends": "default"}
GENERATE = "/prompttovideo/api/v1/generate"
ANALYZE = "/videotoprompt/v1/analyze/url"
VIDEO = {"url": "https://a.test/clip.mp4"}
# The two ways to choose CORS.
BY_SCENARIO: tuple[dict[str, Any], Settings] = ({"extends": "default", "cors": True}, Settings())
BY_SETTING: tuple[dict[str, Any], Settings] = (NOWHERE, Settings(cors=True))
chosen = pytest.mark.parametrize(("scenario", "settings"), [BY_SCENARIO, BY_SETTING], ids=["scenario", "setting"])


async def preflight(t: Conversation, path: str, method: str = "POST", **more: str) -> httpx2.Response:
    """Send what a browser sends before a request with a key and JSON. It has no key itself."""
    headers = {
        "Origin": PAGE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
        **more,
    }
    headers |= {"Authorization": ""}
    return await t.client.request("OPTIONS", path, headers=headers)


def is_readable(reply: httpx2.Response) -> bool:
    """Return whether a browser lets the page read the reply."""
    return reply.headers.get("access-control-allow-origin") in (PAGE, "*")


def exposed(reply: httpx2.Response) -> list[str]:
    return str(reply.headers["access-control-expose-headers"]).split(", ")


async def test_prompttovideo_answers_web_pages_of_all_sites() -> None:
    async with Conversation() as t:
        allowed = await preflight(t, GENERATE)
        assert (allowed.status_code, allowed.content) == (200, b"")
        assert allowed.headers["allow"] == "OPTIONS, POST"
        assert allowed.headers["access-control-allow-origin"] == PAGE
        assert allowed.headers["access-control-allow-headers"] == "authorization,content-type"
        assert "POST" in allowed.headers["access-control-allow-methods"].split(", ")
        assert "Origin" in allowed.headers["vary"]
        reply = await t.post(GENERATE, {"prompt": "a cat"}, headers={"Origin": PAGE})
        assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, PAGE)
        without_origin = await t.get("/prompttovideo/api/v1/account")
        assert without_origin.headers["access-control-allow-origin"] == "*"


async def test_options_without_a_preflight_lists_the_methods_and_an_unknown_path_has_none() -> None:
    async with Conversation() as t:
        reply = await t.client.request("OPTIONS", "/prompttovideo/api/v1/videos")
        assert (reply.status_code, reply.headers["allow"]) == (200, "GET, HEAD, OPTIONS")
        wrong = await t.client.request("DELETE", GENERATE)
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "OPTIONS, POST")
        assert (await preflight(t, "/prompttovideo/api/v1/none")).status_code == 404


async def test_errors_and_files_of_prompttovideo_can_be_read_too() -> None:
    account = {"key": "*", "plan": "free", "limits": {"calls_per_day": 3}}
    async with Conversation({"accounts": [account]}) as t:
        page = {"Origin": PAGE}
        replies = {
            401: await t.get("/prompttovideo/api/v1/account", headers={**page, "Authorization": ""}),
            400: await t.post(GENERATE, {}, headers=page),
            405: await t.client.request("PUT", GENERATE, headers=page),
            404: await t.get("/prompttovideo/api/v1/none", headers=page),
        }
        for _ in range(2):
            await t.get("/prompttovideo/api/v1/account")
        replies[429] = await t.get("/prompttovideo/api/v1/account", headers=page)
        assert {status: reply.status_code for status, reply in replies.items()} == {s: s for s in replies}
        assert [status for status, reply in replies.items() if not is_readable(reply)] == []


async def test_a_preflight_counts_against_no_limit_uses_no_fault_and_is_in_the_journal() -> None:
    async with Conversation({"accounts": [{"key": "*", "plan": "free", "limits": {"calls_per_day": 1}}]}) as t:
        await t.post("/_mock/faults", {"fault": {"kind": "server_error"}})
        for _ in range(3):
            assert (await preflight(t, GENERATE)).status_code == 200
        assert (await t.post(GENERATE, {"prompt": "a cat"})).status_code == 500
        entries = (await t.get("/_mock/journal")).json()["entries"]
        preflights = [entry for entry in entries if entry["kind"] == "request" and entry["method"] == "OPTIONS"]
        assert {entry["note"] for entry in preflights} == {"a CORS preflight request of a browser"}
        assert len(preflights) == 3


@pytest.mark.parametrize("provider", OTHERS, ids=lambda provider: provider.name)
async def test_other_providers_do_not_answer_web_pages_by_default(provider: Provider) -> None:
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        call = request(provider, with_example(provider)[0], headers={"Origin": PAGE})
        assert (await preflight(t, call["url"])).status_code == 405
        assert not is_readable(await t.client.request(**call))


@pytest.mark.parametrize("provider", OTHERS, ids=lambda provider: provider.name)
@chosen
async def test_with_the_option_pages_can_use_every_provider(
    provider: Provider, scenario: dict[str, Any], settings: Settings
) -> None:
    async with Conversation({**scenario, "clock": {"mode": "auto"}}, settings) as t:
        call = request(provider, with_example(provider)[0], headers={"Origin": PAGE})
        assert (await preflight(t, call["url"])).status_code == 200
        reply = await t.client.request(**call)
        assert reply.is_success
        assert is_readable(reply)
        assert {*provider.limit_headers, "Retry-After"} <= set(exposed(reply))


@chosen
async def test_with_the_option_every_error_can_be_read(scenario: dict[str, Any], settings: Settings) -> None:
    limited = {"key": "*", "limits": {"requests_per_minute": 1}}
    async with Conversation({**scenario, "accounts": [limited]}, settings) as t:
        page = {"Origin": PAGE}
        for path in ("/videotoprompt/v1/none", "/v1/none", "/none"):
            assert (await preflight(t, path)).status_code == 200
            reply = await t.get(path, headers=page)
            assert (reply.status_code, is_readable(reply)) == (404, True)
        first, second = [await t.post(ANALYZE, VIDEO, headers=page) for _ in range(2)]
        assert (first.status_code, is_readable(first)) == (202, True)
        assert (second.status_code, is_readable(second)) == (429, True)
        wrong = await t.client.request("DELETE", ANALYZE, headers=page)
        assert (wrong.status_code, is_readable(wrong)) == (405, True)


async def test_with_the_setting_a_page_learns_that_its_sandbox_does_not_exist() -> None:
    async with Conversation(*BY_SETTING) as t:
        reply = await t.post(f"/~nobody{ANALYZE}", VIDEO, headers={"Origin": PAGE})
        assert (reply.status_code, is_readable(reply)) == (404, True)


async def test_a_preflight_does_not_name_the_sandbox_of_a_key() -> None:
    """A browser sends the key with the request itself, so the preflight is answered by any sandbox with CORS."""
    async with Conversation(NOWHERE) as t:
        await t.post(
            "/_mock/sandboxes", {"name": "web", "scenario": {"scenario": "s", "extends": "default", "cors": True}}
        )
        assert (await preflight(t, ANALYZE)).status_code == 200
        in_web = await t.post(ANALYZE, VIDEO, headers={"Origin": PAGE, "Authorization": "Bearer sbx-web"})
        assert (in_web.status_code, is_readable(in_web)) == (202, True)
        in_default = await t.post(ANALYZE, VIDEO, headers={"Origin": PAGE})
        assert (in_default.status_code, is_readable(in_default)) == (202, False)
        assert (await preflight(t, f"/~default{ANALYZE}")).status_code == 405


async def test_a_sandbox_switches_cors_with_its_scenario() -> None:
    async with Conversation(BY_SCENARIO[0]) as t:
        for own, status in (({}, 405), ({"cors": True}, 200), ({"cors": False}, 405)):
            await t.client.put("/_mock/scenario", json={"scenario": "next", "extends": "default", **own})
            assert (await preflight(t, ANALYZE)).status_code == status


def test_a_scenario_inherits_cors_unless_it_says_otherwise() -> None:
    parent = Scenario(scenario="parent", cors=True)
    assert Scenario(scenario="child").extending(parent).cors is True
    assert Scenario(scenario="child", cors=False).extending(parent).cors is False


@chosen
async def test_the_control_api_never_answers_pages_of_other_sites(scenario: dict[str, Any], settings: Settings) -> None:
    async with Conversation(scenario, settings) as t:
        for path in ("/_mock/journal", "/_mock/health", "/~default/_mock/journal", "/_mock/none"):
            for reply in (await preflight(t, path), await t.get(path, headers={"Origin": PAGE})):
                assert reply.status_code == 403
                assert [name for name in reply.headers if name.startswith("access-control-")] == []


async def test_pages_of_the_public_internet_reach_a_private_address_only_with_the_option() -> None:
    """Chromium asks for this before a page of a public address may call one of this machine."""
    asked = {"Access-Control-Request-Private-Network": "true"}
    granted = "access-control-allow-private-network"
    async with Conversation() as t:
        assert granted not in (await preflight(t, GENERATE, **asked)).headers
    async with Conversation(*BY_SETTING) as t:
        assert (await preflight(t, GENERATE, **asked)).headers[granted] == "true"
        assert granted not in (await preflight(t, GENERATE)).headers


async def test_header_names_that_are_none_are_not_repeated() -> None:
    async with Conversation() as t:
        reply = await preflight(t, GENERATE, **{"Access-Control-Request-Headers": "a b; c"})
        assert reply.status_code == 200
        assert "access-control-allow-headers" not in reply.headers


def test_requests_that_are_refused_before_they_are_complete_can_be_read() -> None:
    page = f"Origin: {PAGE}"
    with live({"extends": "default", "cors": True}) as server:
        for data, status in (
            (raw_request("GET", ANALYZE, b"", page, f"X-Long: {'x' * 70_000}"), 431),
            (raw_request("GET", ANALYZE, b"", page, "Content-Length: x"), 400),
            (raw_request("BREW", ANALYZE, b"", page), 405),
        ):
            refused = exchange(server.address, data)
            assert (refused.status, refused.head["access-control-allow-origin"]) == (status, PAGE)
