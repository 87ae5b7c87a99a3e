"""Bundles as files: a hostile or broken one is refused with a message, and one of every released format is read."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockserver.bundle import archive, judged
from mockserver.bundle.archive import JOURNAL, MANIFEST, SCENARIOS, unpacked
from mockserver.bundle.files import read_bundle, write
from mockserver.bundle.invalid import MIB, InvalidBundle
from mockserver.cli.replay import replayed
from mockserver.providers.registry import providers
from tests.bundling import changed, packed, parts
from tests.documents import ROOT

BUNDLES = ROOT / "tests" / "bundles"
GOOD = (BUNDLES / "format-1.mock.zip").read_bytes()


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidBundle) as refused:
        unpacked(data)
    return str(refused.value)


@pytest.mark.parametrize("path", sorted(BUNDLES.glob("*.mock.zip")), ids=lambda path: path.name)
def test_a_bundle_of_every_released_format_is_read_judged_and_replayed(path: Path) -> None:
    """Add a bundle with a new name when the format changes. Never replace one."""
    bundle = read_bundle(path)
    outcome = replayed(bundle)
    assert [each for each in outcome.requests if not each.sent] == []
    assert len(outcome.requests) == 6
    assert outcome.changes == ()
    verdict = judged.verdict(bundle, providers())
    assert [(each["rule"], each["requests"]) for each in verdict["findings"]] == [("duplicate_paid_job", [4, 5])]
    assert [delivery.outcome for delivery in bundle.deliveries] == ["delivered"]


def test_equal_bundles_have_equal_bytes() -> None:
    assert archive.packed(unpacked(GOOD)) == archive.packed(unpacked(archive.packed(unpacked(GOOD))))


def test_something_else_is_not_a_bundle() -> None:
    assert refusal(b"scenario: mine\n").startswith("it is not a ZIP archive that can be read: ")


def test_a_part_of_a_bundle_is_refused() -> None:
    assert refusal(GOOD[:-200]).startswith("it is not a ZIP archive that can be read: ")


def test_damaged_contents_are_refused() -> None:
    at = GOOD.index(b"journal.jsonl") + 60
    assert "it is not a ZIP archive that can be read: " in refusal(GOOD[:at] + bytes(20) + GOOD[at + 20 :])


def test_another_archive_is_not_a_bundle() -> None:
    assert refusal(packed({})) == "it has no bundle.json, so it is not a bundle of mockserver"


def test_a_file_that_is_too_large_is_refused() -> None:
    assert refusal(bytes(16 * MIB + 1)) == "it has 16777217 bytes; a bundle has at most 16 MiB"


def test_a_file_that_grows_when_it_is_decompressed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed({**parts(GOOD), "jobs.jsonl": bytes(9 * MIB)})
    assert len(bomb) < MIB // 32
    assert refusal(bomb) == "jobs.jsonl:1: the line has more than 8 MiB"
    monkeypatch.setattr(archive, "MAX_CONTENTS", 8 * MIB)
    assert refusal(bomb) == "it has more than 8 MiB when it is decompressed"


def test_a_size_that_is_not_true_does_not_help_a_bomb() -> None:
    bomb = packed({**parts(GOOD), "jobs.jsonl": bytes(2 * MIB)})
    lying = bomb.replace(struct.pack("<I", 2 * MIB), struct.pack("<I", 10))
    assert lying != bomb
    assert refusal(lying).startswith("it is not a ZIP archive that can be read: Bad CRC-32")


@pytest.mark.parametrize("name", ["../jobs.jsonl", "/etc/passwd", "a/jobs.jsonl", "..\\jobs.jsonl", "C:jobs.jsonl"])
def test_a_path_as_a_name_is_refused(name: str) -> None:
    assert refusal(packed({**parts(GOOD), name: b""})).startswith("a file in it has a path as its name: ")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_with_one_name_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in (*parts(GOOD).items(), (JOURNAL, b"")):
            file.writestr(name, content)
    assert refusal(buffer.getvalue()) == "it has two files named 'journal.jsonl'"


def test_an_unknown_file_is_refused() -> None:
    files = parts(GOOD)
    del files["jobs.jsonl"]
    assert refusal(packed({**files, "run.py": b""})) == "it has a file that is not part of a bundle: 'run.py'"


def test_many_files_are_refused() -> None:
    assert refusal(packed({str(n): b"" for n in range(500)})) == "it has more than the 7 files of a bundle"


def test_an_encrypted_file_is_refused() -> None:
    # The first bit of the flags, which are at different places before a file and in the directory.
    data = bytearray(GOOD)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    assert refusal(bytes(data)) == "bundle.json is encrypted"


def test_an_unusual_compression_is_refused() -> None:
    message = refusal(packed(parts(GOOD), zipfile.ZIP_BZIP2))
    assert message == "bundle.json is compressed by a method that bundles do not use"


def test_a_newer_format_is_refused() -> None:
    newer = changed(GOOD, MANIFEST, lambda data: {**data, "mockserver_bundle": 2})
    assert refusal(newer) == "it has version 2 of the format, and this mockserver reads version 1: update mockserver"


def test_a_manifest_of_something_else_is_refused() -> None:
    other = changed(GOOD, MANIFEST, lambda data: {"name": "package"})
    assert refusal(other) == "bundle.json does not say that this is a bundle of mockserver"


def test_a_wrong_field_of_the_manifest_is_named() -> None:
    wrong = changed(GOOD, MANIFEST, lambda data: {**data, "sandbox": "../x"})
    assert refusal(wrong).startswith("bundle.json: sandbox: String should match pattern")


def test_unknown_fields_of_a_later_version_are_ignored() -> None:
    later = changed(GOOD, MANIFEST, lambda data: {**data, "mood": "good"})
    assert unpacked(changed(later, JOURNAL, lambda data: {**data, "mood": "good"})) == unpacked(GOOD)


def test_deep_data_is_refused() -> None:
    def deep(depth: int) -> Any:
        return [] if not depth else [deep(depth - 1)]

    assert refusal(changed(GOOD, JOURNAL, lambda data: {**data, "detail": {"x": deep(70)}})) == (
        "journal.jsonl:1: the JSON is nested more than 64 deep"
    )


def test_a_line_that_is_not_json_is_named() -> None:
    files = parts(GOOD)
    assert refusal(packed({**files, JOURNAL: files[JOURNAL] + b"{nan"})).startswith("journal.jsonl:17: not JSON: ")


def test_many_lines_are_refused() -> None:
    files = parts(GOOD)
    assert refusal(packed({**files, JOURNAL: b"\n" * 20_002})) == "journal.jsonl has more than 20,000 lines"


WRONG: list[tuple[str, Callable[[Any], Any], str]] = [
    (JOURNAL, lambda data: {**data, "kind": "song"}, "journal.jsonl:1: a journalentry has a wrong field: kind: "),
    (JOURNAL, lambda data: {**data, "at": -1}, "journal.jsonl:1: at must be in the years 1970 to 8999"),
    (JOURNAL, lambda data: {**data, "request": {"base64": "%"}}, "journal.jsonl:1: a journalentry has a wrong field: "),
    (JOURNAL, lambda data: [], "journal.jsonl:1: a journalentry is not a JSON object"),
    ("jobs.jsonl", lambda data: {**data, "plan": {"name": "x", "steps": []}}, "jobs.jsonl:1: the job "),
    ("deliveries.jsonl", lambda data: {**data, "url": "http://[::1"}, "deliveries.jsonl:1: the delivery "),
    ("accounts.jsonl", lambda data: {"account": 1}, "accounts.jsonl:1: a wrong or missing field: "),
    (SCENARIOS, lambda data: {"activation": 1}, "scenarios.jsonl:1: a wrong or missing field: 'scenario'"),
]


@pytest.mark.parametrize(("name", "change", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_record_is_named_with_its_line(name: str, change: Callable[[Any], Any], message: str) -> None:
    assert refusal(changed(GOOD, name, change)).startswith(message)


def test_a_scenario_with_a_mistake_is_refused_when_it_is_used() -> None:
    wrong = unpacked(changed(GOOD, SCENARIOS, lambda data: {**data, "scenario": {"rulez": []}}, 1))
    for use in (replayed, lambda bundle: judged.verdict(bundle, providers())):
        with pytest.raises(InvalidBundle, match=r"the scenario in it has a mistake: .*rulez"):
            use(wrong)


@pytest.mark.parametrize(
    "path", ["/_mock/reset", "/~other/_mock/reset", "/%7Eother/_mock/reset", "relative", "/../_mock/reset"]
)
def test_a_bundle_cannot_act_on_the_server_that_loads_it(path: str) -> None:
    def hostile(data: Any) -> Any:
        return {**data, "provider": "_mock", "method": "POST", "path": path, "operation": None}

    # The second line of the journal is the first request.
    outcome = replayed(unpacked(changed(GOOD, JOURNAL, hostile, line=1)))
    first = outcome.requests[0]
    assert first.why in ("its path is not that of a provider", "it was not a complete HTTP request") or (
        first.differences[0].endswith("now 404")
    )


def test_a_file_is_written_beside_its_name_and_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "run.mock.zip"
    write(path, b"first")

    def fails(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fails)
        with pytest.raises(OSError, match="No space left"):
            write(path, b"second")
    assert [each.name for each in path.parent.iterdir()] == ["run.mock.zip"]
    assert path.read_bytes() == b"first"


def test_a_directory_is_not_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="is refused: it is not a file"):
        read_bundle(tmp_path)
