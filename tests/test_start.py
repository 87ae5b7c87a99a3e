"""What a server imports and builds before its first reply, and what only when it is needed.

Each script runs in another process, because other tests have imported everything in this one.
"""

import subprocess
import sys

import pytest

from mockserver.app import create_app
from mockserver.kit.catalogue import catalogue, catalogue_of
from mockserver.kit.summary import summary
from mockserver.providers import registry
from mockserver.providers.summaries import SUMMARIES
from tests.conversation import Conversation

_BUILT = """
from pydantic import BaseModel
from mockserver.app import create_app
from mockserver.core import scenario
create_app()
models = [m for m in vars(scenario).values() if isinstance(m, type) and issubclass(m, BaseModel)]
print([m.__name__ for m in models if m.__pydantic_complete__])
"""

# A client of a server in the same process. The tests do not check what this script itself imports.
_CLIENT = """
import asyncio, httpx2, sys
from mockserver.app import create_app
BODY = {"url": "https://example.com/hike.mp4"}
KEY = {"authorization": "Bearer test-key"}
def loaded(package):
    return sorted(m.removeprefix(package + ".") for m in sys.modules if m.startswith(package))
async def run(requests):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=create_app()), base_url="http://localhost") as c:
        await requests(c)
"""
_HEALTH_CHECKS = """
async def requests(client):
    for path in ("/_mock/health", "/_mock/ready"):
        print((await client.get(path)).status_code, loaded("mockserver.control"))
    print((await client.get("/_mock/clock")).status_code, "adapter" in loaded("mockserver.control"))
asyncio.run(run(requests))
"""

# Prints which providers are loaded after each request.
_REQUESTS = """
async def requests(client):
    async def send(method, path, **more):
        reply = await client.request(method, path, headers={**KEY, **more.pop("headers", {})}, **more)
        print(reply.status_code, *(m for m in loaded("mockserver.providers") if m in NAMES))
    NAMES = ("videotoprompt", "prompttovideo", "nanophoto", "descrideo", "dumplingai")
    await send("GET", "/_mock/ready")
    %s
asyncio.run(run(requests))
"""


def output_of(script: str) -> str:
    """Run a script and return its output."""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.strip()


def test_a_start_with_the_default_scenario_builds_no_validators_of_scenarios() -> None:
    assert output_of(_BUILT) == "[]"


def test_health_checks_are_answered_before_the_control_api_is_loaded() -> None:
    assert output_of(_CLIENT + _HEALTH_CHECKS).splitlines() == ["200 []", "200 []", "200 True"]


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_health_checks_get_the_same_answer_as_from_the_control_api(path: str) -> None:
    async with Conversation() as c:
        by_the_server = await c.get(f"/_mock{path}")
        # Requests with browser headers go to the control API.
        by_the_api = await c.get(f"/_mock{path}", headers={"sec-fetch-site": "none"})
        assert by_the_server.headers == by_the_api.headers
        assert by_the_server.content == by_the_api.content
        assert (await c.get(f"/_mock{path}", headers={"sec-fetch-site": "cross-site"})).status_code == 403
        assert (await c.get(f"/_mock{path}", headers={"origin": "https://evil.example"})).status_code == 403
        assert (await c.post(f"/_mock{path}")).status_code == 405


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        ('await send("GET", "/descrideo/nothing")', "404 descrideo"),
        ('await send("GET", "/api/v1/account", headers={"host": "prompttovideo.com"})', "200 prompttovideo"),
        ('await send("POST", "/~default/dumplingai/api/v1/extract-video", json={})', "400 dumplingai"),
        # For a bare path, one provider after another is loaded until one has the path.
        ('await send("POST", "/v1/analyze/url", json=BODY)', "202 videotoprompt"),
        ('await send("GET", "/nowhere")', "404 descrideo dumplingai nanophoto prompttovideo videotoprompt"),
    ],
)
def test_a_provider_is_loaded_for_the_first_request_to_it(request_: str, line: str) -> None:
    assert output_of(_CLIENT + _REQUESTS % request_).splitlines() == ["200", line]


def test_the_summaries_match_the_providers() -> None:
    assert tuple(summary(each) for each in registry.all_providers()) == SUMMARIES, "make summaries"


def test_a_provider_without_a_summary_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SUMMARIES", SUMMARIES[1:])
    assert registry.summaries() == SUMMARIES


def test_an_outdated_summary_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SUMMARIES[0]._replace(operations=SUMMARIES[0].operations[1:])
    monkeypatch.setattr(registry, "SUMMARIES", (old, *SUMMARIES[1:]))
    with pytest.raises(RuntimeError, match="make summaries"):
        create_app().provider("videotoprompt")


def test_the_names_for_scenarios_are_known_without_loading_a_provider() -> None:
    assert catalogue_of(SUMMARIES) == catalogue(registry.all_providers())
