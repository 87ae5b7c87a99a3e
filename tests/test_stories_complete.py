"""Every bundled scenario is told by a test, and every documented error, status and limit has a bundled scenario."""

import re
from collections.abc import AsyncIterator, Callable
from functools import cache
from pathlib import Path
from typing import Any, get_args

import httpx2
import pytest

from mockserver.catalogue import catalogue
from mockserver.core.faults import Refusal
from mockserver.providers.base import Provider
from mockserver.registry import all_providers
from mockserver.scenarios import Library, bundled_dir
from tests.conversation import Conversation
from tests.stories import ASKED, ERRORS, LIMITS, OF_THE_REQUEST, STATUSES, Asked

Talk = Callable[..., None]

PROVIDERS = {p.name: p for p in all_providers()}
BUNDLED = sorted(path.stem for path in bundled_dir().glob("*.yaml"))
HOUR = 3600
# As often as the largest of the limits that are used up here allows, and once more.
MOST_ROUNDS = 61


def rows(table: dict[str, dict[Any, Any]]) -> list[tuple[str, Any, Any]]:
    return [(provider, what, how) for provider, listed in table.items() for what, how in listed.items()]


@cache
def library() -> Library:
    providers = all_providers()
    return Library(catalogue(providers), providers)


@cache
def written() -> dict[str, str]:
    """The tests, by file."""
    here = Path(__file__)
    return {p.name: p.read_text("utf-8") for p in here.parent.glob("test_*.py") if p.name != here.name}


# Every scenario is told.


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_scenario_says_what_it_shows_and_can_be_followed(name: str) -> None:
    program = library().program(name)
    assert program.name == name
    assert program.source.description.strip().endswith((".", "?"))


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_scenario_is_told_by_a_test(name: str) -> None:
    """By its whole name, or by what follows the first word of it in the tests of the stories of that name."""
    family, _, rest = name.partition("-")
    told = re.compile(rf"[\"'/ ]{re.escape(name)}[\"'. ]")
    stories = re.compile(rf"\"{re.escape(rest)}\"|def {re.escape(rest.replace('-', '_'))}\(")
    by_family = stories.search(written().get(f"test_{family}_stories.py", ""))
    assert by_family or any(told.search(text) for text in written().values())


# Every error, status and limit has its scenario.


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_documented_error_has_a_scenario(name: str) -> None:
    provider = PROVIDERS[name]
    assert set(provider.codes) <= set(ERRORS[name])
    documented = {code for o in provider.operations for code in o.replies if code >= 400}
    assert documented - OF_THE_REQUEST <= {told_by(provider, what)[0] for what in ERRORS[name]}


@pytest.mark.parametrize(
    ("name", "status", "scenario"), [(p, *row) for p, (_, s) in STATUSES.items() for row in s.items()]
)
def test_a_status_has_a_scenario_that_leads_to_it(talk: Talk, name: str, status: str, scenario: str) -> None:
    async def story(t: Conversation) -> None:
        asked = ASKED[name]
        made = await t.post(asked.path, asked.bodies[0], headers=by(asked))
        await t.advance(HOUR)
        reply = await t.get(asked.status.format(made.json()[asked.id]), headers=by(asked))
        assert reply.json()["status"] == status

    talk(story, {"extends": f"{name}-{scenario}"})


@pytest.mark.parametrize("name", STATUSES)
def test_every_status_has_a_scenario(name: str) -> None:
    documented, told = STATUSES[name]
    assert set(get_args(documented)) == set(told)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_counted_limit_has_a_scenario(name: str) -> None:
    assert set(PROVIDERS[name].periods) == set(LIMITS[name])


@pytest.mark.parametrize(("name", "what", "scenario"), rows(ERRORS))
def test_an_error_has_a_scenario_that_shows_it(talk: Talk, name: str, what: int | str, scenario: str) -> None:
    error = told_by(PROVIDERS[name], what)
    assert_shown(talk, f"{name}-{scenario}", error)


@pytest.mark.parametrize(("name", "limit", "told"), rows(LIMITS))
def test_a_limit_has_a_scenario_that_uses_it_up(talk: Talk, name: str, limit: str, told: tuple[str, int]) -> None:
    scenario, status = told
    assert_shown(talk, f"{name}-{scenario}", (status, None))


def told_by(provider: Provider, what: int | str) -> tuple[int, str | None]:
    """The status of an error, and the code in its body where the provider has one there."""
    if isinstance(what, int):
        return what, None
    reply = provider.spell(Refusal(f"{provider.name}:{what}"))
    return reply.status, reply.body.get("errorCode")


def assert_shown(talk: Talk, scenario: str, error: tuple[int, str | None]) -> None:
    """The scenario refuses something in that way, which the neutral one does not."""
    asked = next(ASKED[start] for start in sorted(ASKED, key=len, reverse=True) if scenario.startswith(start))
    clock = {"mode": asked.clock}

    async def neutral(t: Conversation) -> None:
        assert not any(shows(reply, error) for reply in [r async for r in replies(t, asked)])

    async def story(t: Conversation) -> None:
        for _ in range(MOST_ROUNDS):
            async for reply in replies(t, asked):
                if shows(reply, error):
                    return
        raise AssertionError(f"{scenario} shows no {error}")

    talk(neutral, {"extends": "default", "clock": clock})
    talk(story, {"extends": scenario, "clock": clock})


async def replies(t: Conversation, asked: Asked) -> AsyncIterator[httpx2.Response]:
    """What the provider says to each request for work, and to a look at it."""
    for body in asked.bodies:
        made = await t.post(asked.path, body, headers=by(asked))
        yield made
        if asked.id and made.status_code < 400:
            yield await t.get(asked.status.format(made.json()[asked.id]), headers=by(asked))


def shows(reply: httpx2.Response, error: tuple[int, str | None]) -> bool:
    status, code = error
    return reply.status_code == status and (code is None or reply.json()["errorCode"] == code)


def by(asked: Asked) -> dict[str, str]:
    return {"Authorization": f"Bearer {asked.key}"}
