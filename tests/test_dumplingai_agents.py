"""Agents, knowledge bases and programs of DumplingAI."""

import pytest

from tests.conversation import Conversation
from tests.dumplingai_client import by, latest
from tests.dumplingai_family import call, error, ok


def ask(text: str) -> dict[str, object]:
    """Return the fields of a request that asks an agent."""
    return {"messages": [{"role": "user", "content": text}], "parseJson": False}


async def test_threads() -> None:
    async with Conversation() as t:
        first = await ok(t, "generate_completion", **ask("How do I plan a trip to Norway?"))
        assert "plan a trip to Norway" in first["text"]
        second = await ok(t, "generate_completion", **ask("And in winter?"), threadId=first["threadId"])
        assert second["threadId"] == first["threadId"]
        assert "plan a trip to Norway" in second["text"]
        assert second["tokenUsage"]["promptTokens"] > 5
        apart = await ok(t, "generate_completion", **ask("And in winter?"))
        assert apart["threadId"] != first["threadId"]
        assert "Norway" not in apart["text"]
        assert await error(t, "generate_completion", 404, threadId="thread_0") == "Thread not found"
        # Threads belong to the account.
        assert (
            await error(t, "generate_completion", 404, threadId=first["threadId"], headers=by("key-2"))
            == "Thread not found"
        )


async def test_a_reply_as_json() -> None:
    async with Conversation() as t:
        reply = await ok(t, "generate_completion", **{**ask('Return {"title": "", "score": 0}'), "parseJson": True})
        assert list(reply["parsedJson"]) == ["title", "score"]


async def test_the_price_of_an_agent_depends_on_the_tokens() -> None:
    async with Conversation() as t:
        reply = await ok(t, "generate_completion", **ask("word " * 4_000))
        assert reply["tokenUsage"]["totalTokens"] > 5_000
        assert reply["creditUsage"] == 10 * -(-reply["tokenUsage"]["totalTokens"] // 1000)


async def test_agents_that_exist() -> None:
    async with Conversation({"extends": "dumplingai-one-agent"}) as t:
        await ok(t, "generate_completion")
        assert await error(t, "generate_completion", 404, agentId="agent_9") == "Agent not found"


async def test_an_agent_without_credits() -> None:
    async with Conversation({"extends": "dumplingai-no-credits-for-agents"}) as t:
        assert await error(t, "generate_completion", 403) == "Insufficient credits"


@pytest.mark.parametrize("name", ["query_knowledge_base", "query_knowledge_base_older", "add_to_knowledge_base"])
async def test_knowledge_bases_are_retired(name: str) -> None:
    async with Conversation() as t:
        assert await error(t, name, 404) == "Knowledge base not found"


async def test_what_is_added_is_found() -> None:
    texts = {
        "Opening hours": "The pool opens at nine. It closes at eight in the evening.",
        "Prices": "A ticket for the pool costs five dollars. Children pay half.",
        "Travel": "Take the tram to the harbour and walk along the quay.",
    }
    async with Conversation({"extends": "dumplingai-knowledge-bases"}) as t:
        for name, content in texts.items():
            reply = await call(t, "add_to_knowledge_base", name=name, content=content)
            assert reply.status_code == 201
            assert reply.json()["characterCount"] == len(content)
        for name in ("query_knowledge_base", "query_knowledge_base_older"):
            found = await ok(t, name, query="What does a ticket for the pool cost?", resultCount=2)
            assert [each["resource_name"] for each in found] == ["Prices", "Opening hours"]
            assert found[0]["content"] == texts["Prices"]
            assert 1 > found[0]["similarity"] > found[1]["similarity"] > 0
        assert await ok(t, "query_knowledge_base", knowledgeBaseId="kb_2") == []
        assert await ok(t, "query_knowledge_base", headers=by("key-2")) == []


async def test_the_price_of_a_long_text() -> None:
    options = {"extends": "dumplingai-knowledge-bases", "accounts": [{"key": "*", "plan": "pro", "credits": 100}]}
    async with Conversation(options) as t:
        await ok(t, "add_to_knowledge_base", content="a" * 25_000)
        assert (await ok(t, "get_balance"))["data"]["credits"] == 70


@pytest.mark.parametrize(
    ("name", "code", "stdout"),
    [
        ("run_python_code", "print('hello', 2 + 3)", ["hello 5\n"]),
        (
            "run_python_code",
            "names = ['a', 'b']\nprint(f'{len(names)} names')\nprint(names)",
            ["2 names\n", "['a', 'b']\n"],
        ),
        ("run_python_code", "import json\nprint(json.dumps({'a': [1, None]}))", ['{"a": [1, null]}\n']),
        ("run_js_code", "console.log('hello', 2 + 3);", ["hello 5\n"]),
        (
            "run_js_code",
            "const a = {b: 1, c: [2]};\nconsole.log(a);\nconsole.log(JSON.stringify(a))",
            ['{"b": 1, "c": [2]}\n', '{"b":1,"c":[2]}\n'],
        ),
        ("run_js_code", "let n = 3;\n// nothing\nconsole.log(n * 2)", ["6\n"]),
    ],
)
async def test_what_programs_print(name: str, code: str, stdout: list[str]) -> None:
    async with Conversation() as t:
        assert await ok(t, name, {"code": code}) == {"logs": {"stdout": stdout, "stderr": []}}
        assert "note" not in await latest(t)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("run_python_code", "import os\nprint(os.listdir())\nprint(1)"),
        ("run_js_code", "require('fs').readdirSync('.')\nconsole.log(1)"),
    ],
)
async def test_what_is_not_known_is_noted_and_not_run(name: str, code: str) -> None:
    async with Conversation() as t:
        assert await ok(t, name, {"code": code}) == {"logs": {"stdout": ["1\n"], "stderr": []}}
        assert (await latest(t))["note"].startswith("the code was not run")


