"""docs/adding-a-provider.md is followed in a copy of the repository, and the tests are run there."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adding-a-provider.md").read_text("utf-8")
MODULE, TESTS = "mockserver/providers/clipcaption.py", "tests/test_clipcaption.py"
LEDGER = "mockserver/providers/clipcaption.ledger.yaml"
MAX_LINES = 400
# The files that the page's commands and tests need.
COPIED = ("mockserver", "tests", "scenarios", "docs", "openapi", "examples", "README.md", "pyproject.toml", "ruff.toml")
# What `make openapi schema docs summaries` does, without the Makefile's own environment.
GENERATE = """
import sys
from pathlib import Path
from mockserver.openapi import as_yaml, document
from mockserver.openapi.scenario_schema import scenario_schema
from mockserver.providers import write_summaries
from mockserver.providers.registry import all_providers
Path("openapi/clipcaption.yaml").write_text(as_yaml(document("clipcaption")) + "\\n", "utf-8")
Path("mockserver/providers/summaries.py").write_text(write_summaries.written_out(), "utf-8")
assert "clipcaption.stream_caption" in str(scenario_schema(all_providers()))
sys.argv = ["docs/generate.py"]
exec(compile(Path("docs/generate.py").read_text("utf-8"), "docs/generate.py", "exec"), {
    "__name__": "__main__", "__file__": str(Path("docs/generate.py").absolute()),
})
"""
# The tests of the page, the rows of its ledger, and those that check what was generated.
RUN = (
    "tests/test_clipcaption.py", "tests/test_ledger.py", "tests/test_default_rows.py", "tests/test_provider_pages.py",
    "tests/test_docs_generated.py", "tests/test_stories_complete.py", "tests/test_start.py", "tests/test_contracts.py",
)  # fmt: skip
CHOSEN = "clipcaption or every_row or each_row or bundled_scenario or summaries"


@dataclass(frozen=True)
class Block:
    """A file of the page. If `kind` is diff, the changes to one."""

    kind: str
    path: str
    text: str

    @property
    def written(self) -> int:
        """The number of lines that a reader of the page writes."""
        lines = self.text.splitlines()
        return sum(line.startswith("+") for line in lines) if self.kind == "diff" else len(lines)

    @property
    def change(self) -> tuple[str, str]:
        """The old and the new lines of a diff."""
        lines = self.text.splitlines(keepends=True)
        old, new = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
        return old, new


BLOCKS = {
    path: Block(kind, path, text)
    for _, kind, path, text in re.findall(r'^(`{3,})(\w+) title="([^"]+)"\n(.*?)^\1$', PAGE, re.DOTALL | re.MULTILINE)
}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which the page was followed up to its last step."""
    copy = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        source = ROOT / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy2(source, copy)
    for path, block in BLOCKS.items():
        file, text = copy / path, block.text
        if block.kind == "diff":
            old, new = block.change
            text = file.read_text("utf-8").replace(old, new)
        file.write_text(text, "utf-8")
    done = run(copy, "-c", GENERATE)
    assert done.returncode == 0, done.stderr
    return copy


def run(copy: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=300, check=False)


# The tests that check everything else of the page run with the others.
@pytest.mark.slow
def test_the_tests_pass_with_the_provider_of_the_page(followed: Path) -> None:
    done = run(followed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *RUN, "-k", CHOSEN)
    assert done.returncode == 0, done.stdout[-10_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > len(page_tests()) + len(proofs())


@pytest.mark.slow
def test_the_files_of_the_page_are_formatted_and_have_no_lint(followed: Path) -> None:
    for arguments in (("format", "--check"), ("check",)):
        done = run(followed, "-m", "ruff", *arguments, "--no-cache", MODULE, TESTS)
        assert done.returncode == 0, done.stdout
    assert [line for block in BLOCKS.values() for line in block.text.splitlines() if len(line) > 120] == []


@pytest.mark.slow
def test_the_types_of_the_files_of_the_page_pass(followed: Path) -> None:
    done = run(followed, "-m", "mypy", "--cache-dir", os.devnull, MODULE, TESTS)
    assert done.returncode == 0, done.stdout


def test_the_generated_document_is_valid_and_has_the_operations_and_the_webhooks(followed: Path) -> None:
    document = yaml.safe_load((followed / "openapi" / "clipcaption.yaml").read_text("utf-8"))
    validate(document)
    operations = {each["operationId"] for item in document["paths"].values() for each in item.values()}
    assert operations == {"create_caption", "get_caption", "stream_caption"}
    assert set(document["webhooks"]) == {"caption.done", "caption.failed"}


def test_every_row_of_the_pages_ledger_is_proven_by_a_test_of_the_page() -> None:
    rows = proofs()
    assert {"operation.create_caption", "event.caption.done", "ending.complete", "error.rate_limited"} <= rows.keys()
    assert {test for test in rows.values() if test not in page_tests()} == set()


def test_the_change_fits_the_registry() -> None:
    (changed,) = (block for block in BLOCKS.values() if block.kind == "diff")
    old, new = changed.change
    text = (ROOT / changed.path).read_text("utf-8")
    # Where the page has been followed, the change is there already.
    assert new in text or text.count(old) == 1


def test_the_page_and_the_readme_give_the_number_of_lines() -> None:
    whole, code = sum(block.written for block in BLOCKS.values()), BLOCKS[MODULE].written
    assert whole <= MAX_LINES
    assert f"**{whole} lines**: {code} for the provider" in PAGE
    assert f"takes {whole} lines" in (ROOT / "README.md").read_text("utf-8")


def page_tests() -> list[str]:
    return re.findall(r"^async def (test_\w+)", BLOCKS[TESTS].text, re.MULTILINE)


def proofs() -> dict[str, str]:
    """The test of each row of the page's ledger."""
    groups = yaml.safe_load(BLOCKS[LEDGER].text)["groups"]
    return {row: group["test"].partition("::")[2] for group in groups for row in group["rows"]}
