"""Every bundled scenario can be followed, says what it shows, and is told by a test."""

import re
from functools import cache
from pathlib import Path

import pytest

from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library, bundled_dir

BUNDLED = sorted(path.stem for path in bundled_dir().glob("*.yaml"))


@cache
def library() -> Library:
    providers = all_providers()
    return Library(catalogue(providers), providers)


@cache
def written() -> dict[str, str]:
    """The tests, by file."""
    here = Path(__file__)
    return {p.name: p.read_text("utf-8") for p in here.parent.glob("test_*.py") if p.name != here.name}


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