async def test_json_that_is_printed() -> None:
    async with Conversation() as t:
        assert await ok(t, "run_python_code", {"code": "print('{\"a\": 1}')", "parseJson": True}) == {
            "logs": {"stdout": {"a": 1}, "stderr": []}
        }
        assert await ok(t, "run_js_code", {"code": "console.log([1, 2])", "parseJson": True}) == {
            "logs": {"stdout": [1, 2], "stderr": []}
        }
        assert (await ok(t, "run_js_code", {"code": "console.log('no')", "parseJson": True}))["logs"]["stdout"] == [
            "no\n"
        ]


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("run_python_code", "raise ValueError('no such file')", ("ValueError", "no such file")),
        ("run_python_code", "print(", ("SyntaxError", "'(' was never closed")),
        ("run_js_code", "throw new TypeError('no')", ("TypeError", "no")),
    ],
)
async def test_programs_that_fail(name: str, code: str, expected: tuple[str, str]) -> None:
    async with Conversation() as t:
        reply = await call(t, name, {"code": code})
        error_ = reply.json()["error"]
        assert (reply.status_code, error_["name"], error_["value"]) == (500, *expected)
        assert expected[0] in error_["traceback"]


async def test_a_program_is_needed() -> None:
    async with Conversation() as t:
        assert await error(t, "run_js_code", 400, {}) == "code parameter is required"


async def test_programs_that_would_take_long_are_not_run() -> None:
    async with Conversation() as t:
        for code in (
            "x = 10 ** 10 ** 10\nprint(x)",
            "print('a' * 10 ** 9)",
            "while True: pass",
            "(" * 5_000,
            "print(" + "-" * 9_000 + "1)",
        ):
            assert (await call(t, "run_python_code", {"code": code})).status_code in (200, 500)
            assert (await call(t, "run_js_code", {"code": f"console.log({code})"})).status_code == 200
