"""Loading a scenario: every part is compiled and checked once, and the default scenario needs no YAML."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mockserver.core import compile as compiling
from mockserver.core.compile import Program
from mockserver.core.scenario import Scenario
from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.providers.videotoprompt import VideoToPrompt
from mockserver.scenario import default
from mockserver.scenario.builder import digest_of, read_text
from mockserver.scenario.library import Library, bundled_dir
from mockserver.source.document import SourceErrors
from mockserver.source.validation import validate

PARENT = """\
scenario: parent
rules:
  - {name: odd, operation: "*", when: {input: {regex: "[13579]$"}}, fault: {kind: server_error}}
  - {name: rest, operation: "*"}
"""
CHILD = """\
scenario: child
extends: parent
rules:
  - {name: asked, operation: "*", when: {query.mode: {equals: slow}, header.x-mode: {in: [a, b]}}}
  - {name: rest, operation: "nanophoto.*"}
"""


def library(*directories: Path) -> Library:
    providers = all_providers()
    return Library(catalogue(providers), providers, directories)


def counted(monkeypatch: pytest.MonkeyPatch, name: str, key: Any) -> Counter[str]:
    """Count the calls of a function of the compiler, by `key` of its arguments."""
    calls: Counter[str] = Counter()
    real = getattr(compiling, name)

    def counting(*arguments: Any) -> Any:
        calls[key(*arguments)] += 1
        return real(*arguments)

    monkeypatch.setattr(compiling, name, counting)
    return calls


def loaded(tmp_path: Path) -> Program:
    (tmp_path / "parent.yaml").write_text(PARENT)
    (tmp_path / "child.yaml").write_text(CHILD)
    return library(tmp_path).program("child")


def test_every_condition_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = counted(monkeypatch, "compile_check", lambda path, *_: path)
    loaded(tmp_path)
    assert conditions == {"input": 1, "query.mode": 1, "header.x-mode": 1}


def test_every_scenario_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = counted(monkeypatch, "check", lambda scenario, *_: scenario.scenario)
    loaded(tmp_path)
    assert checked == {"parent": 1, "child": 1}


def test_the_rules_of_a_child_come_before_those_of_its_parent(tmp_path: Path) -> None:
    program = loaded(tmp_path)
    assert [rule.name for rule in program.rules] == ["asked", "rest", "odd"]
    assert [rule.name for rule in program.rules] == [rule.name for rule in program.source.rules]
    assert [miss.rule for miss in program.others["videotoprompt.analyze_url"]] == ["rest"]


# --- the default scenario as Python ---


def test_the_default_scenario_as_python_equals_its_yaml() -> None:
    text = (bundled_dir() / "default.yaml").read_bytes()
    assert digest_of(text) == default.DIGEST, "make default"
    read = validate(Scenario, read_text(text, "default"))
    assert default.scenario() == read, "make default"
    assert default.scenario().model_dump(by_alias=True, exclude_unset=True) == read.model_dump(
        by_alias=True, exclude_unset=True
    )


def test_the_default_scenario_is_served_without_reading_yaml() -> None:
    code = (
        "import sys, mockserver.app, mockserver.serving.serve; mockserver.app.create_app()\n"
        "print([m for m in sys.modules if m.partition('.')[0] == 'yaml' or m.startswith('mockserver.source.yaml')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_default_scenario_in_the_users_directory_is_read(tmp_path: Path) -> None:
    text = (bundled_dir() / "default.yaml").read_text("utf-8")
    (tmp_path / "default.yaml").write_text(text.replace("seed: 1", "seed: 2"), "utf-8")
    assert library(tmp_path).program("default").source.seed == 2


def test_without_a_provider_unknown_names_in_the_default_scenario_are_reported_with_positions() -> None:
    providers = (VideoToPrompt(),)
    with pytest.raises(SourceErrors, match=r"default\.yaml:\d+:\d+: no operation matches 'nanophoto\."):
        Library(catalogue(providers), providers).program("default")
