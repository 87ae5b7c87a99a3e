"""The server's replies and webhooks match the OpenAPI documents, and the documents match the server."""

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

# With so few examples, all documents together take half a minute. The slow test has many, until it has sent CASES.
FEW, MANY = 1, 120
CASES = 20_000
# The exhaustive phase of each of the first two operations, which take a whole scenario, has two thousand requests. The
# others are like one that has it.
WITHOUT_EXHAUSTIVE_PHASE = (
    "use_scenario", "check_scenario", "generate_prompt", "nano_banana_2_check_status", "nano_banana_2_generate",
    "remove_watermark", "seedance_1_5_pro_check_status", "seedance_1_5_pro_generate", "sora_2_tvc_check_status",
    "sora_2_tvc_generate", "veo_3_generate",
)  # fmt: skip
# This document has 43 operations, whose exhaustive phases have four thousand requests.
LARGE = "dumplingai"
every_document = pytest.mark.parametrize("name", names())

URL = {"url": "https://example.com/a.mp4"}
JSON = {"content-type": "application/json"}
LIMITS = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59", "x-ratelimit-reset": "1748779260"}


def described(run: Run) -> str:
    return "\n\n".join(f"{failure}\n{example}" for failure, example in run.failures.items())


def operation_ids(name: str) -> list[str]:
    """Return the ids of all operations of a document."""
    return [method["operationId"] for item in document(name)["paths"].values() for method in item.values()]


@every_document
def test_schemathesis_finds_no_failure(name: str) -> None:
    without: tuple[str, ...] = WITHOUT_EXHAUSTIVE_PHASE
    if name == LARGE:
        without = tuple(each for each in operation_ids(name) if each != "extract_video")
    run = fuzz(name, seed=1, examples=FEW, without=without)
    assert not run.failures, described(run)
    assert run.requests > 30


@pytest.mark.slow
@every_document
def test_schemathesis_finds_no_failure_in_many_cases(name: str) -> None:
    requests, seed = 0, 0
    while requests < CASES // len(names()):
        seed += 1
        run = fuzz(name, seed=seed, examples=MANY)
        assert not run.failures, f"seed {seed}: {described(run)}"
        requests += run.requests


ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in names() if name != "control"])
def test_the_schemathesis_command_finds_no_failure_in_a_served_document(name: str) -> None:
    """The server has the scenario `default`, which accepts any key."""
    key = "nxt_test-key" if name == "descrideo" else "test-key"
    flags = ["--seed", "20261122", "-n", "60", "--generation-database", "none", "-H", f"Authorization: Bearer {key}"]
    with live_server(create_app(Settings(clock="auto"))) as base:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{base}/_mock/openapi/{name}", *flags]
        # The command finds its configuration in the working directory.
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout[-10_000:]
    assert "Test cases:" in run.stdout


def test_the_configuration_of_the_command_relaxes_checks_only_where_json_schema_cannot_state_a_rule() -> None:
    operations = tomllib.loads((ROOT / "schemathesis.toml").read_text("utf-8"))["operations"]
    relaxed = {each["include-operation-id"] for each in operations if "checks" in each}
    expected = {
        "videotoprompt": {"analyze_url", "analyze_upload"},
        "nanophoto": {"veo_3_generate"},
        "dumplingai": {"trim_video", "video_trim", "run", "run_js_code", "run_python_code"},
    }
    assert relaxed == set().union(*expected.values())
    for name, relaxed_here in expected.items():
        assert relaxed_here <= set(operation_ids(name))
    assert BEYOND_SCHEMA.keys() - {"control"} == expected.keys()


@pytest.mark.parametrize(
    ("path", "accepted"),
    [("", True), ("/", True), ("/a.MP4?x=y.txt", True), ("/v1.2/clip", True), ("/a.", True), ("/a.f-1", True),
     ("/a.ninechars", True), ("/a.b/c.3gp#d.e", True), ("/a.f", False), ("/a.mp4.f", False), ("/6'l3N.f", False),
     ("//a.f?b.mp4", False)],
)  # fmt: skip
async def test_the_document_allows_the_urls_that_are_accepted(path: str, accepted: bool) -> None:
    url = f"https://example.com{path}"
    video = document("dumplingai")["components"]["schemas"]["ExtractVideo"]["oneOf"][0]["properties"]["video"]
    assert bool(re.search(video["pattern"], url)) == accepted

    async with Conversation() as c:
        body = {"inputMethod": "url", "video": url, "prompt": "What is shown?"}
        reply = await c.post("/dumplingai/api/v1/extract-video", body)
        assert reply.status_code == (200 if accepted else 400)


def problems(
    status: int, body: bytes, headers: dict[str, str] | None = None, path: str = "/v1/analyze/url"
) -> list[str]:
    headers = {**LIMITS, **JSON} if headers is None else headers
    return list(reply_problems("videotoprompt", "POST", path, status, headers, body))


def test_the_problems_of_a_reply_are_found() -> None:
    good = b'{"id":"ana_1","status":"pending","created_at":"2025-06-01T12:00:00Z","platform":"sora"}'
    assert problems(202, good) == []
    assert problems(418, good)[0].startswith("the status 418")
    assert problems(202, good, JSON) == [
        f"the header X-RateLimit-{name} is missing" for name in ("Limit", "Remaining", "Reset")
    ]
    assert problems(202, good, {**LIMITS, **JSON, "x-ratelimit-limit": "many"}) == [
        """the header X-RateLimit-Limit: "many" is not of type "integer\""""
    ]
    assert "content type" in problems(202, good, {**LIMITS, "content-type": "text/html"})[0]
    assert "not JSON" in problems(202, b"{")[0]
    assert problems(202, good.replace(b"sora", b"imovie"))[0].startswith('platform: "imovie" is not one of')
    assert problems(202, good.replace(b"2025-06-01T12", b"yesterday"))[0].startswith("created_at: ")
    assert "'more' was unexpected" in problems(202, good.replace(b"}", b',"more":1}'))[0]


def test_paths_without_parameters_take_precedence_over_templates() -> None:
    assert operation("videotoprompt", "GET", "/v1/analyze/url") is None
    match = operation("videotoprompt", "HEAD", "/v1/analyze/ana_1")
    assert match is not None
    assert match[1]["operationId"] == "get_analysis"


def rule(**more: Any) -> dict[str, Any]:
    return {"rules": [{"name": "wrong", "operation": "*", **more}]}


async def test_a_reply_outside_the_document_fails_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
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
        (rule(fault={"kind": "garble"}), 202),
    ],
)
async def test_a_scenario_may_break_the_contract(scenario: dict[str, Any], status: int) -> None:
    async with Conversation(scenario) as c:
        assert (await c.post("/v1/analyze/url", URL)).status_code == status


async def test_a_scenario_may_truncate_a_reply() -> None:
    async with Conversation(rule(fault={"kind": "truncate"})) as c:
        with pytest.raises(ConnectionResetError):
            await c.post("/v1/analyze/url", URL)


async def test_a_webhook_outside_the_document_fails_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}

    async def converse() -> None:
        async with Conversation({"accounts": [{"key": "*", "webhook": hook}]}) as c:
            monkeypatch.setattr(c.app.provider("videotoprompt"), "signed", lambda delivery, at: ())
            await c.post("/v1/analyze/url", URL)
            await c.advance(60)
            assert len(c.receivers.calls) >= 1

    with pytest.raises(AssertionError, match="X-V2P-Signature is missing"):
        await converse()
