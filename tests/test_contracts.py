"""Every document is held to the server, and the server to every document."""

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.openapi import names
from tests.contract import operation, reply_problems
from tests.conversation import Conversation
from tests.fuzzing import Run, fuzz

Talk = Callable[..., None]

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


def test_a_wrong_reply_fails_the_conversation_that_got_it(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(c: Conversation) -> None:
        provider = c.app.provider("videotoprompt")
        monkeypatch.setattr(provider, "limit_headers", lambda usage: ())
        with pytest.raises(AssertionError, match="X-RateLimit-Limit is missing"):
            await c.post("/v1/analyze/url", URL)

    talk(story)


@pytest.mark.parametrize(
    ("scenario", "status"),
    [
        (rule(reply={"surprise": 1}), 202),
        (rule(fault={"kind": "not_found"}), 404),
        (rule(fault={"kind": "truncate"}), 202),
        (rule(fault={"kind": "garble"}), 202),
    ],
)
def test_what_a_scenario_asks_for_may_break_the_contract(talk: Talk, scenario: dict[str, Any], status: int) -> None:
    async def story(c: Conversation) -> None:
        try:
            assert (await c.post("/v1/analyze/url", URL)).status_code == status
        except ConnectionResetError:
            assert scenario["rules"][0]["fault"]["kind"] == "truncate"

    talk(story, scenario)


def test_a_wrong_webhook_fails_the_conversation_it_was_sent_in(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = {"url": "http://127.0.0.1:9000/hook", "secret": "whsec_1"}

    async def story(c: Conversation) -> None:
        monkeypatch.setattr(c.app.provider("videotoprompt"), "signed", lambda delivery, at: ())
        await c.post("/v1/analyze/url", URL)
        await c.advance(60)
        assert len(c.receivers.calls) >= 1

    with pytest.raises(AssertionError, match="X-V2P-Signature is missing"):
        talk(story, {"accounts": [{"key": "*", "webhook": hook}]})
