"""The Unified API of DumplingAI: the catalogue, runs, and what they have cost."""

from typing import Any

import pytest

from mockserver.providers.dumplingai.catalogue import ENTRIES
from mockserver.providers.dumplingai.operations import BY_NAME, UNIFIED
from mockserver.settings import Settings
from mockserver.wire.request import Unread
from tests.conversation import Conversation
from tests.dumplingai_client import UNAUTHORIZED, balance, by, latest, meanwhile
from tests.dumplingai_family import WITH_KNOWLEDGE, call, example, ok

SCRAPE = {"type": "capability", "id": "scrape_page", "input": {"url": "https://example.com/tides"}}


def runnable() -> list[dict[str, Any]]:
    """Return a run of every capability and every endpoint, with the example of its counterpart."""
    inputs = {"keyword_ideas": {"keywords": ["tide pools"]}}
    return [
        {
            "type": entry.kind,
            "id": entry.id,
            "input": inputs.get(entry.operation)
            or (example(entry.operation) if entry.operation in BY_NAME else {"query": "tide pools"}),
        }
        for entry in ENTRIES
        if entry.kind != "provider"
    ]


async def test_each_operation_answers_its_example() -> None:
    async with Conversation() as t:
        for operation in UNIFIED:
            reply = await ok(t, operation.name)
            assert reply["success"] is True
            assert reply["requestId"].startswith("req_")


async def test_the_catalogue_is_that_of_the_page() -> None:
    async with Conversation() as t:
        counts = {
            kind: (await ok(t, "search_catalogue", type=kind, limit=50))["meta"]["count"]
            for kind in ("capability", "endpoint", "provider")
        }
        assert counts == {"capability": 13, "endpoint": 18, "provider": 8}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("I need the latest news about a company", "search_news"),
        ("take a screenshot of my page", "screenshot"),
        ("transcript of a youtube video", "get_youtube_transcript"),
        ("customer reviews of a restaurant", "get_google_reviews"),
        ("read an invoice PDF", "extract_document"),
    ],
)
async def test_what_fits_best_is_first(prompt: str, expected: str) -> None:
    async with Conversation() as t:
        reply = await ok(t, "search_catalogue", {"prompt": prompt})
        assert len(reply["data"]) == 10
        assert expected in [each["id"] for each in reply["data"][:2]]
        assert (await ok(t, "search_catalogue", {"prompt": prompt, "type": "capability"}))["data"][0]["id"] == expected


async def test_details() -> None:
    async with Conversation() as t:
        lean = (await ok(t, "get_details", {"id": "screenshot", "type": "capability"}))["data"]
        assert "related" not in lean
        assert "url" in lean["inputSchema"]["properties"]
        assert lean["providers"] == ["firecrawl", "scrapingfish", "phantomjscloud"]
        rich = (await ok(t, "get_details", {"id": "firecrawl", "type": "provider", "includeRelated": True}))["data"]
        assert rich["related"]["endpoints"] == ["firecrawl.scrape", "firecrawl.screenshot"]
        assert "scrape_page" in rich["related"]["capabilities"]


async def test_a_run_answers_as_its_counterpart() -> None:
    async with Conversation() as t:
        for name, operation in (
            ("scrape_page", "scrape"),
            ("crawl_site", "crawl"),
            ("search_news", "search_news"),
            ("get_youtube_transcript", "get_youtube_transcript"),
            ("screenshot", "screenshot"),
        ):
            reply = await ok(t, "run", {"type": "capability", "id": name, "input": example(operation)})
            assert reply["object"] == "capability_result"
            assert reply["data"] == await ok(t, operation)
            assert reply["meta"].keys() == {"provider", "credits", "durationMs"}


async def test_everything_in_the_catalogue_can_be_run() -> None:
    async with Conversation() as t:
        for body in runnable():
            reply = await ok(t, "run", {**body, "options": {"include_native": True}})
            assert reply["data"], body
            assert reply["meta"]["native"] == reply["data"]
            assert reply["object"] == f"{body['type']}_result"


