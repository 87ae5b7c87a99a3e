"""Tools for agents: the protocol in both of its generations, each tool, and what is served and kept for agents."""

import asyncio
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mockserver.agents.catalogue import TOOLS, description_of
from mockserver.agents.protocol import VERSIONS, answer
from mockserver.agents.words import NotUnderstood, scenario_of
from mockserver.app import create_app
from mockserver.cli.main import main
from mockserver.core.verdict.names import RULE_NAMES
from mockserver.kit.catalogue import catalogue_of
from mockserver.providers.registry import all_providers, summaries
from mockserver.scenario.library import Library
from mockserver.settings import Settings
from mockserver.testing import MockServer
from tests.conversation import Conversation
from tests.documents import ROOT
from tests.live import live_server

OPERATIONS = tuple(catalogue_of(summaries()).operations)
KEY = {"Authorization": "Bearer key-1"}
VIDEO = {"url": "https://example.com/a.mp4"}
MCP = Settings(mcp=True)


class Agent:
    """An agent that uses the tools at `/_mock/mcp`."""

    def __init__(self, t: Conversation, path: str = "/_mock/mcp") -> None:
        self._t = t
        self._path = path

    async def send(self, method: str, **parameters: Any) -> Any:
        reply = await self._t.post(self._path, {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def use(self, tool: str, **arguments: Any) -> Any:
        """Use a tool, and return its result. Fails if it is an error."""
        result = (await self.send("tools/call", name=tool, arguments=arguments))["result"]
        assert not result["isError"], result["content"][0]["text"]
        return json.loads(result["content"][0]["text"])

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """Use a tool that cannot do it, and return its message."""
        result = (await self.send("tools/call", name=tool, arguments=arguments))["result"]
        assert result["isError"], result
        return str(result["content"][0]["text"])


async def submit(t: Conversation, prefix: str = "") -> int:
    reply = await t.post(f"{prefix}/videotoprompt/v1/analyze/url", json=VIDEO, headers=KEY)
    return reply.status_code


# The protocol.


def test_there_are_at_most_eight_tools_in_less_than_2000_tokens() -> None:
    assert len(TOOLS) == 8
    # A token is at least three characters of English in JSON, on average.
    assert len(json.dumps([description_of(name) for name in TOOLS])) / 3 < 2_000


@pytest.mark.parametrize("version", ["2024-11-05", "2025-11-25", "1999-01-01"])
async def test_a_client_that_begins_with_a_handshake(version: str) -> None:
    async with Conversation(settings=MCP) as t:
        result = (await Agent(t).send("initialize", protocolVersion=version, capabilities={}))["result"]
        assert result["protocolVersion"] == (version if version in VERSIONS else "2025-11-25")
        assert result["capabilities"] == {"tools": {}}
        notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await t.post("/_mock/mcp", notification)).status_code == 202
        listed = (await Agent(t).send("tools/list"))["result"]
        assert [each["name"] for each in listed["tools"]] == list(TOOLS)


async def test_a_client_without_a_handshake() -> None:
    async with Conversation(settings=MCP) as t:
        result = (await Agent(t).send("server/discover"))["result"]
        assert "2026-07-28" in result["supportedVersions"]
        assert (await Agent(t).send("tools/list"))["result"]["resultType"] == "complete"


@pytest.mark.parametrize(
    ("message", "code"),
    [([], -32600), ({"id": 1, "method": "ping"}, -32600), ({"jsonrpc": "2.0", "id": 1, "method": "nothing"}, -32601),
     ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}, -32602),
     ({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [1]}, -32602)],
)  # fmt: skip
def test_wrong_messages(message: Any, code: int) -> None:
    reply = asyncio.run(answer(message, None, OPERATIONS))  # type: ignore[arg-type]
    assert reply is not None
    assert reply["error"]["code"] == code


async def test_the_tools_are_off_unless_asked_for_and_behind_the_boundary() -> None:
    async with Conversation() as t:
        reply = await t.post("/_mock/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert (reply.status_code, "--mcp" in reply.text) == (404, True)
    async with Conversation(settings=Settings(mcp=True, token="secret")) as t:
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        assert (await t.post("/_mock/mcp", ping, headers={"Authorization": "none"})).status_code == 401
        bearer = {"Authorization": "Bearer secret"}
        assert (await t.post("/_mock/mcp", ping, headers=bearer)).status_code == 200
        page = {**bearer, "Origin": "https://evil.example"}
        assert (await t.post("/_mock/mcp", ping, headers=page)).status_code == 403
        state = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "state"}}
        assert 'isError": false' in (await t.post("/_mock/mcp", state, headers=bearer)).text


# The tools, as an agent uses them one after another.


