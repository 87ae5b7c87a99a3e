"""`mockserver coverage`: reports of running servers, and of saved files."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.cli.main import main, parser_for
from mockserver.settings import Settings
from tests import ledgers
from tests.documents import ROOT
from tests.live import Live, live, live_server
from tests.pages import commands

Out = pytest.CaptureFixture[str]

KEY = {"Authorization": "Bearer key-1"}


@pytest.fixture(autouse=True)
def _ledgers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    ledgers.put(monkeypatch, tmp_path, videotoprompt=ledgers.VIDEOTOPROMPT, dumplingai=ledgers.DUMPLINGAI)


@pytest.fixture
def server() -> Iterator[Live]:
    """A server that got two requests: one is accepted, one in another sandbox is refused."""
    with live({"extends": "default"}) as server:
        server.client.post("/_mock/sandboxes", json={"name": "one"}).raise_for_status()
        body = {"url": "https://example.com/a.mp4"}
        assert server.client.post("/v1/analyze/url", json=body, headers=KEY).status_code == 202
        assert server.client.post("/~one/v1/analyze/url", json=body).status_code == 401
        yield server


def coverage(capsys: Out, *arguments: str) -> tuple[int, str, str]:
    """Run the command. Returns its exit code, its output and its errors."""
    code = main(["coverage", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_table_of_a_running_server(server: Live, capsys: Out) -> None:
    code, out, err = coverage(capsys, "--url", server.base)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [
        "met of         operations  errors  states  events  endings  all",
        "videotoprompt         1/2     1/3     1/2     0/2        -  3/9  33%",
    ]
    assert "    error.rate_limit_exceeded  documented  videotoprompt-rate_limit_exceeded  What error" in out
    assert "videotoprompt.analyze_url  202 ×1, 401 ×1" in out


@pytest.mark.parametrize(
    "fault", [{"kind": "reset", "phase": "after_commit"}, {"kind": "truncate", "at": "50%"}], ids=lambda f: f["kind"]
)
def test_a_reply_that_did_not_arrive_covers_no_state(capsys: Out, fault: dict[str, Any]) -> None:
    with live({"extends": "default"}) as server:
        server.client.post("/_mock/faults", json={"fault": fault}).raise_for_status()
        body = {"url": "https://example.com/a.mp4"}
        with pytest.raises(httpx2.TransportError):
            server.client.post("/v1/analyze/url", json=body, headers=KEY)
        assert "1/2     0/3     0/2" in coverage(capsys, "--url", server.base)[1]
        assert server.client.post("/v1/analyze/url", json=body, headers=KEY).status_code == 202
        assert "1/2     0/3     1/2" in coverage(capsys, "--url", server.base)[1]


def test_a_failure_below_the_threshold_names_what_is_missing(server: Live, capsys: Out) -> None:
    assert coverage(capsys, "--url", server.base, "--fail-under", "33.3")[0] == 0
    code, out, err = coverage(capsys, "--url", server.base, "--fail-under", "80")
    assert code == 1
    assert out.startswith("met of")
    assert err.startswith(
        "coverage: 33% is less than 80%; never seen: videotoprompt.error.rate_limit_exceeded, "
        "videotoprompt.error.service_unavailable, videotoprompt.event.analysis.completed, "
    )


def test_without_any_behaviour_to_cover_the_threshold_is_not_reached(server: Live, capsys: Out) -> None:
    code, _, err = coverage(capsys, "--url", server.base, "--class", "observed", "--fail-under", "80")
    assert (code, err) == (1, "coverage: 80% was asked for, and there is nothing to meet\n")


def test_sandbox_providers_and_classes_can_be_selected(server: Live, capsys: Out) -> None:
    at = ("--url", server.base)
    assert "1/2     0/3     1/2" in coverage(capsys, *at, "--sandbox", "default")[1]
    assert coverage(capsys, *at, "--provider", "dumplingai")[1].splitlines()[1].split() == [
        "dumplingai", "0/1", "0/1", "-", "-", "-", "0/2", "0%"
    ]  # fmt: skip
    lines = coverage(capsys, *at, "--provider", "all")[1].splitlines()
    assert len(lines[1].split()) == len(lines[6].split()) == 8
    assert lines[6].split()[-2:] == ["3/11", "27%"]
    assert "2/7  28%" in coverage(capsys, *at, "--class", "documented")[1]


def test_every_format_can_be_written_to_a_file(server: Live, capsys: Out, tmp_path: Path) -> None:
    for form in ("json", "junit", "html"):
        arguments = ("--url", server.base, "--format", form, "--output", str(tmp_path / form))
        assert coverage(capsys, *arguments, "--fail-under", "80")[:2] == (1, "")
    assert json.loads((tmp_path / "json").read_bytes())["percent"] == 33
    assert ET.parse(tmp_path / "junit").getroot().get("failures") == "1"
    assert (tmp_path / "html").read_text("utf-8").startswith("<!doctype html>")


def test_reset_starts_counting_again(server: Live, capsys: Out) -> None:
    at = ("--url", server.base)
    assert "1/3" in coverage(capsys, *at, "--reset", "--sandbox", "one")[1]
    assert "1/2     0/3     1/2" in coverage(capsys, *at, "--reset")[1]
    code, out, err = coverage(capsys, *at, "--fail-under", "1")
    assert (code, out) == (1, "coverage: no provider was called\n")
    assert err == "coverage: 1% was asked for, and no provider was called\n"


def test_reports_of_parallel_jobs_are_merged(server: Live, capsys: Out, tmp_path: Path) -> None:
    for sandbox in ("default", "one"):
        assert (
            main(["coverage", "--url", server.base, "--sandbox", sandbox, "--format", "json", "--output", sandbox]) == 0
        )
    assert coverage(capsys, "default", "one") == coverage(capsys, "--url", server.base)
    assert coverage(capsys, "default", "--fail-under", "33")[0] == 1
    assert coverage(capsys, "default", "one", "--fail-under", "33")[0] == 0


def test_without_a_server_the_command_reports_an_error(capsys: Out, nobody: str) -> None:
    assert coverage(capsys, "--url", nobody) == (2, "", f"no answer from {nobody}: Connection refused\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--url", "http://127.0.0.1:99999"), "'http://127.0.0.1:99999' is not the URL of a server"),
        (("--url", "http://[::1"), "'http://[::1' is not the URL of a server"),
        (("none.json",), "none.json: No such file"),
        (("bad.json",), "bad.json: is no report of coverage that was saved as JSON"),
        (("bad.json", "--reset"), "--url, --sandbox and --reset need a server"),
        (("bad.json", "--sandbox", "one"), "--url, --sandbox and --reset need a server"),
        (("bad.json", "--sandbox", ""), "--url, --sandbox and --reset need a server"),
    ],
)
def test_wrong_input_is_reported_in_one_line(
    tmp_path: Path, capsys: Out, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "bad.json").write_text("{}")
    code, out, err = coverage(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


def test_wrong_names_are_reported(server: Live, capsys: Out) -> None:
    at = ("--url", server.base)
    known = "videotoprompt, prompttovideo, nanophoto, descrideo, dumplingai"
    assert coverage(capsys, *at, "--provider", "acme") == (
        2,
        "",
        f"there is no provider 'acme'; the providers are {known}\n",
    )
    assert coverage(capsys, *at, "--sandbox", "tw/o") == (2, "", "There is no sandbox named 'tw/o'\n")
    # An empty name, for example of a variable that a script did not set, does not stand for all sandboxes.
    assert coverage(capsys, *at, "--sandbox", "", "--reset") == (2, "", "There is no sandbox named ''\n")
    assert coverage(capsys, *at, "--output", "no/such/place")[::2] == (2, "no/such/place: No such file or directory\n")


@pytest.mark.parametrize("percent", ["101", "-1", "nan", "most"])
def test_a_threshold_is_a_percentage(capsys: Out, percent: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["coverage", f"--fail-under={percent}"])
    assert ended.value.code == 2
    assert f"must be a percentage from 0 to 100, not '{percent}'" in capsys.readouterr().err


def test_the_token_is_sent_to_the_server(capsys: Out) -> None:
    with live_server(create_app(Settings(token="secret"))) as base:
        assert coverage(capsys, "--url", base)[0] == 2
        assert coverage(capsys, "--url", base, "--token", "secret", "--reset")[0] == 0


@pytest.mark.parametrize("page", ["how-to-coverage.md", "how-to-ci.md"])
def test_the_commands_on_a_page_are_valid(page: str) -> None:
    on_page = commands(ROOT / "docs" / page, "mockserver coverage")
    assert on_page
    for command in on_page:
        assert parser_for(command[1]).parse_args(command[1:]).command == "coverage"