async def test_the_price_of_a_run() -> None:
    async with Conversation({"accounts": [{"key": "*", "plan": "pro", "credits": 1000}]}) as t:
        await ok(t, "run", {"type": "capability", "id": "extract_web", "input": example("extract")})
        assert await balance(t) == (750, 0)
        await ok(t, "run", {"type": "endpoint", "id": "serper.maps", "input": {"query": "tea in Paris"}})
        assert await balance(t) == (740, 0)


async def test_a_run_is_listed() -> None:
    async with Conversation({"accounts": [{"key": "*", "plan": "pro", "credits": 100}]}) as t:
        first = await ok(t, "run", SCRAPE)
        await t.advance(60)
        second = await ok(t, "run", {**SCRAPE, "type": "endpoint", "id": "serper.search", "input": {"query": "tides"}})
        usage = await ok(t, "list_usage")
        assert [each["requestId"] for each in usage["data"]] == [second["requestId"], first["requestId"]]
        assert usage["data"][1] == {
            "requestId": first["requestId"],
            "objectType": "capability",
            "objectId": "scrape_page",
            "provider": "firecrawl",
            "status": "succeeded",
            "credits": 10,
            "createdAt": "2025-06-01T12:00:00.000Z",
        }
        assert usage["meta"] == {"page": 1, "limit": 20, "total": 2}
        moved = (await ok(t, "list_transactions"))["data"]
        assert [(each["type"], each["amount"], each["balanceAfter"]) for each in moved] == [
            ("usage", -10, 80), ("usage", -10, 90), ("grant", 100, 100),
        ]  # fmt: skip
        assert [each["requestId"] for each in moved] == [second["requestId"], first["requestId"], None]
        assert (await ok(t, "list_usage", headers=by("key-2")))["data"] == []


async def test_lists_have_filters_and_pages() -> None:
    async with Conversation() as t:
        for _ in range(3):
            await ok(t, "run", SCRAPE)
        await ok(t, "run", {"type": "endpoint", "id": "serper.search", "input": {"query": "tides"}})
        assert (await ok(t, "list_usage", objectType="endpoint"))["meta"]["total"] == 1
        assert (await ok(t, "list_usage", provider="firecrawl", objectId="scrape_page", status="succeeded"))["meta"][
            "total"
        ] == 3
        assert (await ok(t, "list_usage", status="failed"))["data"] == []
        pages = [(await ok(t, "list_usage", page=number, limit=3))["data"] for number in (1, 2, 3)]
        assert [len(page) for page in pages] == [3, 1, 0]
        wrong = await call(t, "list_usage", limit=101)
        assert (wrong.status_code, wrong.json()["code"]) == (400, "INVALID_REQUEST")


async def test_a_run_that_fails_costs_nothing_and_is_listed() -> None:
    async with Conversation({"extends": "default", "accounts": [{"key": "*", "plan": "pro", "credits": 100}]}) as t:

        async def run() -> None:
            reply = await call(t, "run", {**SCRAPE, "input": {"url": "https://example.com/mock-fail"}})
            assert (reply.status_code, reply.json()["code"]) == (500, "INTERNAL_ERROR")

        await meanwhile(t, run(), 10)
        (row,) = (await ok(t, "list_usage"))["data"]
        assert (row["status"], row["credits"]) == ("failed", 0)
        moved = (await ok(t, "list_transactions"))["data"]
        assert [(each["type"], each["amount"]) for each in moved] == [("refund", 10), ("usage", -10), ("grant", 100)]
        assert (await ok(t, "get_balance"))["data"]["credits"] == 100


async def test_a_balance_is_a_number_that_goes_down() -> None:
    async with Conversation() as t:
        assert (await ok(t, "get_balance"))["data"] == {"credits": 1_000_000, "budget": None}
        await ok(t, "scrape")
        assert (await ok(t, "get_balance"))["data"]["credits"] == 999_990
        # Requests to v1 are transactions too.
        assert [each["amount"] for each in (await ok(t, "list_transactions"))["data"]] == [-10, 1_000_000]


