"""`mockserver doctor`: what it says about set-ups that work and that do not."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mockserver import __version__
from mockserver.app import create_app
from mockserver.cli import diagnosis
from mockserver.cli.diagnosis import results
from mockserver.cli.main import main
from mockserver.cli.port_owner import owner_of
from mockserver.cli.result import Result
from mockserver.settings import Settings
from tests.live import live_server


@contextmanager
def another_program() -> Iterator[int]:
    """Serve HTTP that is not that of a mockserver. Yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder without scenarios and settings, and without a port that other programs use."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MOCKSERVER_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)


def found(subject: str, url: str | None = None, token: str | None = None, **environment: str) -> list[Result]:
    """Return the results about one subject."""
    variables = {"MOCKSERVER_PORT": "0", **environment}
    return [each for each in results(url, token, variables) if each.subject == subject]


def test_a_set_up_without_problems(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_PORT", "0")
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"ok       Python        {sys.version.split()[0]} at {sys.executable}"
    assert lines[-1] == "0 problems, 0 warnings"


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CLOCKK", "auto")
    assert main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert {tuple(each) for each in report} == {("status", "subject", "text", "advice")}
    (problem,) = [each for each in report if each["status"] == "problem"]
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("\n1 problem, 0 warnings\n")
    assert problem["text"] == "MOCKSERVER_CLOCKK: there is no such setting; did you mean 'MOCKSERVER_CLOCK'?"


def test_a_running_server_is_found_with_its_version() -> None:
    with live_server(create_app(Settings(token="secret"))) as base:
        port = base.rpartition(":")[2]
        (result,) = found("server", MOCKSERVER_PORT=port, MOCKSERVER_TOKEN="secret")
        assert result.status == "ok"
        assert result.text == f"mockserver {__version__} at {base}, scenario default"
        for given in (None, "wrong"):
            (result,) = found("server", base, given)
            assert result.status == "problem"
            assert "needs its token" in result.text
        (result,) = found("server", MOCKSERVER_URL=base, MOCKSERVER_TOKEN="secret")
        assert result.status == "ok"


def test_a_server_of_another_version_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    with live_server(create_app(Settings())) as base:
        monkeypatch.setattr("mockserver.__version__", "9.9")
        (result,) = found("server", base)
    assert (result.status, result.advice) == ("warning", "Use the same version on both sides: 9.9 is installed here")


def test_a_server_that_does_not_answer_is_a_problem() -> None:
    (result,) = found("server", "http://127.0.0.1:9")
    assert result.status == "problem"
    assert result.text == "no answer from http://127.0.0.1:9: Connection refused"
    assert "mockserver serve" in result.advice


def test_a_port_in_use_names_the_program() -> None:
    with another_program() as port:
        (result,) = found("port", MOCKSERVER_PORT=str(port))
    assert result.status == "problem"
    expected = f"(process {os.getpid()})" if sys.platform == "linux" else "another program"
    assert f"{port} is in use by" in result.text
    assert expected in result.text
    assert "--port 0" in result.advice


def test_the_owner_of_a_port_is_unknown_without_proc(tmp_path: Path) -> None:
    assert owner_of(8080, tmp_path) is None


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({}, "ok"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "warning"),
        ({"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost"}, "warning"),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "localhost, 127.0.0.1"}, "ok"),
        ({"ALL_PROXY": "socks5://proxy", "NO_PROXY": "*"}, "ok"),
    ],
)
def test_proxies_must_not_get_requests_for_this_machine(environment: dict[str, str], status: str) -> None:
    (result,) = found("proxy", **environment)
    assert result.status == status
    assert ("export NO_PROXY=" in result.advice) is (status == "warning")


def test_variables_of_certificates_that_are_gone(tmp_path: Path) -> None:
    (result,) = found("certificates", SSL_CERT_FILE=str(tmp_path / "gone.pem"))
    assert result.status == "problem"
    assert result.advice.startswith("unset SSL_CERT_FILE")


def test_certificates_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    (result,) = found("interception")
    assert result.status == "problem"
    assert "TMPDIR" in result.advice


def test_scenarios_of_the_folder_are_checked() -> None:
    folder = Path("scenarios")
    folder.mkdir()
    (folder / "good.yaml").write_text("scenario: good\nextends: default\n")
    assert [(each.status, each.text) for each in found("scenarios")] == [("ok", "1 in scenarios, all of them valid")]
    (folder / "bad.yaml").write_text("scenario: bad\nrulez: []\n")
    (bad,) = [each for each in found("scenarios") if each.status == "problem"]
    assert "bad.yaml:2:1: unknown key 'rulez'" in bad.text
    assert bad.advice.startswith("See all errors: mockserver check")
    (missing,) = [each for each in found("scenarios", MOCKSERVER_SCENARIO="toor") if "toor" in each.text]
    assert "did you mean 'tour'?" in missing.text


def test_versions_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_NEWEST", (3, 10))
    assert found("Python")[0].status == "warning"
    monkeypatch.setattr(diagnosis, "_NEWEST", (9, 9))
    monkeypatch.setattr(diagnosis, "_OLDEST", (9, 9))
    assert found("Python")[0].status == "problem"


def test_what_no_proxy_names_already_is_kept() -> None:
    (result,) = found("proxy", HTTP_PROXY="http://proxy:3128", NO_PROXY="intern.example,localhost")
    assert result.text.endswith("does not name 127.0.0.1: clients may send requests for the sandbox to the proxy")
    assert result.advice == "Add them: export NO_PROXY=intern.example,localhost,127.0.0.1"


def test_an_address_of_another_machine_is_not_a_port_in_use() -> None:
    (result,) = found("port", MOCKSERVER_HOST="192.0.2.1", MOCKSERVER_PORT="8080")
    assert (result.status, result.text.partition(":")[0]) == ("problem", "nothing can listen on 192.0.2.1, port 8080")


@pytest.mark.parametrize(
    ("file", "status", "text"),
    [
        ("state.db", "ok", "the state is kept in"),
        ("missing/state.db", "problem", "there is no folder"),
        ("/proc/state.db", "problem", "cannot be written to"),
    ],
)
def test_the_file_of_the_store(file: str, status: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith("/proc"))
    (result,) = found("store", MOCKSERVER_STORE=f"sqlite:{file}")
    assert (result.status, text in result.text) == (status, True)


def test_workers_that_could_not_share_their_state() -> None:
    (problem,) = found("workers", MOCKSERVER_WORKERS="2")
    assert problem.status == "problem"
    assert "a memory of their own" in problem.text
    assert not found("workers", MOCKSERVER_WORKERS="1")
    assert not found("workers", MOCKSERVER_WORKERS="2", MOCKSERVER_STORE="valkey://localhost:6379/0")
