"""The README is true: its commands, its scenario and its addresses. Its test is run in test_docs.py."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.cli.main import main, parser_for
from mockserver.providers.registry import all_providers
from tests.conversation import Conversation
from tests.documents import ROOT, blocks
from tests.pages import LOCAL, called, commands

README = ROOT / "README.md"
STORY = next(block.code for block in blocks(README) if block.language == "yaml")


async def test_the_commands_work_one_after_the_other() -> None:
    async with Conversation() as t:
        replies = [await called(t, words) for words in commands(README, "curl")]
        assert [reply.status_code for reply in replies] == [202, 200, 200, 201]
        assert list(replies[0].json()) == ["id", "status", "created_at", "platform"]
        assert replies[1].json()["events"] == 2
        assert t.sandbox.program.name == "tour"
        assert replies[3].json()["keys"]["videotoprompt"] == "sbx-alice"


def test_the_scenario_can_be_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "busy-evening.yaml"
    file.write_text(STORY, "utf-8")
    for command in commands(README, "mockserver"):
        assert parser_for(command[1]).parse_args(command[1:]).command == command[1]
        if command[1] in ("check", "show"):
            assert main([command[1], str(file)]) == 0
    assert "the third submission is throttled" in capsys.readouterr().out


async def test_the_scenario_does_what_it_says() -> None:
    async with Conversation(yaml.safe_load(STORY)) as t:
        url = {"url": "https://example.com/a.mp4"}
        assert [(await t.post("/v1/analyze/url", url)).status_code for _ in range(4)] == [202, 202, 429, 202]


@pytest.mark.parametrize("provider", all_providers(), ids=lambda provider: provider.name)
def test_the_addresses_are_right(provider: Any) -> None:
    here, there = f"{LOCAL}/{provider.name}{provider.base_path}", f"https://{provider.hosts[0]}{provider.base_path}"
    assert f"| `{here}` | `{there}` |" in README.read_text("utf-8")


def test_the_targets_of_make_exist() -> None:
    targets = (ROOT / "Makefile").read_text("utf-8")
    for words in commands(README, "make"):
        assert f"\n{words[1]}: " in targets
