"""A scenario that is edited while the server runs: `serve --watch`."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, chdir
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.settings import Settings, SettingsError
from mockserver.source.document import SourceErrors
from tests.contract import Contract

PATH = "/videotoprompt/v1/analyze/url"
MINE = "scenario: mine\nextends: default\n"
RULE = "rules:\n  - {name: busy, operation: videotoprompt.analyze_url, fault: {kind: rate_limited}}\n"
MISTAKE = "rules:\n  - {name: busy, operatoin: videotoprompt.analyze_url, fault: {kind: rate_limited}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    """The directory in which the server runs, with a directory for scenarios."""
    (tmp_path / "scenarios").mkdir()
    with chdir(tmp_path):
        yield tmp_path


class Editing:
    """A server whose scenario is edited. Each call of `saved` is what happens within a second of a save."""

    def __init__(self, scenario: str, **settings: Any) -> None:
        self.app = create_app(Settings(scenario=scenario, **settings))
        self.lines: list[str] = []
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=Contract(self.app)),
            base_url="http://localhost",
            headers={"Authorization": "Bearer key-1"},
        )

    async def saved(self, file: str, text: str | None) -> list[str]:
        """Save a file, or delete it. Return the lines that the server prints."""
        save(file, text)
        watch = self.app.watch
        assert watch is not None
        watch._report = self.lines.extend
        self.lines.clear()
        await watch.check()
        await watch.check()
        return list(self.lines)

    async def submit(self, **headers: str) -> int:
        reply = await self.client.post(PATH, json={"url": "https://example.com/a.mp4"}, headers=headers)
        return reply.status_code

    async def get(self, path: str) -> Any:
        return (await self.client.get(path)).json()


def save(file: str, text: str | None) -> None:
    path = Path(file)
    if text is None:
        path.unlink()
        return
    # As many editors do: a new file replaces the old one. Its time may be the same as before.
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


@asynccontextmanager
async def editing(scenario: str, **settings: Any) -> AsyncIterator[Editing]:
    edited = Editing(scenario, **settings)
    async with edited.client:
        yield edited
    await edited.app.close()


async def test_an_edited_scenario_is_used_for_the_next_request() -> None:
    save("mine.yaml", MINE)
    async with editing("./mine.yaml") as t:
        assert await t.submit() == 202
        assert await t.saved("mine.yaml", MINE + RULE) == ["mine.yaml was loaded again"]
        assert await t.submit() == 429
        assert await t.saved("mine.yaml", MINE) == ["mine.yaml was loaded again"]
        assert await t.submit() == 202
        notes = [entry["note"] for entry in (await t.get("/_mock/journal?kind=control"))["entries"]]
        assert notes == ["switched to the scenario mine"] * 2


async def test_a_mistake_is_reported_with_its_position_and_the_last_good_scenario_stays() -> None:
    save("mine.yaml", MINE + RULE)
    async with editing("./mine.yaml") as t:
        assert await t.saved("mine.yaml", MINE + MISTAKE) == [
            "mine.yaml:4:18: unknown key 'operatoin' in a rule; did you mean 'operation'?",
            "mine.yaml was not loaded; the scenario before the change stays in use",
        ]
        assert await t.submit() == 429
        state = await t.get("/_mock/scenario/file")
        assert state["errors"] == [
            {
                "file": "mine.yaml",
                "line": 4,
                "column": 18,
                "path": "rules.0.operatoin",
                "message": "unknown key 'operatoin' in a rule; did you mean 'operation'?",
            }
        ]
        newest = (await t.get("/_mock/journal?kind=control"))["entries"][0]
        assert newest["note"].startswith("mine.yaml was changed and not loaded: mine.yaml:4:18: unknown key")
        assert await t.saved("mine.yaml", MINE) == ["mine.yaml was loaded again"]
        assert (await t.get("/_mock/scenario/file"))["errors"] == []
        assert await t.submit() == 202


async def test_the_text_of_the_watched_file_is_there_also_with_mistakes() -> None:
    save("mine.yaml", MINE)
    async with editing("./mine.yaml") as t:
        for text in (MINE + MISTAKE, "# mine\n" + MINE):
            await t.saved("mine.yaml", text)
            assert (await t.client.get("/_mock/scenarios/mine")).text == text
        await t.saved("mine.yaml", None)
        reply = await t.client.get("/_mock/scenarios/mine")
        assert (reply.status_code, reply.json()["detail"][:35]) == (404, "the file of mine cannot be read: [E")


async def test_a_deleted_file_is_a_mistake_until_it_is_back() -> None:
    save("mine.yaml", MINE + RULE)
    async with editing("./mine.yaml") as t:
        assert (await t.saved("mine.yaml", None))[0] == "mine.yaml: No such file or directory"
        assert await t.submit() == 429
        assert await t.saved("mine.yaml", MINE) == ["mine.yaml was loaded again"]


async def test_a_scenario_that_is_extended_is_watched_too() -> None:
    save("scenarios/base.yaml", "scenario: base\nextends: default\n")
    save("mine.yaml", "scenario: mine\nextends: base\n")
    async with editing("./mine.yaml") as t:
        files = (await t.get("/_mock/scenario/file"))["files"]
        assert [Path(each).name for each in files] == ["mine.yaml", "base.yaml", "default.yaml"]
        assert await t.saved("scenarios/base.yaml", "scenario: base\nextends: default\n" + RULE)
        assert await t.submit() == 429
        # From now on it extends another one, and the first is not watched any more.
        await t.saved("mine.yaml", MINE)
        assert await t.submit() == 202
        assert await t.saved("scenarios/base.yaml", "scenario: base\n") == []


async def test_a_name_is_watched_on_request_and_then_in_the_users_folder() -> None:
    save("scenarios/mine.yaml", MINE)
    assert create_app(Settings(scenario="mine")).watch is None
    async with editing("mine", watch=True) as t:
        await t.saved("scenarios/mine.yaml", MINE + RULE)
        assert await t.submit() == 429


async def test_a_sandbox_with_another_scenario_keeps_it() -> None:
    save("mine.yaml", MINE)
    async with editing("./mine.yaml") as t:
        await t.client.post("/_mock/sandboxes", json={"name": "same"})
        await t.client.post("/_mock/sandboxes", json={"name": "other", "scenario": "default"})
        lines = await t.saved("mine.yaml", MINE + RULE)
        assert lines == ["mine.yaml was loaded again; 1 sandbox uses another scenario"]
        assert await t.submit(**{"X-Mock-Sandbox": "same"}) == 429
        assert await t.submit(**{"X-Mock-Sandbox": "other"}) == 202
        # A new one gets what the file has now.
        await t.client.post("/_mock/sandboxes", json={"name": "late"})
        assert await t.submit(**{"X-Mock-Sandbox": "late"}) == 429


async def test_a_file_that_is_being_written_is_not_read() -> None:
    save("mine.yaml", MINE)
    async with editing("./mine.yaml") as t:
        watch = t.app.watch
        assert watch is not None
        for size in range(40, len(MINE + RULE), 40):
            save("mine.yaml", (MINE + RULE)[:size])
            assert not await watch.check()
        assert await t.saved("mine.yaml", MINE + RULE) == ["mine.yaml was loaded again"]


async def test_a_server_without_a_file_says_how_to_watch_one() -> None:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=Contract(create_app())), base_url="http://localhost"
    ) as client:
        reply = await client.get("/_mock/scenario/file")
        assert (reply.status_code, "--watch" in reply.json()["detail"]) == (404, True)


def test_a_scenario_without_a_file_cannot_be_watched() -> None:
    with pytest.raises(SettingsError, match="watch needs the name or the path of a scenario"):
        create_app(Settings(scenario="scenario: mine\nextends: default\n", watch=True))


def test_a_mistake_at_the_start_still_stops_the_server() -> None:
    save("mine.yaml", MINE + MISTAKE)
    with pytest.raises(SourceErrors, match="operatoin"):
        create_app(Settings(scenario="./mine.yaml"))


def test_serve_prints_what_it_loads(folder: Path) -> None:
    save("mine.yaml", MINE)
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--quiet", "--scenario", "./mine.yaml"]
    # The package is imported from this checkout, although the server runs in another directory.
    path = os.pathsep.join(each for each in sys.path if each)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=folder, env={**os.environ, "PYTHONPATH": path}
    ) as server:
        try:
            assert server.stdout is not None
            lines = iter(server.stdout.readline, "")
            assert "Changes of mine.yaml are loaded while the server runs.\n" in (next(lines) for _ in range(30))
            next(line for line in lines if line.startswith("    -H"))
            save("mine.yaml", MINE + RULE)
            assert next(lines) == "mine.yaml was loaded again\n"
            save("mine.yaml", MINE + MISTAKE)
            assert next(lines).startswith("mine.yaml:4:18: unknown key 'operatoin'")
            server.send_signal(signal.SIGINT)
            assert server.wait(10) == 0
        finally:
            server.kill()
