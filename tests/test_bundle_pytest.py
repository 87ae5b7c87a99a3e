"""Bundles in tests: `mock.bundle()`, and `--mockserver-bundle` for the failed tests of a run."""

from pathlib import Path

import pytest
import requests

from mockserver import MockServer
from mockserver.cli.main import main
from mockserver.testing.bundles import file_name
from tests.inner import run_inner

SUITE = """
import pytest
import requests


def account(mock):
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}"}
    return requests.get(mock.url("prompttovideo") + "/api/v1/account", headers=headers, timeout=10)


@pytest.mark.parametrize("name", ["../../evil", "a b", "A b"])
def test_red(mockserver, name):
    assert account(mockserver).status_code == 418


def test_green(mockserver):
    assert account(mockserver).ok


def test_without_a_sandbox():
    assert False


def test_shared(mockserver, mockserver_session):
    account(mockserver_session)
    assert False
"""


def test_a_bundle_of_a_test(mockserver: MockServer, tmp_path: Path) -> None:
    key = mockserver.key("prompttovideo")
    headers = {"Authorization": f"Bearer {key}"}
    requests.get(mockserver.url("prompttovideo") + "/api/v1/account", headers=headers, timeout=10)
    path = mockserver.bundle(tmp_path / "some" / "account.mock.zip")
    assert path == tmp_path / "some" / "account.mock.zip"
    assert main(["bundle", "replay", str(path)]) == 0


def test_a_bundle_is_called_like_its_sandbox(
    mockserver: MockServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mockserver.bundle() == Path(f"{mockserver.name}.mock.zip")


def test_each_failed_test_has_a_bundle(pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]) -> None:
    pytester.makepyfile(test_suite=SUITE)
    result = run_inner(pytester, "--mockserver-bundle", "out/bundles")
    result.assert_outcomes(passed=1, failed=5)
    saved = sorted(path.name for path in (pytester.path / "out" / "bundles").iterdir())
    assert len(saved) == 5
    assert [name.rpartition("-")[0] for name in saved] == [
        "test-suite-test-red-A-b",
        "test-suite-test-red-a-b",
        "test-suite-test-red-evil",
        "test-suite-test-shared",
        "test-suite-test-shared-mockserver-session",
    ]
    result.stdout.fnmatch_lines(["*- mockserver bundle -*", "bundle: */test-suite-test-red-evil-*.mock.zip"])
    capsys.readouterr()
    for name in saved:
        assert main(["bundle", "replay", str(pytester.path / "out" / "bundles" / name)]) == 0
    # Two tests have a request of their own, and one only that of the shared sandbox.
    assert capsys.readouterr().out.count("1 of 1 replies are identical") == 4


def test_no_bundle_is_saved_unless_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=SUITE)
    before = set(pytester.path.iterdir())
    result = run_inner(pytester, "-k", "test_red")
    result.assert_outcomes(failed=3, deselected=3)
    assert {path.name for path in set(pytester.path.iterdir()) - before} <= {"__pycache__"}


def test_a_directory_that_cannot_be_written_is_reported_and_changes_no_result(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_suite=SUITE)
    (pytester.path / "file").write_text("")
    result = run_inner(pytester, "-k", "test_red and evil", "--mockserver-bundle", "file/x")
    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(["the bundle could not be written to */file/x/*: Not a directory"])


def test_names_of_files_are_safe_and_different() -> None:
    ids = [
        "a.py::t[x]",
        "a.py::t[X]",
        "b/a.py::t[x]",
        "a.py::t[x/../..]",
        "a.py::t[" + "ä" * 500 + "]",
        "CON",
        "a.py::t[\0]",
    ]
    names = [file_name(each) for each in ids] + [file_name(ids[0], 2)]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert name.endswith(".mock.zip")
        assert len(name) < 120
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
