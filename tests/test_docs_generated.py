"""The generated parts of the documents say what the code says."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"

_spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.parametrize("page", generate.PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_a_page_is_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert generate.rendered(text) == text, "run `make docs`"
