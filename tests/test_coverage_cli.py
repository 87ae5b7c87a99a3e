"""`mockserver coverage`: reports on a running server, and on saved reports."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.cli.main import main, parser_for
from mockserver.providers.registry import all_providers
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
    """A server with two requests for analyses: one accepted, and one refused in another sandbox."""
    with live({"extends": "default"}) as server:
        server.client.post("/_mock/sandboxes", json={"name": "one"}).raise_for_status()
        asked = {"url": "https://example.com/a.mp4"}
        assert server.client.post("/v1/analyze/url", json=asked, headers=KEY).status_code == 202
        assert server.client.post("/~one/v1/analyze/url", json=asked).status_code == 401
        yield server


def run(capsys: Out, *arguments: str) -> tuple[int, str, str]:
    """Run the command, and return its exit code, output and error output."""
    code = main(["coverage", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_table_of_a_running_server(server: Live, capsys: Out) -> None:
    code, out, err = run(capsys, "--url", server.base)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [
        "provider       operations  errors  states  events  endings  all",
        "videotoprompt         1/2     1/3     1/2     0/2        -  3/9  33%",
    ]
    assert "    error.rate_limit_exceeded  documented  videotoprompt-rate_limit_exceeded  What error" in out
    assert "videotoprompt.analyze_url  202 ×1, 401 ×1" in out


@pytest.mark.parametrize(
    "fault", [{"kind": "reset", "phase": "after_commit"}, {"kind": "truncate", "at": "50%"}], ids=lambda f: f["kind"]
)
def test_a_reply_with_a_wire_fault_covers_no_state(capsys: Out, fault: dict[str, Any]) -> None:
    with live({"extends": "default"}) as server:
        server.client.post("/_mock/faults", json={"fault": fault}).raise_for_status()
        asked = {"url": "https://example.com/a.mp4"}
        with pytest.raises(httpx2.TransportError):
            server.client.post("/v1/analyze/url", json=asked, headers=KEY)
        assert "1/2     0/3     0/2" in run(capsys, "--url", server.base)[1]
        assert server.client.post("/v1/analyze/url", json=asked, headers=KEY).status_code == 202
        assert "1/2     0/3     1/2" in run(capsys, "--url", server.base)[1]


def test_coverage_below_the_threshold_fails_and_lists_what_is_missing(server: Live, capsys: Out) -> None:
    assert run(capsys, "--url", server.base, "--fail-under", "33.3")[0] == 0
    code, out, err = run(capsys, "--url", server.base, "--fail-under", "80")
    assert code == 1
    assert out.startswith("provider ")
    assert err.startswith(
        "coverage: 33% is less than the required 80%; not covered: videotoprompt.error.rate_limit_exceeded, "
        "videotoprompt.error.service_unavailable, videotoprompt.event.analysis.completed, "
    )


def test_a_threshold_without_any_behaviours_fails(server: Live, capsys: Out) -> None:
    code, _, err = run(capsys, "--url", server.base, "--class", "observed", "--fail-under", "80")
    assert (code, err) == (1, "coverage: 80% is required, but there is nothing to cover\n")


def test_a_report_can_be_limited_to_a_sandbox_providers_and_classes(server: Live, capsys: Out) -> None:
    at = ("--url", server.base)
    assert "1/2     0/3     1/2" in run(capsys, *at, "--sandbox", "default")[1]
    assert run(capsys, *at, "--provider", "dumplingai")[1].splitlines()[1].split() == [
        "dumplingai", "0/1", "0/1", "-", "-", "-", "0/2", "0%"
    ]  # fmt: skip
    every = run(capsys, *at, "--provider", "all")[1].splitlines()
    total = every[1 + len(all_providers())].split()
    assert len(every[1].split()) == len(total) == 8
    assert total[-2:] == ["3/11", "27%"]
    assert "2/7  28%" in run(capsys, *at, "--class", "documented")[1]


def test_each_format_can_be_written_to_a_file(server: Live, capsys: Out, tmp_path: Path) -> None:
    for form in ("json", "junit", "html"):
        asked = ("--url", server.base, "--format", form, "--output", str(tmp_path / form))
        assert run(capsys, *asked, "--fail-under", "80")[:2] == (1, "")
    assert json.loads((tmp_path / "json").read_bytes())["percent"] == 33
    assert ET.parse(tmp_path / "junit").getroot().get("failures") == "1"
    assert (tmp_path / "html").read_text("utf-8").startswith("<!doctype html>")


def test_coverage_can_be_reset(server: Live, capsys: Out) -> None:
    at = ("--url", server.base)
    assert "1/3" in run(capsys, *at, "--reset", "--sandbox", "one")[1]
    assert "1/2     0/3     1/2" in run(capsys, *at, "--reset")[1]
    code, out, err = run(capsys, *at, "--fail-under", "1")
    assert (code, out) == (1, "coverage: no provider was called\n")
    assert err == "coverage: 1% is required, but no provider was called\n"


def test_reports_of_parallel_jobs_are_merged(server: Live, capsys: Out, tmp_path: Path) -> None:
    for sandbox in ("default", "one"):
        assert (
            main(["coverage", "--url", server.base, "--sandbox", sandbox, "--format", "json", "--output", sandbox]) == 0
        )
    assert run(capsys, "default", "one") == run(capsys, "--url", server.base)
    assert run(capsys, "default", "--fail-under", "33")[0] == 1
    assert run(capsys, "default", "one", "--fail-under", "33")[0] == 0


def test_without_a_server_it_fails_with_a_message(capsys: Out, unused_url: str) -> None:
    code, out, err = run(capsys, "--url", unused_url)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"no answer from {unused_url}: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--url", "http://127.0.0.1:99999"), "'http://127.0.0.1:99999' is not the URL of a server"),
        (("--url", "http://[::1"), "'http://[::1' is not the URL of a server"),
        (("none.json",), "none.json: No such file"),
        (("bad.json",), "bad.json: not a coverage report that was saved as JSON"),
        (("bad.json", "--reset"), "--url, --sandbox and --reset need a server"),
        (("bad.json", "--sandbox", "one"), "--url, --sandbox and --reset need a server"),
        (("bad.json", "--sandbox", ""), "--url, --sandbox and --reset need a server"),
    ],
)
def test_invalid_input_is_reported_in_one_line(
    tmp_path: Path, capsys: Out, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "bad.json").write_text("{}")
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


def test_unknown_names_are_reported_with_the_known_ones(server: Live, capsys: Out) -> None:
    at = ("--url", server.base)
    known = ", ".join(provider.name for provider in all_providers())
    assert run(capsys, *at, "--provider", "acme") == (
        2,
        "",
        f"there is no provider 'acme'; the providers are {known}\n",
    )
    assert run(capsys, *at, "--sandbox", "tw/o") == (2, "", "There is no sandbox named 'tw/o'\n")
    # An empty name, for example from an unset variable in a script, does not mean all sandboxes.
    assert run(capsys, *at, "--sandbox", "", "--reset") == (2, "", "There is no sandbox named ''\n")
    assert run(capsys, *at, "--output", "no/such/place")[::2] == (2, "no/such/place: No such file or directory\n")


@pytest.mark.parametrize("percent", ["101", "-1", "nan", "most"])
def test_a_threshold_is_a_percentage(capsys: Out, percent: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["coverage", f"--fail-under={percent}"])
    assert ended.value.code == 2
    assert f"must be a percentage from 0 to 100, not '{percent}'" in capsys.readouterr().err


def test_the_token_of_a_server_is_sent(capsys: Out) -> None:
    with live_server(create_app(Settings(token="secret"))) as base:
        assert run(capsys, "--url", base)[0] == 2
        assert run(capsys, "--url", base, "--token", "secret", "--reset")[0] == 0


@pytest.mark.parametrize("page", ["how-to-coverage.md", "how-to-ci.md"])
def test_the_commands_of_a_page_can_be_parsed(page: str) -> None:
    found = commands(ROOT / "docs" / page, "mockserver coverage")
    assert found
    for command in found:
        assert parser_for(command[1]).parse_args(command[1:]).command == "coverage"
