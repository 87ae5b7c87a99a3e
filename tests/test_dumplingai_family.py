"""What all operations of DumplingAI have in common: examples, prices, failures, sources, magic words."""

from typing import Any

import pytest

from mockserver.providers.dumplingai.operations import APIS, BY_NAME
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.dumplingai_client import balance, by, latest
from tests.dumplingai_family import OPERATIONS, WITH_KNOWLEDGE, call, error, example, ok

NAMES = [api.operation.name for api in APIS]
# What the example of each operation costs in credits, by the table of the provider times ten.
PRICES = {
    "trim_video": 200, "video_trim": 200, "get_youtube_transcript": 20, "get_tiktok_transcript": 20,
    "get_youtube_video": 10, "get_tiktok_video": 10, "get_tiktok_profile": 10, "get_tiktok_profile_videos": 10,
    "search_tiktok_users": 10, "extract_image": 110, "doc_to_text": 20, "convert_to_pdf": 50, "merge_pdfs": 50,
    "read_pdf_metadata": 10, "write_pdf_metadata": 50, "generate_ai_image": 60, "search": 30, "search_news": 30,
    "get_autocomplete": 30, "search_places": 30, "search_maps": 100, "get_google_reviews": 50, "scrape": 10,
    "crawl": 30, "extract": 250, "screenshot": 20, "generate_completion": 10, "query_knowledge_base": 10,
    "query_knowledge_base_older": 10, "add_to_knowledge_base": 10, "run_js_code": 50, "run_python_code": 50,
}  # fmt: skip
PROGRAMS = ("run_js_code", "run_python_code")
_USED = ("creditUsage", "creditsUsed")


async def test_each_operation_answers_its_example() -> None:
    """Every conversation checks replies against the document."""
    async with Conversation(WITH_KNOWLEDGE) as t:
        for name in NAMES:
            first = await call(t, name)
            assert first.status_code in (200, 201), (name, first.text)
            assert "success" not in first.json(), name


async def test_the_same_request_gets_the_same_bytes_whatever_was_asked_before() -> None:
    names = [name for name in NAMES if name not in ("generate_completion", "add_to_knowledge_base")]
    async with Conversation(WITH_KNOWLEDGE) as t:
        first = {name: (await call(t, name)).content for name in names}
    async with Conversation(WITH_KNOWLEDGE) as t:
        for name in reversed(names):
            assert (await call(t, name)).content == first[name], name


async def test_the_price_of_each_operation() -> None:
    async with Conversation({**WITH_KNOWLEDGE, "accounts": [{"key": "*", "plan": "pro", "credits": 1000}]}) as t:
        for name, price in PRICES.items():
            reply = await ok(t, name, headers=by(name))
            assert await balance(t, name) == (1000 - price, 0), name
            stated = [reply[field] for field in _USED if isinstance(reply, dict) and field in reply]
            assert stated in ([], [price]), name


def test_the_price_of_each_operation_is_tested() -> None:
    depends = {"extract_video", "extract_audio", "extract_document"}
    assert set(PRICES) | depends == set(NAMES)


async def test_a_request_that_cannot_be_paid_for_is_refused_and_costs_nothing() -> None:
    options = {**WITH_KNOWLEDGE, "accounts": [{"key": "*", "plan": "pro", "credits": 5}]}
    async with Conversation(options) as t:
        for name in NAMES:
            status = 403 if name == "generate_completion" else 402
            assert await error(t, name, status) == "Insufficient credits", name
        assert await balance(t) == (5, 0)


async def test_failures_begin_with_the_words_of_the_operation() -> None:
    async with Conversation({"extends": "dumplingai-every-operation-fails"}) as t:
        for name in NAMES:
            beginning = BY_NAME[name].failed
            reply = await call(t, name)
            message: Any = reply.json()["error"]
            assert reply.status_code == 500
            if name in PROGRAMS:
                assert message["name"] == "SandboxError"
            elif beginning.endswith(":"):
                assert message == f"{beginning} the request could not be processed"
            else:
                assert message == (beginning or "The request could not be processed")
        assert await balance(t) == (None, 0)


