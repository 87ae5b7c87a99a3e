"""The files for people who take part, the pages about versions and problems, and the schema that editors use."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mockserver.cli.main import main
from mockserver.openapi.scenario_schema import SCHEMA_URL
from tests.conversation import Conversation
from tests.documents import ROOT, blocks

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PAGES = [
    "docs/how-to-go-java.md",
    "docs/how-to-node.md",
    "docs/comparison.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "clients/node/README.md",
]
TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")


@pytest.mark.parametrize("form", [form for form in FORMS if form.name != "config.yml"], ids=lambda form: form.name)
def test_an_issue_form_is_complete(form: Path) -> None:
    data: dict[str, Any] = yaml.safe_load(form.read_text("utf-8"))
    assert {"name", "description", "labels", "body"} == set(data)
    ids = [part["id"] for part in data["body"]]
    assert len(ids) == len(set(ids))
    for part in data["body"]:
        assert part["type"] in ("input", "textarea", "dropdown", "checkboxes", "markdown")
        assert part["attributes"]["label"]
    assert any(part.get("validations", {}).get("required") for part in data["body"])


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    file = ROOT / page
    for target in re.findall(r"\]\(((?!https?:|#)[^)#]+)", file.read_text("utf-8")):
        assert (file.parent / target).exists(), target


def test_the_targets_of_make_in_the_guide_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    targets = {name for line in re.findall(r"make ([a-z ]+)", text) for name in line.split()}
    assert {"check", "clients", "openapi", "serve"} <= targets
    assert [name for name in targets if f"\n{name}: " not in makefile] == []


def test_the_schema_can_be_listed_by_editors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads((ROOT / "mockserver" / "scenario.schema.json").read_text("utf-8"))
    assert schema["$id"] == SCHEMA_URL
    (entry,) = (json.loads(each.code) for each in blocks(ROOT / "docs" / "scenarios.md") if each.language == "json")
    assert entry["url"] == SCHEMA_URL
    # A file with such a name is a scenario like any other, with the line that names the schema.
    (text,) = (
        each.code for each in blocks(ROOT / "docs" / "scenarios.md") if f"$schema={SCHEMA_URL}" in each.code
    )  # fmt: skip
    file = tmp_path / "mine.mockserver.yaml"
    file.write_text(text, "utf-8")
    assert main(["check", str(file)]) == 0
    jsonschema.validate(yaml.safe_load(text), schema)


def test_the_comparison_is_dated_and_cites_every_tool() -> None:
    text = (ROOT / "docs" / "comparison.md").read_text("utf-8")
    (read,) = re.findall(r"read on (\d{4}-\d\d-\d\d)", text)
    assert date.fromisoformat(read).isoformat() == read
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    tools = [section for section in sections if not section.startswith(("In short", "What only"))]
    assert [section.partition("\n")[0] for section in tools if "](https://" not in section] == []
    assert len(tools) == 7


async def test_the_messages_of_the_control_api_and_of_unknown_addresses_are_those_of_the_page() -> None:
    async with Conversation() as t:
        key = {"authorization": "Bearer sbx-nope"}
        replies = [
            await t.client.get("/v1/none"),
            await t.client.get("/videotoprompt/v1/analyze/x", headers=key),
            await t.client.get("/_mock/clock", headers={"host": "mockserver:8080"}),
            await t.client.get("/_mock/clock", headers={"origin": "http://localhost:3000"}),
            await t.client.post("/_mock/clock", content=b"{}", headers={"content-type": "text/plain"}),
        ]
        said = [reply.json()["detail"] for reply in replies]
    assert [reply.status_code for reply in replies] == [404, 404, 403, 403, 415]
    for detail, quoted in zip(
        said,
        [
            "No provider has the path '/v1/",
            "There is no sandbox named '",
            "does not answer to the host 'mockserver:8080'",
            "refuses requests from other sites",
            "Content-Type must be application/json",
        ],
        strict=True,
    ):
        assert quoted in detail
        assert quoted in TROUBLE


def test_the_mistakes_of_the_page_are_reported_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOCKSERVER_PROT", "1")
    assert main(["serve"]) == 2
    file = tmp_path / "a.yaml"
    file.write_text("scenario: a\nextendz: default\n", "utf-8")
    monkeypatch.delenv("MOCKSERVER_PROT")
    assert main(["check", str(file)]) == 2
    printed = capsys.readouterr()
    for quoted in (
        "MOCKSERVER_PROT: there is no such setting; did you mean 'MOCKSERVER_PORT'?",
        "unknown key 'extendz' in a scenario; did you mean 'extends'?",
    ):
        assert quoted in printed.err + printed.out
        assert f"`{quoted}`" in TROUBLE
