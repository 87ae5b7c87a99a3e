"""What the documents show does what they say: their code runs, and their scenarios are valid."""

import re
from pathlib import Path

import pytest

from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library
from tests.documents import ROOT, blocks, run_page

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
HOW_TO = [page for page in PAGES if page.name == "README.md" or page.name.startswith(("how-to-", "job-life"))]
WITH_CODE = [page for page in HOW_TO if any(block.kind for block in blocks(page))]
STORIES = [
    pytest.param(block.code, id=f"{page.relative_to(ROOT)}:{block.line}")
    for page in PAGES
    for block in blocks(page)
    if block.language == "yaml" and re.search("^scenario:", block.code, re.MULTILINE) and block.title is None
]
FAILS = """# Title

```python title="mine.py"
X = 1
```

```python
from mine import X

def test_it():
    assert X == 2
```
"""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", WITH_CODE, ids=_name)
def test_the_code_of_a_page_runs(page: Path, pytester: pytest.Pytester) -> None:
    run_page(page, pytester)


@pytest.mark.parametrize("page", WITH_CODE, ids=_name)
def test_no_python_of_such_a_page_is_left_out(page: Path) -> None:
    untold = [block.line for block in blocks(page) if block.language == "python" and block.kind is None]
    assert not untold, f"{page}: say of these what they are: a script to run, or a file with a title"


@pytest.mark.parametrize("story", STORIES)
def test_a_scenario_of_a_page_is_valid(story: str) -> None:
    providers = all_providers()
    assert Library(catalogue(providers), providers).program_of_text(story, "page").rules is not None


def test_a_line_in_a_failure_is_that_of_the_page(pytester: pytest.Pytester) -> None:
    page = pytester.path / "how-to-fail.md"
    page.write_text(FAILS)
    with pytest.raises(AssertionError, match="see what was captured"):
        run_page(page, pytester)
    page.write_text("# Title\n\n```python run\nraise LookupError\n```\n")
    with pytest.raises(LookupError) as failed:
        run_page(page, pytester)
    assert failed.traceback[-1].lineno == 3