async def test_an_agent_finds_out_why_a_request_failed_and_tests_the_fix() -> None:
    async with Conversation(settings=MCP) as t:
        agent = Agent(t)
        assert (await agent.use("state"))["requests"] == []
        made = await agent.use("make_scenario", words="the second videotoprompt.analyze_url is rate limited for 20s")
        assert (made["valid"], made["mistakes"], made["warnings"]) == (True, [], [])
        assert (await agent.use("use_scenario", yaml=made["yaml"]))["rules"] > 1
        assert [await submit(t), await submit(t)] == [202, 429]
        state = await agent.use("state")
        assert [each["status"] for each in state["requests"]] == [429, 202]
        explained = await agent.use("explain", request=state["requests"][0]["number"])
        assert "is rate limited for 20s" in explained["rule"]
        assert explained["behaviours"]
        moved = await agent.use("move_clock", until_job=state["jobs"][0]["id"])
        assert moved["events"] >= 0
        assert (await agent.use("state"))["jobs"][0]["status"] == "succeeded"
        assert (await agent.use("verdict"))["requests"] == 2


async def test_faults_and_deliveries() -> None:
    async with Conversation(settings=MCP) as t:
        agent = Agent(t)
        await t.client.patch("/_mock/accounts/key-1", json={"webhook": {"url": "http://127.0.0.1:9000/hook"}})
        assert (await agent.use("arm_fault", operation="videotoprompt.*", kind="overloaded"))["times"] == 1
        assert [await submit(t), await submit(t)] == [503, 202]
        await agent.use("move_clock", advance="1h")
        (delivery,) = (await agent.use("state"))["deliveries"]
        assert delivery["outcome"] == "delivered"
        assert (await agent.use("replay_delivery"))["id"] == delivery["id"]
        await agent.use("move_clock", to_next=True)
        assert len(t.receivers.calls) == 2


async def test_a_sandbox_of_ones_own() -> None:
    async with Conversation(settings=MCP) as t:
        await t.post("/_mock/sandboxes", {"name": "alice"})
        assert await submit(t, "/~alice") == 202
        assert len((await Agent(t).use("state", sandbox="alice"))["requests"]) == 1
        assert len((await Agent(t, "/~alice/_mock/mcp").use("state"))["requests"]) == 1
        assert (await Agent(t).use("state"))["requests"] == []
        assert "sandbox=default lists the sandboxes" in await Agent(t).refusal("state", sandbox="nobody")


REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("state", {"nothing": 1}, "its arguments are limit, sandbox. Next: state"),
    ("state", {"limit": "many"}, "limit must be a whole number from 1 (requests, jobs and webhooks to list"),
    ("state", {"limit": 0}, "Next: state with another limit"),
    ("explain", {"request": "last"}, "(number of the request in `state` (default: the last)), but is 'last'"),
    ("arm_fault", {"kind": "reset", "options": "for: 2s"}, "options must be an object"),
    ("arm_fault", {}, "needs the argument 'kind'"),
    ("arm_fault", {"kind": "rate_limitd"}, "did you mean 'rate_limited'?"),
    ("arm_fault", {"kind": "reset", "operation": "videotoprompt.nothing"}, "Next: arm_fault"),
    ("use_scenario", {"name": "tuor"}, "Next: use_scenario with find"),
    ("use_scenario", {"yaml": "scenario: x\nrulez: []\n"}, "Next: make_scenario with this yaml"),
    ("use_scenario", {"find": "no such words"}, "Next: make_scenario"),
    ("move_clock", {}, "Give exactly one of"),
    ("move_clock", {"until_job": "nothing"}, "Next: state lists the jobs"),
    ("explain", {}, "Next: state"),
    ("replay_delivery", {}, "Next: state"),
    ("replay_delivery", {"id": "dlv_none"}, "Next: state lists the deliveries"),
    ("verdict", {}, "Next: run the client"),
    ("make_scenario", {}, "needs words, or yaml"),
    ("make_scenario", {"words": "something"}, "Providers are videotoprompt"),
    ("make_scenario", {"words": "nanophoto is nice"}, "do not say what goes wrong"),
    ("make_scenario", {"words": "descrideo is slow, then fails"}, "latency and that something fails"),
    ("make_scenario", {"words": "videotoprompt gets 429, then 503"}, "rate_limited and overloaded"),
    ("make_scenario", {"words": "nanophoto is slow and the job fails"}, "latency and that the job fails"),
]


async def test_every_refusal_names_what_to_call_next() -> None:
    async with Conversation(settings=MCP) as t:
        for tool, arguments, expected in REFUSALS:
            assert expected in await Agent(t).refusal(tool, **arguments), (tool, arguments)


async def test_numbers_may_be_texts() -> None:
    async with Conversation(settings=MCP) as t:
        for _ in range(2):
            await t.post("/videotoprompt/v1/analyze/url", json={"url": "https://example.com/a.mp4"}, headers=KEY)
        agent = Agent(t)
        assert (await agent.use("explain", request="1"))["number"] == 1
        assert len((await agent.use("state", limit="1", sandbox=None))["requests"]) == 1


async def test_mistakes_of_own_yaml_are_returned_with_their_lines() -> None:
    async with Conversation(settings=MCP) as t:
        made = await Agent(t).use("make_scenario", yaml="scenario: x\nrulez: []\n")
        assert (made["valid"], made["mistakes"][0]["line"]) == (False, 2)
        scenarios = (await Agent(t).use("use_scenario", find="nanophoto stream cut"))["scenarios"]
        assert "nanophoto-stream-cut-at-byte" in scenarios


