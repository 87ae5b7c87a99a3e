"""Finds and runs the code in documents.

A Python block that defines a test is run as one. The first line of other blocks says what they are: a block with
```` ```python run ```` is a script, and one with ```` ```python title="client.py" ```` is a file, in any language. The
blocks of a page share a directory, and run in their order. Line numbers in failures are those of the page.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.inner import run_inner

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, the rest of its first line, the line on which its code begins, and the code."""

    language: str
    info: str
    line: int
    code: str

    @property
    def title(self) -> str | None:
        """The name of the file, if the block is one."""
        match = _TITLE.search(self.info)
        return match[1] if match else None

    @property
    def kind(self) -> str | None:
        """How the block is used: `file`, `test`, `run`, or None for not at all."""
        if self.title is not None:
            return "file"
        if self.language == "python" and "def test_" in self.code:
            return "test"
        return "run" if "run" in self.info.split() else None

    @property
    def placed(self) -> str:
        """The code, with the line numbers of the page."""
        return "\n" * (self.line - 1) + self.code


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page that have a language."""
    text = page.read_text("utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start(3)) + 1
        yield Block(match[1], match[2].strip(), line, match[3])


def run_page(page: Path, pytester: pytest.Pytester) -> None:
    """Write the files of a page, run its scripts, then its tests. Fails if one of them fails."""
    name, tests = page.stem.replace("-", "_"), 0
    for block in blocks(page):
        if block.kind == "file":
            file = pytester.path / str(block.title)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.code, "utf-8")
        elif block.kind == "test":
            (pytester.path / f"test_{name}_{block.line}.py").write_text(block.placed, "utf-8")
            tests += 1
        elif block.kind == "run":
            _run_script(block, page, pytester)
    if tests or any(pytester.path.glob("test_*.py")):
        result = run_inner(pytester, "-q")
        assert result.ret == pytest.ExitCode.OK, f"{page}: see what was captured"


def _run_script(block: Block, page: Path, pytester: pytest.Pytester) -> None:
    pytester.syspathinsert()
    exec(compile(block.placed, str(page), "exec"), {"__name__": "__main__"})
