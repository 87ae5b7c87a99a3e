"""docs/architecture.md names what exists: its files, its functions, and the packages in their order."""

import re
from configparser import ConfigParser

from tests.documents import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_the_packages_are_those_of_the_import_rules_in_the_same_order() -> None:
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter", "utf-8")
    layers = rules["importlinter:contract:layers"]["layers"]
    expected = [sorted(re.findall(r"\w+", line)) for line in layers.splitlines() if line and line != "__main__"]
    table = PAGE[PAGE.index("## The packages") :]
    assert [
        sorted(re.findall(r"`(\w+)`", row)) for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    ] == expected


def test_the_functions_that_the_page_names_are_in_the_files_beside_them() -> None:
    pairs = re.findall(r"\]\(\.\./(mockserver/[\w/]+\.py)\), `(?:\w+\.)?(\w+)`", PAGE)
    assert len(pairs) == 2
    for file, name in pairs:
        assert f"def {name}(" in (ROOT / file).read_text("utf-8")
