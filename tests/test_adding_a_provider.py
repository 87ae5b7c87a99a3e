"""docs/adding-a-provider.md works: its provider is built from the page, and the page's own tests are told to it."""

import copy
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from openapi_spec_validator import validate

import tests.conversation
from mockserver.app import create_app
from mockserver.kit.provider import Provider
from mockserver.openapi.build import build
from mockserver.openapi.providers import described
from mockserver.providers.registry import all_providers
from mockserver.settings import Settings
from mockserver.wire.server import Server

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adding-a-provider.md").read_text("utf-8")
MODULE, TESTS = "mockserver/providers/clipcaption.py", "tests/test_clipcaption.py"


@dataclass(frozen=True)
class Block:
    """A file of the page, or with `kind` diff the changes to one."""

    kind: str
    path: str
    text: str

    @property
    def added(self) -> int:
        """The lines that somebody writes who follows the page."""
        lines = self.text.splitlines()
        return sum(line.startswith("+") for line in lines) if self.kind == "diff" else len(lines)

    def hunks(self) -> Iterator[tuple[str, str]]:
        """What each part of a diff replaces, and by what."""
        for part in re.split(r"^@@\n", self.text, flags=re.MULTILINE):
            # An empty line stands for itself.
            lines = [line if line.strip() else " \n" for line in part.splitlines(keepends=True)]
            old, new = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
            yield old, new


BLOCKS = {
    path: Block(kind, path, text)
    for _, kind, path, text in re.findall(r'^(`{3,})(\w+) title="([^"]+)"\n(.*?)^\1$', PAGE, re.DOTALL | re.MULTILINE)
}
STORIES = [block for path, block in BLOCKS.items() if path.startswith("scenarios/")]
TOLD = re.findall(r"^async def (test_\w+)", BLOCKS[TESTS].text, re.MULTILINE)


def module(monkeypatch: pytest.MonkeyPatch, path: str) -> ModuleType:
    """A file of the page as a module that can be imported."""
    made = ModuleType(path.removesuffix(".py").replace("/", "."))
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(compile(BLOCKS[path].text, path, "exec"), made.__dict__)
    return made


@pytest.fixture
def clipcaption(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider of the page."""
    made: Provider = module(monkeypatch, MODULE).ClipCaption()
    return made


@pytest.fixture
def with_clipcaption(clipcaption: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Conversations are with a server that has the provider of the page and its scenarios, too."""
    for block in STORIES:
        (tmp_path / Path(block.path).name).write_text(block.text, "utf-8")

    def create(settings: Settings, **more: Any) -> Server:
        return create_app(
            replace(settings, scenario_dir=str(tmp_path)), providers=(*all_providers(), clipcaption), **more
        )

    monkeypatch.setattr(tests.conversation, "create_app", create)


@pytest.mark.parametrize("name", TOLD)
async def test_a_test_of_the_page(name: str, with_clipcaption: None, monkeypatch: pytest.MonkeyPatch) -> None:
    await getattr(module(monkeypatch, TESTS), name)()


def test_the_page_has_tests() -> None:
    assert len(TOLD) >= 5


def test_the_changes_fit_the_files_that_they_change() -> None:
    changed = [block for block in BLOCKS.values() if block.kind == "diff"]
    assert len(changed) == 6
    for block in changed:
        text = (ROOT / block.path).read_text("utf-8")
        # Once somebody has followed the page they are made already.
        assert all(new in text or text.count(old) == 1 for old, new in block.hunks()), block.path


def test_the_page_says_how_many_lines_it_takes() -> None:
    whole, code = sum(block.added for block in BLOCKS.values()), BLOCKS[MODULE].added
    assert f"**{whole} lines**" in PAGE
    assert f"{code} of them are the provider" in PAGE
    assert f"takes {whole} lines" in (ROOT / "README.md").read_text("utf-8")


def test_the_document_of_the_providers_operations_is_valid(clipcaption: Provider) -> None:
    document = build(described(clipcaption))
    validate(copy.deepcopy(document))
    assert {d["operationId"] for item in document["paths"].values() for d in item.values()} == {
        operation.name for operation in clipcaption.operations
    }


def test_a_server_can_have_this_provider_alone(clipcaption: Provider) -> None:
    alone = partial(create_app, providers=(clipcaption,), scenario={"scenario": "alone"})
    assert alone().provider("clipcaption") is clipcaption
    with pytest.raises(KeyError):
        alone().provider("videotoprompt")