async def test_the_budget_of_a_key() -> None:
    async with Conversation({"extends": "dumplingai-budget-exceeded"}) as t:
        await ok(t, "run", SCRAPE)
        assert (await ok(t, "get_balance"))["data"]["budget"] == {"limit": 50, "used": 10, "period": "month"}
        too_much = await call(t, "run", {"type": "capability", "id": "search_news", "input": {"query": "a"}})
        assert too_much.status_code == 200
        refused = await call(t, "run", {"type": "capability", "id": "search_news", "input": {"query": "a"}})
        assert (refused.status_code, refused.json()["code"]) == (402, "BUDGET_EXCEEDED")
        await t.advance(31 * 86_400)
        await ok(t, "run", SCRAPE)


async def test_the_choice_of_a_provider() -> None:
    shot = {"type": "capability", "id": "screenshot", "input": {"url": "https://example.com/"}}
    async with Conversation() as t:
        for name in ("firecrawl", "scrapingfish", "phantomjscloud"):
            assert (await ok(t, "run", {**shot, "provider": name}))["meta"]["provider"] == name
        for wrong in (
            {**shot, "provider": "serper"},
            {**SCRAPE, "type": "endpoint", "id": "firecrawl.scrape", "provider": "firecrawl"},
        ):
            reply = await call(t, "run", wrong)
            assert (reply.status_code, reply.json()["code"]) == (400, "INVALID_REQUEST")


async def test_providers_that_the_policy_excludes() -> None:
    async with Conversation({"extends": "dumplingai-provider-not-allowed"}) as t:
        reply = await call(t, "run", {**SCRAPE, "provider": "firecrawl"})
        assert (reply.status_code, reply.json()["code"]) == (403, "PROVIDER_NOT_ALLOWED")
        assert (await ok(t, "run", SCRAPE))["meta"]["provider"] == "scrapingfish"


@pytest.mark.parametrize("name", ["serper.web", "dataforseo.keyword_ideas", "google_search"])
async def test_unknown_ids(name: str) -> None:
    async with Conversation() as t:
        requests: dict[str, dict[str, Any]] = {"get_details": {}, "run": {"input": {}}}
        for operation, more in requests.items():
            reply = await call(t, operation, {"type": "endpoint", "id": name, **more})
            assert (reply.status_code, reply.json()["code"]) == (404, "NOT_FOUND")


async def test_the_input_of_a_run() -> None:
    async with Conversation() as t:
        body = {"type": "capability", "id": "get_youtube_transcript", "input": {"url": "https://youtu.be/dQw4w9WgXcQ"}}
        reply = await call(t, "run", body)
        assert (reply.status_code, reply.json()["error"]) == (400, "input.videoUrl is required")


async def test_every_error_has_a_code() -> None:
    words = {
        "mock-invalid": (400, "INVALID_REQUEST"), "mock-unauthorized": (401, "UNAUTHORIZED"),
        "mock-no-credits": (402, "INSUFFICIENT_CREDITS"), "mock-forbidden": (403, "PROVIDER_NOT_ALLOWED"),
        "mock-not-found": (404, "NOT_FOUND"), "mock-rate-limited": (429, "RATE_LIMITED"),
        "mock-server-error": (500, "INTERNAL_ERROR"), "mock-overloaded": (503, "SERVICE_UNAVAILABLE"),
    }  # fmt: skip
    async with Conversation() as t:
        for word, (status, code) in words.items():
            reply = await call(t, "run", {**SCRAPE, "input": {"url": f"https://example.com/{word}"}})
            assert reply.status_code == status
            assert reply.json().keys() == {"success", "requestId", "error", "code"}
            assert (reply.json()["success"], reply.json()["code"]) == (False, code)
    async with Conversation({"extends": "dumplingai-provider-error"}) as t:
        assert (await call(t, "run")).status_code == 502


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v2/agents", 404, "NOT_FOUND"),
        ("POST", "/api/v2", 404, "NOT_FOUND"),
        ("GET", "/api/v2/run", 405, "INVALID_REQUEST"),
        ("DELETE", "/api/v2/balance", 405, "INVALID_REQUEST"),
    ],
)
async def test_other_paths_and_methods_get_the_error_of_the_version(
    method: str, path: str, status: int, code: str
) -> None:
    async with Conversation() as t:
        reply = await t.client.request(method, f"/dumplingai{path}")
        assert reply.status_code == status
        assert reply.json().keys() == {"success", "requestId", "error", "code"}
        assert (reply.json()["success"], reply.json()["code"]) == (False, code)
        older = await t.client.request(method, "/dumplingai/api/v1/agents")
        assert older.json().keys() == {"error"}


