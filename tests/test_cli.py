"""The command line, as a person at a terminal meets it."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml

from mockserver import __version__
from mockserver.cli.main import COMMANDS, main, parser_for
from mockserver.settings import Settings

Out = pytest.CaptureFixture[str]

TYPO = "scenario: mine\nrules:\n  - name: x\n    operaton: '*'\n    plan: fast\n"


def test_help_shows_examples_and_every_command(capsys: Out) -> None:
    assert main([]) == 0
    told = capsys.readouterr().out
    assert "examples:" in told
    for command in ("serve", "check", "show", "scenarios", "schema", "openapi", "health", "push", "coverage"):
        assert command in told
    for command in ("--help", "serve --help", "--version"):
        with pytest.raises(SystemExit) as ended:
            main(command.split())
        assert ended.value.code == 0
    assert capsys.readouterr().out.endswith(f"mockserver {__version__}\n")


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (found,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


def test_a_command_by_itself_is_the_same_as_among_all() -> None:
    everything = commands_of(parser_for(""))
    assert list(everything) == list(COMMANDS)
    for name, parser in everything.items():
        assert commands_of(parser_for(name))[name].format_help() == parser.format_help()


def test_check_says_ok_or_where_and_what_and_what_would_be_right(tmp_path: Path, capsys: Out) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("scenario: good\nextends: default\n")
    bad.write_text(TYPO)
    assert main(["check", str(good)]) == 0
    assert capsys.readouterr().out.startswith(f"{good}: ok")
    assert main(["check", str(good), str(bad), str(tmp_path / "none.yaml")]) == 2
    told = capsys.readouterr()
    assert told.err.splitlines()[0].startswith(f"{bad}:4:5: unknown key 'operaton'")
    assert "did you mean 'operation'?" in told.err
    assert "none.yaml: No such file" in told.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("scenario: x\nscenario: y\n", ":2:1: "),
        ("scenario: x\nplans: &a {b: *a}\n", ":2:8: "),
        ("scenario: x\nrules: " + "[" * 100_000, ":2:"),
        ("scenario: x\nextends: nobody\n", ":2:10: there is no scenario named 'nobody'"),
        ("scenario: x\nrules: [{name: r, operation: videotoprompt.analyse_url}]\n",
         "did you mean 'videotoprompt.analyze_url'?"),
        ("scenario: x\nrules: [{name: r, operation: '*', plan: rendr}]\nplans: {render: {steps: [{status: queued}]}}\n",
         ":2:41: unknown plan 'rendr'; did you mean 'render'?"),
        ("scenario: x\nrules: [{name: r, operation: '*', fault: {kind: rate_limitd}}]\n",
         "did you mean 'rate_limited'?"),
        ("scenario: x\nrules: [{name: r, operation: '*', reply: {id: '${now}',\n  by: [me, 'by ${fake.nmae}']}}]\n",
         ":3:12: unknown placeholder ${fake.nmae}; did you mean 'fake.name'?"),
        ("scenario: x\nrules: [{name: r, operation: '*', stream: {text: 'by ${fake.phone}'}}]\n",
         ":2:50: unknown placeholder ${fake.phone}"),
        ("scenario: x\naccounts: [{key: k, plan: por}]\n", "did you mean 'pro'?"),
        ("scenario: x\nplans: {p: {steps: [{status: queued, for: soon}]}}\n",
         ":2:43: 'for': expected a duration such as 15s"),
        ("scenario: x\nplans: {p: {steps: [{status: running}, {status: queued}]}}\n", "never ends"),
        ("scenario: x\nproviders: {videotoprompt: {auto_aprove: true}}\n", "did you mean 'auto_approve'?"),
        ("scenario: x\nclock: {mode: on}\n", ":2:15: "),
    ],
)  # fmt: skip
def test_each_mistake_is_one_clear_line_with_its_position(tmp_path: Path, capsys: Out, text: str, line: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    assert main(["check", str(file)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1, told
    assert told[0].startswith(f"{file}:")
    assert line in told[0]
    assert len(told[0]) < 600


def test_show_tells_the_rules_in_order_the_shadowed_ones_and_the_plans(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "scenario: s\n"
        "plans: {p: {steps: [{status: queued, for: 2s}, {status: running, for: 13s ± 2s}, {status: succeeded}]}}\n"
        "rules:\n  - {name: all, operation: 'videotoprompt.*', plan: p}\n"
        "  - {name: late, operation: videotoprompt.analyze_url, plan: p}\n",
        encoding="utf-8",
    )
    assert main(["show", str(file)]) == 0
    told = capsys.readouterr().out
    assert told.index("1. all") < told.index("2. late")
    assert "never used: 'all' matches all its requests first" in told
    assert "queued 2s > running 13s ± 2s > succeeded" in told
    assert main(["show", "defualt"]) == 2
    assert "did you mean 'default'?" in capsys.readouterr().err


def test_scenarios_lists_names_with_what_they_show(capsys: Out) -> None:
    assert main(["scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("default ") for line in lines)
    assert all(len(line.split(None, 1)) == 2 for line in lines), "each has a description"


def test_schema_is_a_json_schema_that_the_default_scenario_fits(capsys: Out) -> None:
    import jsonschema

    from mockserver.scenario.library import bundled_dir

    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((bundled_dir() / "default.yaml").read_text("utf-8")), schema)


def test_health_and_push_without_a_server_fail_and_say_so(tmp_path: Path, capsys: Out, nobody: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("scenario: x\n")
    assert main(["health", "--url", nobody]) == 1
    assert main(["push", str(file), "--url", nobody]) == 2
    assert main(["push", str(tmp_path / "none"), "--url", nobody]) == 2
    assert main(["health", "--url", "nonsense"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"no answer from {nobody}: ")
    assert "expected one such as http://127.0.0.1:8080" in told[3]


@contextmanager
def serving(*flags: str, cwd: Path) -> Iterator[tuple[str, list[str]]]:
    """A server in a process of its own: its URL, and what it printed when it started."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", *flags]
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    # A server that hangs must fail the test, not the whole run.
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    try:
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if "Content-Type" in line:
                break
        control = next(line.split()[1] for line in lines if line.startswith("  Control"))
        yield control.removesuffix("/_mock"), lines
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        process.stdout.close()
        watchdog.cancel()


