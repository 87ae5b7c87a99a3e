"""The GitHub Action, the template for GitLab and the workflows: their scripts run, and their parts fit together."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from mockserver.cli.main import parser_for
from mockserver.serving.listening import listen
from tests.documents import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = {"start": ROOT / "action.yml", "report": ROOT / "ci" / "report" / "action.yml"}
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None or sys.platform == "win32", reason="the scripts run in bash")
# Stands in for a Python of the runner: the environment that it makes has the server of this checkout, without pip.
PYTHON = """\
#!/bin/sh
case "$*" in
*"-m pip"*) exit 0 ;;
*"-m venv"*)
    mkdir -p "$3/bin"
    printf '#!/bin/sh\\nexec {python} -m mockserver "$@"\\n' >"$3/bin/mockserver"
    cp "$0" "$3/bin/python"
    chmod +x "$3/bin/mockserver" ;;
esac
"""


def loaded(file: Path) -> Any:
    return yaml.safe_load(file.read_text("utf-8"))


@pytest.fixture
def job(tmp_path: Path) -> dict[str, str]:
    """The environment of the steps of a job."""
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable), "utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    files = {
        name: str(tmp_path / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MOCK", "GITHUB_"))}
    return {
        **inherited, **files, "RUNNER_TEMP": str(tmp_path), "MOCK_PYTHON": str(python), "MOCK_PORT": str(port),
        "PYTHONPATH": str(ROOT), "MOCK_REPORT": str(tmp_path / "report"),
    }  # fmt: skip


def run(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    assert BASH is not None
    return subprocess.run(
        [BASH, str(ROOT / "ci" / script)], env=environment, capture_output=True, text=True, timeout=60, check=False,
        cwd=environment["RUNNER_TEMP"],
    )  # fmt: skip


@needs_bash
def test_the_steps_of_a_red_job_leave_a_report(job: dict[str, str]) -> None:
    scenario = "scenario: ci\nextends: default\nrules:\n  - {name: no, operation: '*', fault: {kind: overloaded}}\n"
    started = run("start.sh", job | {"MOCK_SCENARIO": scenario, "MOCK_ARGS": "--seed 7 --token hush"})
    assert started.returncode == 0, started.stdout + started.stderr
    lines = Path(job["GITHUB_ENV"]).read_text("utf-8").splitlines()
    variables = dict(line.split("=", 1) for line in lines)
    assert variables["MOCKSERVER_URL"] == f"http://localhost:{job['MOCK_PORT']}"
    assert "::add-mask::hush" in started.stdout
    url = variables["MOCKSERVER_URL"] + "/videotoprompt/v1/analyze/url"
    for _ in range(2):
        reply = httpx2.post(url, json={"url": "https://example.com/a.mp4"}, headers={"authorization": "Bearer k"})
        assert reply.status_code == 503

    done = run("report.sh", job | variables | {"MOCK_FAIL_UNDER": "99", "MOCK_FAIL_ON": "error"})
    assert done.returncode == 1, done.stdout + done.stderr
    report = Path(job["MOCK_REPORT"])
    assert {file.name for file in report.iterdir()} == {
        "coverage.html", "coverage.json", "coverage.txt", "coverage.xml", "default.mock.zip", "server.log",
        "verdict.md", "verdict.sarif", "verdict.xml",
    }  # fmt: skip
    assert [name for name in report.iterdir() if not name.stat().st_size] == []
    assert json.loads((report / "verdict.sarif").read_text("utf-8"))["runs"]
    assert "hush" not in (report / "server.log").read_text("utf-8")
    assert Path(job["GITHUB_STEP_SUMMARY"]).read_text("utf-8").startswith("## Verdict")
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)


@needs_bash
def test_a_server_that_does_not_start_shows_its_log(job: dict[str, str]) -> None:
    started = run("start.sh", job | {"MOCK_SCENARIO": "toure"})
    assert started.returncode == 1
    assert "The server has ended" in started.stderr
    assert "tour" in started.stderr.partition("ended")[2]
    missing = run("start.sh", job | {"MOCK_PYTHON": "no-such-python"})
    assert "needs Python 3.11 or later" in missing.stderr
    assert "run ci/start.sh before" in run("report.sh", job | {"MOCK_HOME": job["RUNNER_TEMP"] + "/none"}).stderr


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_gives_its_script_every_input(name: str) -> None:
    action = loaded(ACTIONS[name])
    assert action["runs"]["using"] == "composite"
    text = ACTIONS[name].read_text("utf-8")
    script = (ROOT / "ci" / f"{name}.sh").read_text("utf-8")
    for each in action["inputs"]:
        assert f"inputs.{each}" in text
    given = action["runs"]["steps"][0]["env"]
    assert [variable for variable in given if variable.startswith("MOCK_") and variable not in script] == []
    used = set(re.findall(r"\$\{(MOCK_\w+):-", script)) - {"MOCK_HOME", "MOCK_PYTHON"}
    assert used <= set(given)
    for step in action["runs"]["steps"]:
        assert "uses" in step or step["shell"] == "bash"


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_uses_what_there_is(file: Path) -> None:
    workflow = loaded(file)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            uses = step.get("uses", "")
            assert not uses.startswith("./") or (ROOT / uses / "action.yml").is_file()
            for path in re.findall(r"requirements/\w+\.lock", step.get("run", "")):
                assert (ROOT / path).is_file()


def test_ci_runs_on_all_supported_versions_and_systems() -> None:
    matrix = loaded(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]


def test_the_commands_of_the_template_for_gitlab_exist() -> None:
    template = loaded(ROOT / "ci" / "gitlab.yml")[".mockserver"]
    assert template["artifacts"]["when"] == "on_failure"
    commands = [line for line in template["after_script"] if line.startswith("mockserver ")]
    assert len(commands) == 7
    for line in commands:
        words = line.removesuffix(" || true").split()[1:]
        assert parser_for(words[0]).parse_args(words).command == words[0]


def test_the_health_check_of_compose_is_that_of_the_image() -> None:
    service = loaded(ROOT / "compose.yaml")["services"]["mockserver"]
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert service["healthcheck"]["test"][0] == "CMD"
    assert f"CMD {json.dumps(service['healthcheck']['test'][1:])}" in dockerfile


@needs_bash
def test_a_release_needs_the_address_of_its_repository(tmp_path: Path) -> None:
    """The package on the index has links, so the placeholder in them has to be replaced before a release."""
    assert BASH is not None
    steps = loaded(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["build"]["steps"]
    script = next(step["run"] for step in steps if step.get("name") == "The addresses are those of this repository")
    environment = {**os.environ, "GITHUB_REPOSITORY": "acme/mockserver", "GITHUB_REPOSITORY_OWNER": "acme"}
    for name in ("pyproject.toml", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    subprocess.run([BASH, "-ec", "git init -q && git add ."], cwd=tmp_path, check=True)
    check = [BASH, "-e", "-c", script]
    before = subprocess.run(check, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (before.returncode, "make address OWNER=acme" in before.stdout) == (1, True)
    subprocess.run(["make", "address", "OWNER=acme"], cwd=tmp_path, check=True, capture_output=True)
    assert 'Repository = "https://github.com/acme/mockserver"' in (tmp_path / "pyproject.toml").read_text("utf-8")
    assert subprocess.run(check, check=False, cwd=tmp_path, env=environment, capture_output=True).returncode == 0
    other = {**environment, "GITHUB_REPOSITORY": "other/mockserver"}
    assert subprocess.run(check, check=False, cwd=tmp_path, env=other, capture_output=True).returncode == 1
