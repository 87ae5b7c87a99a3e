"""Every document is held to the server, and the server to every document."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_app
from mockserver.openapi import document, names
from mockserver.settings import Settings
from tests.contract import operation, reply_problems
from tests.conversation import Conversation
from tests.fuzzing import BEYOND_SCHEMA, Run, fuzz
from tests.live import live_server

# So few examples that all documents together take half a minute; the long form has as many as it takes.
FEW, MANY = 6, 120
CASES = 20_000
# Its exhaustive phase alone has two thousand requests.
LARGE = ("use_scenario",)
every_document = pytest.mark.parametrize("name", names())

URL = {"url": "https://example.com/a.mp4"}
JSON = {"content-type": "application/json"}
LIMITS = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59", "x-ratelimit-reset": "1748779260"}


def told(run: Run) -> str:
    return "\n\n".join(f"{what}\n{how}" for what, how in run.found.items())


@every_document
def test_schemathesis_finds_nothing(name: str) -> None:
    run = fuzz(name, seed=1, examples=FEW, without=LARGE)
    assert not run.found, told(run)
    assert run.requests > 30


@pytest.mark.slow
@every_document
def test_schemathesis_finds_nothing_in_many_cases(name: str) -> None:
    requests, seed = 0, 0
    while requests < CASES // len(names()):
        seed += 1
        run = fuzz(name, seed=seed, examples=MANY)
        assert not run.found, f"seed {seed}: {told(run)}"
        requests += run.requests


ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in names() if name != "control"])
def test_the_command_finds_nothing_in_what_is_served(name: str) -> None:
    """With the scenario `default`, where any key will do and nothing is known of what will be asked."""
    key = "nxt_test-key" if name == "descrideo" else "test-key"
    flags = ["--seed", "20261122", "-n", "60", "--generation-database", "none", "-H", f"Authorization: Bearer {key}"]
    with live_server(create_app(Settings(clock="auto"))) as base:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{base}/_mock/openapi/{name}", *flags]
        # In the directory where the configuration is found.
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout[-10_000:]
    assert "Test cases:" in run.stdout


def test_the_configuration_for_the_command_says_no_more_than_it_must() -> None:
    """What it lets pass are operations whose rules JSON Schema cannot say; it names none that is not there."""
    told = tomllib.loads((ROOT / "schemathesis.toml").read_text("utf-8"))["operations"]
    eased = {each["include-operation-id"] for each in told if "checks" in each}
    assert eased == {"analyze_url", "analyze_upload"}
    assert len(eased) == len(BEYOND_SCHEMA["videotoprompt"])
    paths = document("videotoprompt")["paths"].values()
    assert eased <= {method["operationId"] for item in paths for method in item.values()}
    assert not BEYOND_SCHEMA.keys() - {"videotoprompt", "control"}


@pytest.mark.parametrize(
    ("path", "taken"),
    [("", True), ("/", True), ("/a.MP4?x=y.txt", True), ("/v1.2/clip", True), ("/a.", True), ("/a.f-1", True),
     ("/a.ninechars", True), ("/a.b/c.3gp#d.e", True), ("/a.f", False), ("/a.mp4.f", False), ("/6'l3N.f", False),
     ("//a.f?b.mp4", False)],
)  # fmt: skip
async def test_the_document_admits_the_urls_that_are_taken(path: str, taken: bool) -> None:
    url = f"https://example.com{path}"
    video = document("dumplingai")["components"]["schemas"]["ExtractVideo"]["oneOf"][0]["properties"]["video"]
    assert bool(re.search(video["pattern"], url)) == taken

    async with Conversation() as c:
        asked = {"inputMethod": "url", "video": url, "prompt": "What is shown?"}
        reply = await c.post("/dumplingai/api/v1/extract-video", asked)
        assert reply.status_code == (200 if taken else 400)


def problems(
    status: int, body: bytes, headers: dict[str, str] | None = None, path: str = "/v1/analyze/url"
) -> list[str]:
    whole = {**LIMITS, **JSON} if headers is None else headers
    return list(reply_problems("videotoprompt", "POST", path, status, whole, body))


def test_a_reply_is_held_to_its_document() -> None:
    good = b'{"id":"ana_1","status":"pending","created_at":"2025-06-01T12:00:00Z","platform":"sora"}'
    assert problems(202, good) == []
    assert problems(418, good)[0].startswith("the status 418")
    assert problems(202, good, JSON) == [f"the header {name} is missing" for name in _shown(LIMITS)]
    assert problems(202, good, {**LIMITS, **JSON, "x-ratelimit-limit": "many"}) != []
    assert "content type" in problems(202, good, {**LIMITS, "content-type": "text/html"})[0]
    assert "not JSON" in problems(202, b"{")[0]
    assert problems(202, good.replace(b"sora", b"imovie")) != []
    assert problems(202, good.replace(b"2025-06-01T12", b"yesterday")) != []
    assert problems(202, good.replace(b"}", b',"more":1}')) != []


def _shown(headers: dict[str, str]) -> list[str]:
    return ["X-RateLimit-" + name.rpartition("-")[2].capitalize() for name in headers]


def test_concrete_paths_go_before_templates() -> None:
    assert operation("videotoprompt", "GET", "/v1/analyze/url") is None
    found = operation("videotoprompt", "HEAD", "/v1/analyze/ana_1")
    assert found is not None
    assert found[1]["operationId"] == "get_analysis"


def rule(**more: Any) -> dict[str, Any]:
    return {"rules": [{"name": "wrong", "operation": "*", **more}]}


async def test_a_wrong_reply_fails_the_conversation_that_got_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Conversation() as c:
        provider = c.app.provider("videotoprompt")
        monkeypatch.setattr(provider, "usage_headers", lambda usage: ())
        with pytest.raises(AssertionError, match="X-RateLimit-Limit is missing"):
            await c.post("/v1/analyze/url", URL)


@pytest.mark.parametrize(
    ("scenario", "status"),
    [
        (rule(reply={"surprise": 1}), 202),
        (rule(fault={"kind": "not_found"}), 404),
        (rule(fault={"kind": "truncate"}), 202),
        (rule(fault={"kind": "garble"}), 202),
    ],
)
async def test_what_a_scenario_asks_for_may_break_the_contract(scenario: dict[str, Any], status: int) -> None:
    async with Conversation(scenario) as c:
        try:
            assert (await c.post("/v1/analyze/url", URL)).status_code == status
        except ConnectionResetError:
            assert scenario["rules"][0]["fault"]["kind"] == "truncate"


async def test_a_wrong_webhook_fails_the_conversation_it_was_sent_in(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}

    async def converse() -> None:
        async with Conversation({"accounts": [{"key": "*", "webhook": hook}]}) as c:
            monkeypatch.setattr(c.app.provider("videotoprompt"), "signed", lambda delivery, at: ())
            await c.post("/v1/analyze/url", URL)
            await c.advance(60)
            assert len(c.receivers.calls) >= 1

    with pytest.raises(AssertionError, match="X-V2P-Signature is missing"):
        await converse()
