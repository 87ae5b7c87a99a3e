"""`mockserver providers` lists what is simulated, with class and source."""

import json
from typing import Any

import pytest

from mockserver.cli.main import main
from mockserver.kit.ledger import rows_of
from mockserver.providers.registry import all_providers


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Return the list as JSON."""
    assert main(["providers", *words, "--json"]) == 0
    return list(json.loads(capsys.readouterr().out))


def test_every_operation_is_listed_with_its_class_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    found = {(each["provider"], each["operation"]): each for each in listed(capsys)}
    for provider in all_providers():
        rows = rows_of(provider)
        for operation in provider.operations:
            if operation.hidden:
                assert (provider.name, operation.name) not in found
                continue
            row, each = rows[f"operation.{operation.name}"], found[provider.name, operation.name]
            assert (each["method"], each["path"]) == (operation.method, operation.path)
            assert (each["class"], each["source"]) == (row.basis, row.source)
            assert row.page is not None
            assert each["page"] == {"title": row.page.title, "url": row.page.url, "read": str(row.page.read)}


def test_the_list_can_be_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    assert {each["provider"] for each in listed(capsys, "NanoPhoto")} == {"nanophoto"}
    assert [each["operation"] for each in listed(capsys, "nanophoto", "veo")] == [
        "veo_3_generate",
        "veo_3_check_status",
    ]
    assert {each["class"] for each in listed(capsys, "assumed", "descrideo")} == {"assumed"}
    assert [each["operation"] for each in listed(capsys, "/api/v1/account")] == ["get_account"]
    assert listed(capsys, "no-such-word") == []


def test_the_text_has_a_section_for_each_provider(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [line.partition(":")[0] for line in lines if line and not line.startswith(" ")]
    assert titles == [provider.title for provider in all_providers()]
    assert main(["providers", "nanophoto", "tvc", "generate"]) == 0
    head, operation, page = capsys.readouterr().out.splitlines()
    assert head == "NanoPhoto: nanophoto.ai, video.nanophoto.ai, static.nanophoto.ai (1 operation)"
    assert operation == "  sora_2_tvc_generate  POST /api/sora-2-tvc/generate  documented  Body Parameters [1]"
    assert page.startswith("  [1] https://nanophoto.ai/en/docs/api/sora-2-tvc-ad, read ")


def test_a_terminal_gets_lines_of_its_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["providers", "seedance"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  seedance")]
    assert [len(line) for line in lines] == [100, 100]
    assert lines[1].endswith("... [1]")


def test_a_word_that_no_operation_has_is_reported_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "nanofoto"]) == 2
    assert capsys.readouterr().err == "no operation has 'nanofoto'; did you mean 'nanophoto'?\n"