def test_serve_prints_where_everything_is_and_one_request_that_works(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "scenario: mine\nrules: [{name: no, operation: '*', fault: {kind: forbidden}}]\n"
    )
    with serving("--seed", "7", cwd=tmp_path) as (url, lines):
        assert lines[0] == "mockserver is ready: scenario default, clock real, seed 7"
        assert any(line.split() == ["VideoToPrompt", f"{url}/videotoprompt/v1"] for line in lines)
        assert any(line.startswith("  curl") for line in lines)
        assert main(["health", "--url", url]) == 0
        request = Request(
            f"{url}/videotoprompt/v1/analyze/url",
            b'{"url": "https://example.com/hike.mp4"}',
            {"Authorization": "Bearer test-key", "Content-Type": "application/json"},
        )
        with urlopen(request) as reply:
            assert reply.status == 202
        assert main(["push", str(tmp_path / "mine.yaml"), "--url", url]) == 0
        with urlopen(f"{url}/_mock/ready") as reply:
            assert json.load(reply)["scenario"] == "mine"


@pytest.mark.parametrize(
    ("flag", "name", "value"),
    [
        ("--strict", "strict", True),
        ("--no-strict", "strict", False),
        ("--no-assumed", "no_assumed", True),
        ("--rule-header", "rule_header", True),
        ("--no-rule-header", "rule_header", False),
        ("--allow-public-webhooks", "allow_public_webhooks", True),
        ("--access-log", "access_log", True),
        ("--no-access-log", "access_log", False),
    ],
)
def test_each_switch_of_serve_sets_what_it_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flag: str, name: str, value: bool
) -> None:
    asked: list[Settings] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"MOCKSERVER_{name.upper()}", str(not value))
    monkeypatch.setattr("mockserver.serving.serve.serve", asked.append)
    assert main(["serve", flag]) == 0
    assert getattr(asked[0], name) is value


@pytest.mark.parametrize("flag", ["--no-assumed", "--rule-header"])
def test_serve_tells_a_mistake_in_a_ledger_before_anybody_asks(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = tmp_path / "ledger.yaml"
    monkeypatch.setattr("mockserver.kit.ledger.ledger_file", lambda provider: ledger)
    ledger.write_text("rows: {}\nrows: {}\n")
    assert main(["serve", "--port", "0", flag]) == 2
    assert capsys.readouterr().err.startswith(f"{ledger}:2:1: ")


def test_a_server_looks_for_no_plugins_of_pydantic_and_leaves_the_environment_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, seen = "PYDANTIC_DISABLE_PLUGINS", list[str | None]()
    monkeypatch.setattr("mockserver.serving.serve.serve", lambda settings: seen.append(os.environ.get(name)))
    for mine in (None, "logfire-plugin"):
        monkeypatch.delenv(name, raising=False) if mine is None else monkeypatch.setenv(name, mine)
        assert main(["serve"]) == 0
        assert os.environ.get(name) == mine
    assert seen == ["__all__", "logfire-plugin"]


def test_serve_refuses_what_it_cannot_use(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--port", "0", "--scenario", "defalt"]) == 2
    assert "did you mean 'default'?" in capsys.readouterr().err
    assert main(["serve", "--port", "70000"]) == 2
    assert "port must be from 0 to 65535" in capsys.readouterr().err
    (tmp_path / "mockserver.toml").write_text("prot = 1\n")
    assert main(["serve"]) == 2
    assert "unknown setting 'prot'; did you mean 'port'?" in capsys.readouterr().err