async def test_unknown_fields_are_accepted_and_reported() -> None:
    """The provider's MCP server sends these."""
    sent: dict[str, dict[str, Any]] = {
        "screenshot": {"waitFor": 3000, "width": 1280, "deviceScaleFactor": 1, "quality": 80, "renderJs": True},
        "get_youtube_transcript": {"chunkSize": 200, "language": "en"},
        "run_python_code": {"timeout": 10, "memory": 512, "saveOutputFiles": True},
    }
    async with Conversation() as t:
        for name, fields in sent.items():
            plain = await ok(t, name)
            assert await ok(t, name, **fields) == plain
            entry = await latest(t)
            assert all(any(deviation.startswith(field) for deviation in entry["deviations"]) for field in fields)
            assert "dumplingai.rule.unknown_fields" in [each["rule"] for each in entry["rests_on"]]
    async with Conversation(settings=Settings(strict=True)) as t:
        assert "waitFor" in await error(t, "screenshot", 400, **sent["screenshot"])


async def test_sources_that_clients_send() -> None:
    async with Conversation() as t:
        await ok(t, "scrape", requestSource="CLI")
        assert (await latest(t))["deviations"][0].startswith("requestSource: 'CLI'")
        await ok(t, "extract_image", headers={"Request-Source": "N8N"})
        assert (await latest(t))["deviations"][0].startswith("Request-Source")


_TEXTS = ("prompt", "query", "url", "videoUrl", "handle", "keyword", "code", "agentId", "knowledgeBaseId", "id")


def with_word(name: str, word: str) -> dict[str, Any]:
    """Return the example of an operation with a magic word in a text of it."""
    body = example(name)
    if name == "run":
        return {**body, "input": {"url": f"https://example.com/{word}"}}
    if name == "generate_ai_image":
        return {**body, "input": {"prompt": word}}
    if "file" in body:
        return {**body, "file": f"https://example.com/{word}.pdf"}
    if "files" in body and "prompt" not in body:
        return {**body, "files": [f"https://example.com/{word}.pdf"] * len(body["files"])}
    field = next(field for field in _TEXTS if field in body)
    if field == "videoUrl" or (field == "url" and "youtube" in body["url"]):
        return {**body, field: body[field] + ("?x=" if "tiktok" in body[field] else "&x=") + word}
    if field == "url":
        return {**body, "url": f"{body['url']}?x={word}"}
    if field == "handle":
        return {**body, "handle": word}
    return {**body, field: word if field in ("code", "agentId", "knowledgeBaseId", "id") else f"{body[field]} {word}"}


@pytest.mark.parametrize(
    ("word", "status"),
    [("mock-no-credits", 402), ("mock-rate-limited", 429), ("mock-server-error", 500), ("mock-overloaded", 503),
     ("mock-forbidden", 403), ("mock-not-found", 404), ("mock-invalid", 400)],
)  # fmt: skip
async def test_magic_words_work_in_every_operation(word: str, status: int) -> None:
    async with Conversation(WITH_KNOWLEDGE) as t:
        for name, operation in OPERATIONS.items():
            if operation.method == "POST":
                expected = 403 if (name, status) == ("generate_completion", 402) else status
                reply = await call(t, name, with_word(name, word))
                assert reply.status_code == expected, (name, reply.text)


@pytest.mark.parametrize(
    ("name", "newer"), [("video_trim", "/trim-video"), ("query_knowledge_base_older", "/knowledge-bases/query")]
)
async def test_the_journal_names_the_path_of_the_page(name: str, newer: str) -> None:
    async with Conversation(WITH_KNOWLEDGE) as t:
        await ok(t, name)
        assert newer in (await latest(t))["note"]
