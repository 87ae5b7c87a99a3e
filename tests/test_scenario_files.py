"""The files that a scenario can name: those of the scenario folders, and those beside a file that a person typed."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.cli.main import main
from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library
from mockserver.settings import Settings
from mockserver.source.document import SourceErrors
from mockserver.source.files import MAX_BYTES, read_bytes
from tests.conversation import Conversation

Out = pytest.CaptureFixture[str]
SECRET = "root:x:0:0:the-first-line-of-a-file"
PROVIDERS = all_providers()


def scenario(name: str, extends: str | None = None) -> str:
    return f"scenario: {name}\n" + (f"extends: {extends}\n" if extends else "")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a secret, a pipe and a socket, and a folder of scenarios with links to them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.yaml").write_text(SECRET)
    (tmp_path / "outside.yaml").write_text("scenario: outside\ndescription: " + SECRET.replace(":", " "))
    os.mkfifo(tmp_path / "pipe.yaml")
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "mine.yaml").write_text("scenario: mine\ndescription: My own.\nextends: default\n")
    (folder / "link.yaml").symlink_to("mine.yaml")
    (folder / "out.yaml").symlink_to("../outside.yaml")
    (folder / "secret.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "directory.yaml").mkdir()
    os.mkfifo(folder / "fifo.yaml")
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(8 << 30)
    return tmp_path


def library(*directories: Path) -> Library:
    return Library(catalogue(PROVIDERS), PROVIDERS, directories)


# --- what comes over the network ---

PATHS = [
    "/etc/hostname",
    "/dev/zero",
    "secret.yaml",
    "./secret.yaml",
    "../secret.yaml",
    "scenarios/../secret.yaml",
    "./pipe.yaml",
    "pipe.yaml",
    "scenarios/mine.yaml",
    "./scenarios/mine.yaml",
    "mine.yaml",
    "a\0b",
    "a\0b.yaml",
    "/etc/host\0name",
    "x" * 5_000,
    "/" + "x" * 5_000,
    "secret",
    "zero",
    "fifo",
    "out",
    "loop",
    "directory",
    "huge",
    "",
    ".",
    "..",
]


@pytest.mark.parametrize("name", PATHS, ids=lambda name: ascii(name[:20]))
async def test_a_scenario_over_the_network_names_scenarios_and_no_files(place: Path, name: str) -> None:
    async with Conversation(settings=Settings(scenario_dir="scenarios")) as c:
        extending = {"scenario": "stranger", "extends": name}
        text = f"scenario: stranger\nextends: {ascii(name).replace(chr(39), chr(34))}\n"
        replies = [
            await c.client.put("/_mock/scenario", json=extending),
            await c.post("/_mock/sandboxes", {"scenario": extending}),
            await c.client.put("/_mock/scenario", content=text, headers={"Content-Type": "application/yaml"}),
            await c.client.put("/_mock/scenario", json={"name": name}),
            await c.post("/_mock/sandboxes", {"scenario": name}),
        ]
        assert {reply.status_code for reply in replies} <= {404, 422}
        for reply in replies:
            assert "the-first-line" not in reply.text
            assert len(reply.text) < 2_000


async def test_a_scenario_of_the_folder_can_be_extended_by_its_name(place: Path) -> None:
    async with Conversation(settings=Settings(scenario_dir="scenarios")) as c:
        for name in ("mine", "link"):
            used = await c.client.put("/_mock/scenario", json={"scenario": "stranger", "extends": name})
            assert used.status_code == 200
            assert used.json()["rules"] > 10


async def test_the_list_of_scenarios_opens_only_regular_files_of_the_folder(place: Path) -> None:
    async with Conversation(settings=Settings(scenario_dir="scenarios")) as c:
        listed = {each["name"]: each["description"] for each in (await c.get("/_mock/scenarios")).json()["scenarios"]}
        assert listed["mine"] == listed["link"] == "My own."
        assert not listed.keys() & {"out", "secret", "zero", "loop", "directory", "fifo", "huge"}
        (place / "scenarios" / "mine.yaml").write_text("scenario: mine\ndescription: Changed since.\n")
        again = {each["name"]: each["description"] for each in (await c.get("/_mock/scenarios")).json()["scenarios"]}
        assert again == {**listed, "mine": "Changed since.", "link": "Changed since."}


def test_an_unchanged_file_is_listed_without_being_read_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenarios = library(place / "scenarios")
    first = list(scenarios.listed())
    monkeypatch.setattr("mockserver.scenario.library.read_file", None)
    assert list(scenarios.listed()) == first


@given(st.text(max_size=60) | st.text(st.sampled_from("./\\~ae\0\n"), max_size=12).map(lambda t: t + ".yaml"))
def test_no_name_is_a_path(name: str) -> None:
    # A name is looked up in the list of names, whatever it looks like.
    scenarios = library()
    if name in scenarios.names():
        return
    with pytest.raises(LookupError):
        scenarios.program(name)
    with pytest.raises(SourceErrors, match=r"^upload: extends: |^upload: scenario: "):
        scenarios.program_of_data({"scenario": "stranger", "extends": name}, "upload")


# --- what a person typed ---


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_typed_file_extends_a_file_beside_it(place: Path, capsys: Out, command: str) -> None:
    (place / "sub").mkdir()
    (place / "top.yaml").write_text(scenario("top", "./sub/base.yaml"))
    (place / "sub" / "base.yaml").write_text(scenario("base", "./deepest.yaml"))
    (place / "sub" / "deepest.yaml").write_text(scenario("deepest", "default"))
    assert main([command, "top.yaml"]) == 0
    assert main([command, str(place / "top.yaml")]) == 0


@pytest.mark.parametrize(
    ("extends", "error"),
    [
        ("../secret.yaml", "'../secret.yaml' is a path; give the name of a scenario"),
        ("./../secret.yaml", "'./../secret.yaml' is not inside the folder of this file"),
        ("./out.yaml", "'./out.yaml' is not inside the folder of this file"),
        ("./zero.yaml", "'./zero.yaml' is not inside the folder of this file"),
        ("./sub/../../secret.yaml", "'./sub/../../secret.yaml' is not inside the folder of this file"),
        ("./id_rsa", "'./id_rsa' must end with .yaml or .yml"),
        ("/etc/passwd", "'/etc/passwd' is a path; give the name of a scenario"),
    ],
)
def test_a_typed_file_extends_nothing_outside_its_folder(place: Path, capsys: Out, extends: str, error: str) -> None:
    file = Path("scenarios", "stranger.yaml")
    file.write_text(scenario("stranger", extends))
    assert main(["check", str(file)]) == 2
    told = capsys.readouterr().err
    assert told == f"{file}:2:10: {error}\n"


@pytest.mark.parametrize(
    ("extends", "error"),
    [
        ("./fifo.yaml", "not a regular file"),
        ("./directory.yaml", "not a regular file"),
        ("./huge.yaml", "the file has 8589934592 bytes, and may have 1048576 at most"),
        ("./missing.yaml", "No such file or directory"),
        ("./loop.yaml", "not a regular file"),
    ],
)
def test_only_a_regular_file_of_a_limited_size_is_extended(place: Path, capsys: Out, extends: str, error: str) -> None:
    file = Path("scenarios", "stranger.yaml")
    file.write_text(scenario("stranger", extends))
    assert main(["check", str(file)]) == 2
    assert capsys.readouterr().err.endswith(f"{extends[1:]}: {error}\n")


def test_files_that_extend_each_other_are_a_circle(place: Path, capsys: Out) -> None:
    (place / "a.yaml").write_text(scenario("a", "./b.yaml"))
    (place / "b.yaml").write_text(scenario("b", "./a.yaml"))
    assert main(["check", str(place / "a.yaml")]) == 2
    assert "in a circle: a extends b extends ./a.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "show", "push"])
@pytest.mark.parametrize(
    "name", ["pipe.yaml", "scenarios/huge.yaml", "scenarios/zero.yaml", "scenarios/directory.yaml"]
)
def test_a_typed_file_that_is_none_is_refused_before_it_is_read(
    place: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    monkeypatch.setattr("mockserver.source.files.os.open", None)
    assert main([command, name]) == 2
    assert capsys.readouterr().err in (
        f"{name}: not a regular file\n",
        f"{name}: the file has {8 << 30} bytes, and may have {MAX_BYTES} at most\n",
        f"{name}: this is a folder; give one scenario\n",
        f"{name}: there are no scenario files (*.yaml or *.yml) in this folder\n",
    )


# --- reading ---


def test_a_file_that_says_nothing_about_its_size_is_read_to_the_limit(tmp_path: Path) -> None:
    # Files of the kernel have a size of 0.
    assert read_bytes(Path("/proc/self/status")).startswith(b"Name:")


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * MAX_BYTES)
    assert len(read_bytes(file)) == MAX_BYTES
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SourceErrors, match="has 1048577 bytes, and may have 1048576 at most"):
        read_bytes(file)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "growing.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    monkeypatch.setattr("mockserver.source.files._check", lambda status: None)
    with pytest.raises(SourceErrors, match="the file has more than 1048576 bytes"):
        read_bytes(file)


def test_what_was_put_in_place_of_a_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "file.yaml").symlink_to("secret")
    monkeypatch.setattr("mockserver.source.files._check", lambda status: None)
    with pytest.raises(SourceErrors):
        read_bytes(tmp_path / "file.yaml", follow=False)
    os.mkfifo(tmp_path / "fifo")
    assert read_bytes(tmp_path / "fifo") == b""


@pytest.mark.parametrize("path", ["a\0b", "x" * 5_000, "\ud800", "missing", "/dev/null/x"])
def test_a_path_that_cannot_be_opened_is_an_error_of_the_document(path: str) -> None:
    with pytest.raises(SourceErrors) as caught:
        read_bytes(Path(path))
    assert len(str(caught.value)) < 1_100
    str(caught.value).encode()


def test_a_socket_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        with pytest.raises(SourceErrors, match=r"s\.yaml: not a regular file"):
            read_bytes(Path("s.yaml"))
