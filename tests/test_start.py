"""What a server loads and builds before its first reply, and what it leaves until somebody asks for it.

Each script runs in a process of its own: in this one, other tests have loaded everything.
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

# A client of a server in the same process. What this imports itself is not asked for.
_TALK = """
import asyncio, httpx2, sys
from mockserver.app import create_app
BODY = {"url": "https://example.com/hike.mp4"}
KEY = {"authorization": "Bearer test-key"}
def loaded(package):
    return sorted(m.removeprefix(package + ".") for m in sys.modules if m.startswith(package))
async def talk(story):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=create_app()), base_url="http://localhost") as c:
        await story(c)
"""
_PROBED = """
async def story(client):
    for path in ("/_mock/health", "/_mock/ready"):
        print((await client.get(path)).status_code, loaded("mockserver.control"))
    print((await client.get("/_mock/clock")).status_code, "adapter" in loaded("mockserver.control"))
asyncio.run(talk(story))
"""

# After each request, which providers are loaded.
_ASKED = """
async def story(client):
    async def ask(method, path, **more):
        reply = await client.request(method, path, headers={**KEY, **more.pop("headers", {})}, **more)
        print(reply.status_code, *(m for m in loaded("mockserver.providers") if m in NAMES))
    NAMES = ("videotoprompt", "prompttovideo", "nanophoto", "descrideo", "dumplingai")
    await ask("GET", "/_mock/ready")
    %s
asyncio.run(talk(story))
"""


def printed(script: str) -> str:
    """What a script prints."""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.strip()


def test_a_start_with_the_default_scenario_builds_no_validator_of_scenarios() -> None:
    assert printed(_BUILT) == "[]"


def test_probes_are_answered_before_the_control_api_is_loaded() -> None:
    assert printed(_TALK + _PROBED).splitlines() == ["200 []", "200 []", "200 True"]


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_probes_get_what_the_control_api_would_answer(path: str) -> None:
    async with Conversation() as c:
        by_the_server = await c.get(f"/_mock{path}")
        # What browsers send, the control API looks at.
        by_the_api = await c.get(f"/_mock{path}", headers={"sec-fetch-site": "none"})
        assert by_the_server.headers == by_the_api.headers
        assert by_the_server.content == by_the_api.content
        assert (await c.get(f"/_mock{path}", headers={"sec-fetch-site": "cross-site"})).status_code == 403
        assert (await c.get(f"/_mock{path}", headers={"origin": "https://evil.example"})).status_code == 403
        assert (await c.post(f"/_mock{path}")).status_code == 405


@pytest.mark.parametrize(
    ("asked", "loads"),
    [
        ('await ask("GET", "/descrideo/nothing")', "404 descrideo"),
        ('await ask("GET", "/api/v1/account", headers={"host": "prompttovideo.com"})', "200 prompttovideo"),
        ('await ask("POST", "/~default/dumplingai/api/v1/extract-video", json={})', "400 dumplingai"),
        # A bare path is looked up in one provider after the other, up to the first that has it.
        ('await ask("POST", "/v1/analyze/url", json=BODY)', "202 videotoprompt"),
        ('await ask("GET", "/nowhere")', "404 descrideo dumplingai nanophoto prompttovideo videotoprompt"),
    ],
)
def test_a_provider_is_loaded_for_the_first_request_to_it(asked: str, loads: str) -> None:
    assert printed(_TALK + _ASKED % asked).splitlines() == ["200", loads]


def test_the_summaries_are_those_of_the_providers() -> None:
    assert tuple(summary(each) for each in registry.all_providers()) == SUMMARIES, "make summaries"


def test_a_provider_without_a_summary_is_served_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SUMMARIES", SUMMARIES[1:])
    assert registry.summaries() == SUMMARIES


def test_a_summary_that_is_not_true_any_more_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SUMMARIES[0]._replace(operations=SUMMARIES[0].operations[1:])
    monkeypatch.setattr(registry, "SUMMARIES", (old, *SUMMARIES[1:]))
    with pytest.raises(RuntimeError, match="make summaries"):
        create_app().provider("videotoprompt")


def test_what_scenarios_may_name_needs_no_provider() -> None:
    assert catalogue_of(SUMMARIES) == catalogue(registry.all_providers())