# Scenarios from words.


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the third nanophoto reverse prompt times out", ("nanophoto.reverse_prompt", "nth: 3", "kind: hang")),
        ("PromptToVideo generate: the reply is lost", ("prompttovideo.generate", "phase: after_commit")),
        ("all requests get 503 twice", ('operation: "*"', "times: 2", "kind: overloaded")),
        ("DumplingAI is slow, 3 seconds", ("dumplingai.*", "kind: latency, for: 3s")),
        ("Descrideo job fails", ("descrideo.*", "plan: failing")),
        ("out of credits at prompttovideo", ("kind: insufficient_credits",)),
        ("the next 5 videotoprompt requests are throttled for 2 minutes", ("times: 5", "retry_after: 2m")),
        ("videotoprompt: the connection resets", ("kind: reset",)),
    ],
)
def test_words_become_a_valid_scenario(words: str, expected: tuple[str, ...]) -> None:
    yaml, assertions = scenario_of(words, OPERATIONS)
    assert [part for part in expected if part not in yaml] == []
    providers = all_providers()
    Library(catalogue_of(summaries()), providers).program_of_text(yaml, "made")
    for each in assertions:
        compile(each, "assertion", "exec")


@pytest.mark.parametrize(
    ("words", "requests"),
    [
        ("the second videotoprompt.analyze_url is rate limited", 3),
        ("the second prompttovideo.generate is paid for but the reply is lost", 2),
        ("the second nanophoto.sora_2_generate has an invalid key", 2),
    ],
)
def test_a_request_is_expected_again_only_if_it_was_not_done(words: str, requests: int) -> None:
    _, assertions = scenario_of(words, OPERATIONS)
    assert assertions[0].endswith(f", at_least={requests})")


@pytest.mark.parametrize("words", ["", "hello", "videotoprompt", "503", "   ", "\"'{}: &*"])
def test_words_that_do_not_say_enough_are_not_guessed(words: str) -> None:
    with pytest.raises(NotUnderstood):
        scenario_of(words, OPERATIONS)


# Over standard input and output.


def spoken(url: str, *messages: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch, token: str = "") -> list[Any]:
    """Run `mockserver mcp` with these messages on its standard input, and return its answers."""
    text = "".join(f"{json.dumps(each) if not isinstance(each, str) else each}\n" for each in messages)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert main(["mcp", "--url", url, *(["--token", token] if token else [])]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def test_the_command_speaks_line_by_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with live_server(create_app(Settings(token="secret"))) as base:
        messages = ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, "{nonsense", {"jsonrpc": "2.0", "method": "x"},
                    call("make_scenario", words="videotoprompt gets 503"))  # fmt: skip
        ping, wrong, made = spoken(base, *messages, capsys=capsys, monkeypatch=monkeypatch, token="secret")
        assert ping["result"] == {"resultType": "complete"}
        assert wrong["error"]["code"] == -32700
        assert json.loads(made["result"]["content"][0]["text"])["valid"]
        (refused,) = spoken(base, call("state"), capsys=capsys, monkeypatch=monkeypatch)
        assert "Start this tool with --token or MOCKSERVER_TOKEN" in refused["result"]["content"][0]["text"]


def test_a_server_that_does_not_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (answered,) = spoken("http://127.0.0.1:9", call("state"), capsys=capsys, monkeypatch=monkeypatch)
    assert answered["result"]["isError"]
    assert "mockserver serve" in answered["result"]["content"][0]["text"]


# What is kept for agents.


async def test_llms_txt_is_served_and_in_the_repository() -> None:
    text = (ROOT / "llms.txt").read_text("utf-8")
    async with Conversation() as t:
        reply = await t.get("/_mock/llms.txt")
        assert (reply.text, reply.headers["content-type"]) == (text, "text/plain; charset=utf-8")
        for path in re.findall(r"`(/_mock/[a-z/.]+)`", text):
            assert (await t.get(path)).status_code in (200, 405), path
    for path in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / path).is_file(), path


def test_the_skill_names_scenarios_and_assertions_that_exist(tmp_path: Path) -> None:
    text = (ROOT / "skills" / "mockserver" / "SKILL.md").read_text("utf-8")
    assert text.startswith("---\nname: mockserver\ndescription: ")
    rows = re.findall(r"^\| (?!symptom|---)(.+?) \| `([\w-]+)`.* \| `(.+)` \|$", text, re.MULTILINE)
    assert len(rows) > 12
    names = Library(catalogue_of(summaries()), all_providers()).names()
    for _, scenario, assertion in rows:
        assert scenario in names
        with MockServer() as mock:
            try:
                exec(compile(assertion, scenario, "exec"), {"mockserver": mock})
            except (AssertionError, IndexError):
                continue  # what it asserts has not happened; everything that it uses exists
    named = set(re.findall(r'named\("(\w+)"\)', text))
    assert named <= RULE_NAMES