async def test_an_incomplete_request_gets_the_error_of_the_version() -> None:
    async with Conversation() as t:
        for path, fields in (("v2/run", {"success", "requestId", "error", "code"}), ("v1/scrape", {"error"})):
            unread = Unread(400, "The request body is incomplete", "POST", f"/dumplingai/api/{path}", (), {})
            reply = await t.app.refused(unread)
            assert (reply.status, reply.body.keys()) == (400, fields)


async def test_a_missing_key_gets_the_error_of_the_version() -> None:
    async with Conversation() as t:
        reply = await call(t, "get_balance", headers={"Authorization": ""})
        assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHORIZED")
        assert (await call(t, "scrape", headers={"Authorization": ""})).json() == UNAUTHORIZED


async def test_the_rate_limit_of_the_unified_api() -> None:
    async with Conversation({"extends": "dumplingai-sixty-a-minute"}) as t:
        for _ in range(60):
            await ok(t, "get_balance")
        await t.advance(15)
        reply = await call(t, "get_balance")
        assert (reply.status_code, reply.json()["code"], reply.headers["retry-after"]) == (429, "RATE_LIMITED", "45")
        assert reply.headers["x-ratelimit-remaining"] == "0"


async def test_what_the_command_line_client_sends_is_accepted_and_reported() -> None:
    async with Conversation() as t:
        await ok(t, "run", {**SCRAPE, "requestSource": "CLI"})
        assert (await latest(t))["deviations"][0].startswith("requestSource: 'CLI'")
        await ok(t, "list_transactions", requestSource="CLI", page=1)
        assert (await latest(t))["deviations"][0].startswith("requestSource: unknown query parameter")


async def test_a_key_can_be_checked() -> None:
    async with Conversation() as t:
        reply = await t.get("/dumplingai/api/v1/make/api-key-connection")
        assert reply.json()["metadata"]["name"].startswith("Workspace ")


async def test_the_verdict_sees_what_is_paid_for_twice() -> None:
    async with Conversation() as t:
        body = {**SCRAPE, "input": {"url": "https://example.com/mock-lost-reply"}}
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                await call(t, "run", body)
        verdict = (await t.get("/_mock/verdict")).json()
        (finding,) = [each for each in verdict["findings"] if each["rule"] == "duplicate_paid_job"]
        assert "10 credits" in str(finding)
        assert "dumplingai.rule.unified_price" in str(finding)


async def test_what_is_assumed_is_refused_where_nothing_may_be_assumed() -> None:
    async with Conversation(WITH_KNOWLEDGE, Settings(no_assumed=True)) as t:
        assert (await call(t, "run", SCRAPE)).status_code == 200
        assert (await call(t, "get_balance")).status_code == 501
        minute = {"startTimestamp": "00:00:00", "endTimestamp": "00:01:00"}
        for name, operation in BY_NAME.items():
            documented = name not in (
                "query_knowledge_base",
                "query_knowledge_base_older",
                "add_to_knowledge_base",
                "merge_pdfs",
            )
            more = minute if name in ("trim_video", "video_trim") else {}
            status = (await call(t, name, **more)).status_code
            assert status == (200 if documented else 501), operation.operation.name


@pytest.mark.parametrize("name", ["serper.videos", "transcriptapi.youtube_search"])
async def test_a_video_in_a_result_is_the_same_as_by_its_link(name: str) -> None:
    async with Conversation() as t:
        reply = await ok(t, "run", {"type": "endpoint", "id": name, "input": {"query": "tide pools"}})
        for row in reply["data"]["videos"]:
            video = await ok(t, "get_youtube_video", {"url": row["link"]})
            assert (video["title"], video["channel"]["title"]) == (row["title"], row["channel"])
            assert video["durationFormatted"] == row["duration"]
            assert video["description"].startswith(row["snippet"])
            assert "tide pools" in video["title"].lower()
