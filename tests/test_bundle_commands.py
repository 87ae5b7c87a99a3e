"""`mockserver bundle`, and `verdict` and `coverage` of a bundle."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.cli.main import main
from tests.bundling import changed
from tests.live import Live, live

Out = pytest.CaptureFixture[str]
KEY = {"Authorization": "Bearer key-0123456789"}
GENERATE = "/prompttovideo/api/v1/generate"


@pytest.fixture(autouse=True)
def _directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server() -> Iterator[Live]:
    """A server with a job that was paid for twice."""
    with live({"extends": "default"}) as server:
        fault = {"operation": "prompttovideo.generate", "fault": {"kind": "server_error", "phase": "after_commit"}}
        server.client.post("/_mock/faults", json=fault).raise_for_status()
        assert server.client.post(GENERATE, json={"prompt": "sunset"}, headers=KEY).status_code == 500
        assert server.client.post(GENERATE, json={"prompt": "sunset"}, headers=KEY).status_code == 200
        server.advance("60s")
        yield server


@pytest.fixture
def bundle(server: Live, capsys: Out) -> Path:
    assert main(["bundle", "save", "paid-twice.mock.zip", "--url", server.base]) == 0
    capsys.readouterr()
    return Path("paid-twice.mock.zip")


def run(capsys: Out, *arguments: Any) -> tuple[int, str, str]:
    code = main([str(each) for each in arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_save_writes_the_sandbox_to_a_file(server: Live, capsys: Out) -> None:
    code, out, err = run(capsys, "bundle", "save", "--url", server.base)
    assert (code, err) == (0, "")
    size = Path("default.mock.zip").stat().st_size
    assert out == f"the sandbox default of {server.base} was saved in default.mock.zip ({size:,} bytes)\n"


def test_save_reports_a_sandbox_that_does_not_exist(server: Live, capsys: Out) -> None:
    code, _, err = run(capsys, "bundle", "save", "--sandbox", "alice", "--url", server.base)
    assert code == 2
    assert "There is no sandbox named 'alice'" in err
    assert list(Path().iterdir()) == []


def test_show_prints_what_is_in_a_bundle(bundle: Path, capsys: Out) -> None:
    code, out, _ = run(capsys, "bundle", "show", bundle)
    lines = out.splitlines()
    assert code == 0
    assert lines[1:4] == [
        "scenario live, seed 1",
        "manual clock, from 2025-06-01T12:00:00Z to 2025-06-01T12:01:00Z",
        "2 requests, 2 jobs, 1 change by the control API",
    ]
    assert lines[4] == "accounts: prompttovideo:key-01...4bedb8"
    assert lines[7].startswith("    #2  2025-06-01T12:00:00.000Z  500  prompttovideo.generate  job ")
    assert "0123456789" not in out


def test_show_prints_one_request_with_its_reply(bundle: Path, capsys: Out) -> None:
    code, out, _ = run(capsys, "bundle", "show", bundle, "--entry", 2)
    assert code == 0
    for line in ("POST /api/v1/generate", '{"prompt":"sunset"}', "500 (whole)", "fault: server_error"):
        assert line in out.splitlines()
    assert run(capsys, "bundle", "show", bundle, "--entry", 99)[2] == (
        "the journal of the bundle has no entry #99: it has #1 to #4\n"
    )


def test_show_prints_json(bundle: Path, capsys: Out) -> None:
    data = json.loads(run(capsys, "bundle", "show", bundle, "--format", "json")[1])
    assert (data["bundle"]["sandbox"], len(data["jobs"]), data["journal"][0]["kind"]) == ("default", 2, "control")
    assert json.loads(run(capsys, "bundle", "show", bundle, "--scenario")[1])["scenario"] == "live"


def test_a_bundle_cannot_control_the_terminal(bundle: Path, capsys: Out) -> None:
    hostile = changed(bundle.read_bytes(), "journal.jsonl", lambda data: {**data, "note": "\x1b]0;owned\x07"})
    bundle.write_bytes(hostile)
    out = run(capsys, "bundle", "show", bundle)[1]
    assert "\\x1b]0;owned\\x07" in out
    assert "\x1b" not in out


def test_replay_says_how_many_replies_are_identical(bundle: Path, capsys: Out) -> None:
    assert run(capsys, "bundle", "replay", bundle) == (0, "2 of 2 replies are identical, byte by byte\n", "")
    assert run(capsys, "bundle", "replay", bundle, "--at", 2)[1].startswith("1 of 1 replies are identical")
    code, _, err = run(capsys, "bundle", "replay", bundle, "--at", 99)
    assert (code, err) == (2, f"{bundle} is refused: its journal has no entry #99: it has #1 to #4\n")


def test_replay_names_each_difference_and_its_reason(bundle: Path, capsys: Out) -> None:
    # Both requests can have been sent in the same millisecond, which would be another reason.
    earlier = {"status": 418, "real": [0, 0]}
    other = changed(bundle.read_bytes(), "journal.jsonl", lambda data: {**data, **earlier}, line=1)
    bundle.write_bytes(other)
    code, out, _ = run(capsys, "bundle", "replay", bundle)
    assert code == 1
    assert out.splitlines() == [
        "#2 prompttovideo.generate differs: no reason is known; please report it",
        "    status: 418 was recorded, now 500",
        "1 of 2 replies are identical, byte by byte",
    ]
    data = json.loads(run(capsys, "bundle", "replay", bundle, "--format", "json")[1])
    assert (data["requests"], data["identical"], data["differences"][0]["number"]) == (2, 1, 2)


def test_load_makes_a_sandbox_of_a_running_server(server: Live, bundle: Path, capsys: Out) -> None:
    code, out, err = run(capsys, "bundle", "load", bundle, "--sandbox", "red", "--at", 2, "--url", server.base)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "1 of 1 replies are identical"
    assert lines[1] == f"the new sandbox is red, with a manual clock: {server.base}/~red/_mock/"
    assert lines[2] == f"  videotoprompt  {server.base}/~red/videotoprompt/v1  key sbx-red"
    headers = {"Authorization": "Bearer key-01...4bedb8"}
    videos = server.client.get("/~red/prompttovideo/api/v1/videos", headers=headers).json()
    assert videos["pagination"]["total"] == 1
    again = run(capsys, "bundle", "load", bundle, "--sandbox", "red", "--url", server.base)
    assert again == (2, "", "a sandbox named 'red' already exists\n")


def test_load_reports_a_file_that_is_no_bundle(server: Live, capsys: Out) -> None:
    Path("notes.txt").write_text("no bundle")
    code, _, err = run(capsys, "bundle", "load", "notes.txt", "--url", server.base)
    assert code == 2
    assert err.startswith("The bundle is refused: it is not a ZIP archive that can be read: ")
    assert run(capsys, "bundle", "load", "missing.zip", "--url", server.base)[2] == (
        "missing.zip: No such file or directory\n"
    )


def test_diff_names_what_is_not_the_same(server: Live, bundle: Path, capsys: Out) -> None:
    assert run(capsys, "bundle", "diff", bundle, bundle) == (0, "the bundles do not differ\n", "")
    server.client.post(GENERATE, json={"prompt": "sunrise"}, headers=KEY)
    server.client.put("/_mock/scenario", json={"name": "tour"}).raise_for_status()
    server.client.get("/nowhere", headers=KEY)
    run(capsys, "bundle", "save", "later.mock.zip", "--url", server.base)
    code, out, _ = run(capsys, "bundle", "diff", bundle, "later.mock.zip")
    lines = out.splitlines()
    assert code == 1
    assert lines[0] == "scenario: live in the first, tour in the second"
    assert lines[1].startswith("the scenarios differ in: clock, ")
    assert lines[2:4] == [
        "only in the second: #5 prompttovideo.generate, status 200",
        "only in the second: #7 GET /nowhere, status 404",
    ]
    assert lines[4].endswith(": not there in the first, queued in the second")
    assert lines[5] == "credits that prompttovideo:key-01...4bedb8 spent: 2 in the first, 3 in the second"


def test_the_verdict_on_a_bundle_is_that_on_its_sandbox(server: Live, bundle: Path, capsys: Out) -> None:
    there = run(capsys, "verdict", "--url", server.base, "--format", "json")
    assert run(capsys, "verdict", bundle, "--format", "json") == there
    assert there[0] == 1
    assert "duplicate_paid_job" in run(capsys, "verdict", bundle)[1]
    assert run(capsys, "verdict", bundle, "--sandbox", "x")[0] == 2
    Path("pyproject.toml").write_text('[tool.mockserver.verdict]\nallow = ["duplicate_paid_job", "wasted_credits"]\n')
    assert run(capsys, "verdict", bundle)[0] == 0


def test_the_coverage_of_a_bundle_is_that_of_its_sandbox(server: Live, bundle: Path, capsys: Out) -> None:
    there = run(capsys, "coverage", "--url", server.base, "--sandbox", "default", "--format", "json")
    assert run(capsys, "coverage", bundle, "--format", "json") == there
    assert there[0] == 0


@pytest.mark.parametrize("command", [("bundle", "show"), ("bundle", "replay"), ("verdict",), ("coverage",)])
def test_every_command_refuses_a_file_that_is_no_bundle(command: tuple[str, ...], capsys: Out) -> None:
    Path("x.zip").write_bytes(b"PK")
    code, out, err = run(capsys, *command, "x.zip")
    assert (code, out) == (2, "")
    assert err.startswith("x.zip is refused: it is not a ZIP archive that can be read: ")
