"""Loading a scenario: what is done for it, and that nothing is done twice."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mockserver.core import compile as compiling
from mockserver.core.compile import Program
from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library

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
    """How often a function of the compiler is called, by `key` of its arguments."""
    calls: Counter[str] = Counter()
    real = getattr(compiling, name)

    def counting(*given: Any) -> Any:
        calls[key(*given)] += 1
        return real(*given)

    monkeypatch.setattr(compiling, name, counting)
    return calls


def loaded(tmp_path: Path) -> Program:
    (tmp_path / "parent.yaml").write_text(PARENT)
    (tmp_path / "child.yaml").write_text(CHILD)
    return library(tmp_path).program("child")


def test_every_condition_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = counted(monkeypatch, "compile_check", lambda path, condition: path)
    loaded(tmp_path)
    assert conditions == {"input": 1, "query.mode": 1, "header.x-mode": 1}


def test_every_scenario_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = counted(monkeypatch, "check", lambda scenario, *_: scenario.scenario)
    loaded(tmp_path)
    assert checked == {"parent": 1, "child": 1}


def test_a_child_stands_in_front_of_its_parent(tmp_path: Path) -> None:
    program = loaded(tmp_path)
    assert [rule.name for rule in program.rules] == ["asked", "rest", "odd"]
    assert [rule.name for rule in program.rules] == [rule.name for rule in program.source.rules]
    assert [miss.rule for miss in program.others["videotoprompt.analyze_url"]] == ["rest"]
