"""The distribution of the client: the fixture and the commands for a server elsewhere, with few dependencies."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel
from packaging.requirements import Requirement

from mockserver.app import create_app
from mockserver.cli import diagnosis
from tests.documents import ROOT
from tests.live import live_server

FOLDER = ROOT / "clients" / "python"
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))["project"]
SERVER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ABSENT = (
    "cryptography",
    "faker",
    "fastapi",
    "multipart",
    "python_multipart",
    "starlette",
    "trustme",
    "uvloop",
    "uvicorn",
)

# Runs with the modules that the client is installed without hidden. The last lines are a test of the user.
_PROGRAM = f"""
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {ABSENT!r} else find_spec(name, package)
sys.meta_path.insert(0, Hidden())
from urllib.request import Request, urlopen
from mockserver.cli.main import main
from mockserver.testing import MockServer

for command in (["health"], ["push", "tour"], ["verdict"], ["coverage"], ["bundle", "save"], ["serve", "--port", "0"]):
    print(command[0], main(command))
with MockServer(url=sys.argv[1], clock="manual") as mock:
    headers = {{"Authorization": f"Bearer {{mock.key('videotoprompt')}}", "Content-Type": "application/json"}}
    body = b'{{"url": "https://example.com/a.mp4"}}'
    print(urlopen(Request(mock.url("videotoprompt") + "/analyze/url", body, headers)).status)
    mock.clock.advance("15s")
    print([job.status for job in mock.jobs], len(mock.verdict().findings))
"""


def test_it_needs_some_of_what_the_server_needs() -> None:
    assert set(PROJECT["dependencies"]) < set(SERVER["dependencies"])
    assert not {each.name for each in map(Requirement, PROJECT["dependencies"])} & set(ABSENT)
    assert PROJECT["scripts"] == dict.fromkeys(("mockserver", PROJECT["name"]), "mockserver.cli.main:main")
    for name in ("urls", "entry-points", "requires-python", "license", "authors"):
        assert PROJECT[name] == SERVER[name]


def test_the_wheel_has_the_package_and_the_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    with zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))) as packed:
        names = set(packed.namelist())
    assert {
        "mockserver/pytest_plugin.py",
        "mockserver/testing/remote/host.py",
        "mockserver/_scenarios/tour.yaml",
    } <= names
    assert not [name for name in names if "__pycache__" in name]


def test_the_fixture_and_the_commands_work_without_what_the_server_needs(tmp_path: Path) -> None:
    with live_server(create_app()) as url:
        environment = {**os.environ, "MOCKSERVER_URL": url, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", _PROGRAM, url]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    lines = done.stdout.splitlines()
    results = [
        line for line in lines if line.split(" ")[0] in ("health", "push", "verdict", "coverage", "bundle", "serve")
    ]
    assert results == ["health 0", "push 0", "verdict 3", "coverage 0", "bundle 0", "serve 1"], done.stderr
    assert lines[-2:] == ["202", "['succeeded'] 0"]
    assert done.stderr.splitlines()[-1] == (
        "`mockserver serve` needs the server, which is not installed. "
        "Install ai-video-mockserver instead of ai-video-mockserver-client"
    )


def doctor(*installed: str) -> list[str]:
    """Return the results of `mockserver doctor` where these distributions are installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnosis, "_is_installed", lambda name: name in installed)
        found = list(diagnosis.results(None, None, {"MOCKSERVER_PORT": "0"}))
    return [f"{each.status} {each.subject} {each.text}" for each in found]


def test_doctor_knows_the_client() -> None:
    found = doctor("ai-video-mockserver-client")
    assert "ok interception `serve` and `exec` are not installed; they are in ai-video-mockserver" in found
    assert "problem server no server listens on 0, and MOCKSERVER_URL is not set" in found
    assert not [line for line in found if "fastapi" in line]
    both = "warning package ai-video-mockserver and ai-video-mockserver-client are installed, with the same modules"
    assert both in doctor("ai-video-mockserver-client", "ai-video-mockserver")
