"""Every bundled scenario compiles, has a description, and is used by a test."""

import re
from functools import cache
from pathlib import Path

from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library, bundled_dir

BUNDLED = sorted(path.stem for path in bundled_dir().glob("*.yaml"))


@cache
def library() -> Library:
    providers = all_providers()
    return Library(catalogue(providers), providers)


@cache
def sources_of_tests() -> dict[str, str]:
    """The text of each test file, by its name."""
    here = Path(__file__)
    return {p.name: p.read_text("utf-8") for p in here.parent.glob("test_*.py") if p.name != here.name}


def test_every_bundled_scenario_compiles_under_its_own_name_and_is_described() -> None:
    programs = {name: library().program(name) for name in BUNDLED}
    assert [name for name, program in programs.items() if program.name != name] == []
    descriptions = {name: program.source.description.strip() for name, program in programs.items()}
    assert [name for name, text in descriptions.items() if not text.endswith((".", "?"))] == []


def test_every_bundled_scenario_is_used_by_a_test() -> None:
    assert len(BUNDLED) > 100
    assert [name for name in BUNDLED if not _is_used(name)] == []
    assert not _is_used("videotoprompt-no-such-scenario")


def _is_used(name: str) -> bool:
    """Whether a test names the scenario: in full, or without its first word in the story tests of that word."""
    family, _, rest = name.partition("-")
    in_full = re.compile(rf"[\"'/ ]{re.escape(name)}[\"'. ]")
    in_family = re.compile(rf"\"{re.escape(rest)}\"|def {re.escape(rest.replace('-', '_'))}\(")
    return bool(in_family.search(sources_of_tests().get(f"test_{family}_stories.py", ""))) or any(
        in_full.search(text) for text in sources_of_tests().values()
    )
