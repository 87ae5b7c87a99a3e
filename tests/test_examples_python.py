"""The async example and the suite do what they show, on a good day and on bad ones; and every example is short."""

import asyncio
import re
import shutil
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from mockserver import MockServer
from mockserver.providers.registry import all_providers
from tests.examples import EXAMPLES, SOURCES, load
from tests.inner import run_inner

VIDEO = "https://www.youtube.com/watch?v=EXAMPLE"
STREAM = "nanophoto.reverse_prompt"


def test_the_suite_passes(pytester: pytest.Pytester) -> None:
    shutil.copytree(EXAMPLES / "pytest_suite", pytester.path, dirs_exist_ok=True)
    run_inner(pytester).assert_outcomes(passed=7)


def test_the_suite_passes_as_its_page_says_in_a_clone() -> None:
    """In `examples/`, where pytest would otherwise use the settings of the repository."""
    assert "\npytest pytest_suite\n" in (EXAMPLES / "README.md").read_text("utf-8")
    command = [sys.executable, "-m", "pytest", "pytest_suite", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, "7 passed" in run.stdout) == (0, True), run.stdout + run.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_an_example_is_short(path: Any) -> None:
    # The client without a mistake handles every failure, which takes more lines.
    assert len(path.read_text("utf-8").splitlines()) < (120 if path.name == "clean.py" else 80)


def test_every_example_is_listed_and_together_they_call_the_providers_that_the_list_names() -> None:
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    tops = {path.relative_to(EXAMPLES).parts[0] for path in SOURCES}
    assert tops == {name for name in tops if f"]({name})" in listed}
    code = "".join(path.read_text("utf-8") for path in SOURCES)
    named = [p for p in all_providers() if p.title in listed]
    assert len(named) >= 5
    assert [p.name for p in named if not any(f"//{host}" in code or f"/{p.name}" in code for host in p.hosts)] == []


def test_the_links_of_their_page_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)", (EXAMPLES / "README.md").read_text("utf-8"))
    assert [link for link in links if not (EXAMPLES / link).exists()] == []


@pytest.fixture
def example() -> ModuleType:
    """The async example as a module."""
    return load("async_httpx2")


def listened(example: ModuleType, mock: MockServer, heard: list[str]) -> str:
    """What the example makes of the sandbox."""

    async def story() -> str:
        async with example.client(mock.url("nanophoto"), mock.key("nanophoto")) as api:
            return str(await example.shot_list(api, VIDEO, heard.append))

    return asyncio.run(story())


def test_a_shot_list_comes_piece_by_piece(example: ModuleType, mockserver: MockServer) -> None:
    heard: list[str] = []
    text = listened(example, mockserver, heard)
    assert text == "".join(heard)
    assert len(heard) > 1
    assert "| Shot |" in text


def test_without_credits_it_is_refused_once(example: ModuleType, mockserver: MockServer) -> None:
    mockserver.account("nanophoto").credits = 0
    with pytest.raises(example.Refused, match=r"^INSUFFICIENT_CREDITS: "):
        listened(example, mockserver, [])
    assert [request.status for request in mockserver.requests(STREAM)] == [402]


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_a_stream_that_breaks_is_begun_again(example: ModuleType, mockserver: MockServer, kind: str) -> None:
    phase: Any = "mid_body"
    mockserver.fault(STREAM, kind, phase=phase, at=0.5, times=2)
    heard: list[str] = []
    assert "| Shot |" in listened(example, mockserver, heard)
    assert [piece for piece in heard if "broken off" in piece] == [
        "\n(broken off, try 1 of 3)\n", "\n(broken off, try 2 of 3)\n"
    ]  # fmt: skip
    mockserver.fault(STREAM, kind, phase=phase, at=0.5, times=3)
    with pytest.raises(example.Broken):
        listened(example, mockserver, [])


def test_on_the_command_line_it_says_what_is_wrong(
    example: ModuleType, mockserver: MockServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def client() -> Any:
        return made(mockserver.url("nanophoto"), mockserver.key("nanophoto"))

    made = example.client
    monkeypatch.setattr(example, "client", client)
    assert asyncio.run(example.main(VIDEO)) == 0
    assert "| Shot |" in capsys.readouterr().out
    assert asyncio.run(example.main(f"{VIDEO}&x=mock-ai-error")) == 1
    assert "AI_SERVICE_ERROR" in capsys.readouterr().err
