"""The pages of the providers: their examples work, and what they name exists."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mockserver.providers.registry import all_providers
from tests.conversation import Conversation
from tests.documents import ROOT
from tests.pages import called, commands

DOCS = ROOT / "docs"
PAGES = {p.name: (DOCS / "providers" / f"{p.name}.md").read_text("utf-8") for p in all_providers()}
SECTIONS = ("Operations", "Errors", "Magic words", "Every behaviour, and how it is known", "Bundled scenarios")

every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_a_page_has_what_integrators_look_for(name: str) -> None:
    sections = re.findall(r"^## (.*)$", PAGES[name], re.MULTILINE)
    assert set(SECTIONS) <= set(sections)
    assert any(section.startswith("Limits") for section in sections)
    parts = [f"<!-- generated: {part}-{name} -->" for part in ("operations", "errors", "limits", "ledger", "stories")]
    assert f"<!-- generated: reference-{name} -->" in PAGES[name] or all(part in PAGES[name] for part in parts)


@every_page
async def test_a_command_of_a_page_works(name: str) -> None:
    written = commands(DOCS / "providers" / f"{name}.md", "curl")
    assert written

    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        for words in written:
            reply = await called(t, words)
            assert reply.status_code in (200, 202), reply.text
            assert json.loads(reply.text) if reply.headers["content-type"] == "application/json" else reply.text


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not heading or heading in anchors(found), target


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings: list[Any] = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
