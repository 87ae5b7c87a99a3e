"""The command line: help texts, commands, error messages and exit codes."""

import argparse
import json
import os
import re
import signal
import socket
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
    help_text = capsys.readouterr().out
    assert "examples:" in help_text
    for command in COMMANDS:
        assert f"\n    {command}" in help_text
    for command in ("--help", "serve --help", "--version"):
        with pytest.raises(SystemExit) as ended:
            main(command.split())
        assert ended.value.code == 0
    assert capsys.readouterr().out.endswith(f"mockserver {__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example_that_it_accepts(command: str) -> None:
    help_text = commands_of(parser_for(command))[command].format_help()
    examples = [line.strip() for line in help_text.partition("\nexample")[2].splitlines() if "mockserver " in line]
    assert examples
    for example in examples:
        # Without what follows two spaces, a pipe or a redirection.
        words = re.split(r"  | [>|] ", example.partition("mockserver ")[2])[0].split()
        assert parser_for(command).parse_args(words).command == command


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (subparsers,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(subparsers.choices)


def test_the_parser_of_one_command_is_the_same_as_in_the_parser_of_all() -> None:
    all_commands = commands_of(parser_for(""))
    assert list(all_commands) == list(COMMANDS)
    for name, parser in all_commands.items():
        assert commands_of(parser_for(name))[name].format_help() == parser.format_help()


def test_check_reports_the_position_of_each_error_with_a_suggestion(tmp_path: Path, capsys: Out) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("scenario: good\nextends: default\n")
    bad.write_text(TYPO)
    assert main(["check", str(good)]) == 0
    assert capsys.readouterr().out.startswith(f"{good}: ok")
    assert main(["check", str(good), str(bad), str(tmp_path / "none.yaml")]) == 2
    errors = capsys.readouterr().err
    assert errors.splitlines()[0].startswith(f"{bad}:4:5: unknown key 'operaton'")
    assert "did you mean 'operation'?" in errors
    assert "none.yaml: No such file" in errors


def test_check_leaves_out_the_files_of_other_programs_in_a_folder(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  app: {image: app}\n")
    assert main(["check", str(tmp_path)]) == 2
    assert "there are no scenario files" in capsys.readouterr().err
    (tmp_path / "good.yaml").write_text("{scenario: good, extends: default}")
    (tmp_path / "nameless.yaml").write_text("extends: default\n")
    assert main(["check", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{tmp_path / 'good.yaml'}: ok")
    assert "nameless.yaml" in printed.err
    assert "compose.yaml" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("scenario: x\nscenario: y\n", ":2:1: "),
        ("scenario: x\nplans: &a {}\n", ":2:8: "),
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
def test_each_mistake_is_reported_in_one_line_with_its_position(
    tmp_path: Path, capsys: Out, text: str, line: str
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    assert main(["check", str(file)]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith(f"{file}:")
    assert line in error
    assert len(error) < 600


def test_show_prints_the_rules_in_order_and_the_plans(tmp_path: Path, capsys: Out) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "scenario: s\n"
        "plans: {p: {steps: [{status: queued, for: 2s}, {status: running, for: 13s ± 2s}, {status: succeeded}]}}\n"
        "rules:\n  - {name: all, operation: 'videotoprompt.*', plan: p}\n"
        "  - {name: late, operation: videotoprompt.analyze_url, plan: p}\n",
        encoding="utf-8",
    )
    assert main(["show", str(file)]) == 0
    output = capsys.readouterr().out
    assert output.index("1. all") < output.index("2. late")
    assert "never used: 'all' matches all its requests first" in output
    assert "queued 2s > running 13s ± 2s > succeeded" in output
    assert main(["show", "defualt"]) == 2
    assert "did you mean 'default'?" in capsys.readouterr().err


def test_scenarios_lists_names_with_descriptions(capsys: Out) -> None:
    assert main(["scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("default ") for line in lines)
    assert all(len(line.split(None, 1)) == 2 for line in lines), "each has a description"


def test_schema_prints_a_json_schema_that_accepts_the_default_scenario(capsys: Out) -> None:
    import jsonschema

    from mockserver.scenario.library import bundled_dir

    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((bundled_dir() / "default.yaml").read_text("utf-8")), schema)


def test_health_and_push_without_a_server_report_an_error(tmp_path: Path, capsys: Out, unused_url: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("scenario: x\n")
    assert main(["health", "--url", unused_url]) == 1
    assert main(["push", str(file), "--url", unused_url]) == 2
    assert main(["push", str(tmp_path / "none"), "--url", unused_url]) == 2
    assert main(["health", "--url", "nonsense"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"no answer from {unused_url}: Connection refused",
        f"no answer from {unused_url}: Connection refused",
        f"{tmp_path / 'none'}: No such file or directory",
        "'nonsense' is not the URL of a server; expected one such as http://127.0.0.1:8080",
    ]


@contextmanager
def serving(*flags: str, cwd: Path) -> Iterator[tuple[str, list[str]]]:
    """Run a server in another process. Yields its URL, and the lines that it printed at its start."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", *flags]
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    # If the server hangs, this test fails, but the run goes on.
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


def test_serve_prints_the_urls_and_a_request_that_works(tmp_path: Path, capsys: Out) -> None:
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
        pushed = f"sandbox default of {url} now uses the scenario mine: 1 rules, clock real"
        assert capsys.readouterr().out.splitlines() == ["ok", pushed]
        with urlopen(f"{url}/_mock/ready") as reply:
            assert json.load(reply)["scenario"] == "mine"


@pytest.mark.parametrize(
    ("flag", "name", "value"),
    [
        ("--strict", "strict", True),
        ("--no-strict", "strict", False),
        ("--no-assumed", "no_assumed", True),
        ("--additive", "additive", True),
        ("--no-additive", "additive", False),
        ("--rule-header", "rule_header", True),
        ("--no-rule-header", "rule_header", False),
        ("--cors", "cors", True),
        ("--no-cors", "cors", False),
        ("--allow-public-webhooks", "allow_public_webhooks", True),
        ("--access-log", "access_log", True),
        ("--no-access-log", "access_log", False),
    ],
)
def test_each_switch_of_serve_overrides_its_environment_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flag: str, name: str, value: bool
) -> None:
    served: list[Settings] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"MOCKSERVER_{name.upper()}", str(not value))
    monkeypatch.setattr("mockserver.serving.serve.serve", served.append)
    assert main(["serve", flag]) == 0
    assert getattr(served[0], name) is value


@pytest.mark.parametrize("flag", ["--no-assumed", "--rule-header"])
def test_serve_reports_a_mistake_in_a_ledger_at_the_start(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = tmp_path / "ledger.yaml"
    monkeypatch.setattr("mockserver.kit.ledger.ledger_file", lambda provider: ledger)
    ledger.write_text("rows: {}\nrows: {}\n")
    assert main(["serve", "--port", "0", flag]) == 2
    assert capsys.readouterr().err.startswith(f"{ledger}:2:1: ")


def test_serve_disables_plugins_of_pydantic_unless_they_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    name, values = "PYDANTIC_DISABLE_PLUGINS", list[str | None]()
    monkeypatch.setattr("mockserver.serving.serve.serve", lambda settings: values.append(os.environ.get(name)))
    for mine in (None, "logfire-plugin"):
        monkeypatch.delenv(name, raising=False) if mine is None else monkeypatch.setenv(name, mine)
        assert main(["serve"]) == 0
        assert os.environ.get(name) == mine
    assert values == ["__all__", "logfire-plugin"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("serve", "--port", "x"), "argument --port: must be a whole number, not 'x'"),
        (("serve", "--seed", "1.5"), "argument --seed: must be a whole number, not '1.5'"),
        (("coverage", "--fail-under", "most"), "argument --fail-under: must be a percentage from 0 to 100, not 'most'"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_usage_error(capsys: Out, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        f"mockserver {arguments[0]}: {message}",
        f"`mockserver {arguments[0]} --help` describes the command and its options.",
    ]


def test_serve_reports_a_port_that_is_in_use(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 3
    hint = "Is another server running? Use --port 0 for a free port"
    assert capsys.readouterr().err == f"cannot listen on 127.0.0.1 port {port}: Address already in use. {hint}\n"


def test_serve_reports_wrong_settings(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--port", "0", "--scenario", "defalt"]) == 2
    assert "did you mean 'default'?" in capsys.readouterr().err
    assert main(["serve", "--port", "70000"]) == 2
    assert "port must be from 0 to 65535" in capsys.readouterr().err
    (tmp_path / "mockserver.toml").write_text("prot = 1\n")
    assert main(["serve"]) == 2
    assert "unknown setting 'prot'; did you mean 'port'?" in capsys.readouterr().err
