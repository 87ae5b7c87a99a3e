"""What the package index gets: a name of its own, links that work there, and bounds that leave room for other pins."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel
from packaging.requirements import Requirement

from tests.documents import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_distribution_has_a_name_of_its_own_and_the_command_keeps_its_name() -> None:
    assert PROJECT["name"] == "ai-video-mockserver"
    # The second is what `uvx NAME` and `pipx run NAME` look for.
    assert PROJECT["scripts"] == dict.fromkeys(("mockserver", PROJECT["name"]), "mockserver.cli.main:main")
    assert "Framework :: Pytest" in PROJECT["classifiers"]
    assert {"Repository", "Documentation", "Changelog", "Issues"} <= set(PROJECT["urls"])
    assert PROJECT["authors"]


@pytest.mark.parametrize(
    "pin", ["fastapi==0.115.0", "fastapi==0.115.14", "pydantic==2.11.0", "pydantic==2.11.10", "pyyaml==6.0.1"]
)
def test_an_older_pin_of_an_application_is_allowed(pin: str) -> None:
    name, _, pinned = pin.partition("==")
    bounds = {each.name: each.specifier for each in map(Requirement, PROJECT["dependencies"])}
    assert pinned in bounds[name]


def test_no_requirement_has_an_upper_bound() -> None:
    assert [
        each for each in PROJECT["dependencies"] if "<" in each.partition(";")[0] or "==" in each.partition(";")[0]
    ] == []


def test_the_links_of_the_description_on_the_index_lead_to_the_repository() -> None:
    from hatch_build import absolute  # type: ignore[import-not-found,unused-ignore]

    readme = (ROOT / "README.md").read_text("utf-8")
    text = absolute(readme, PROJECT["urls"]["Repository"])
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 15
    assert [link for link in links if not link.startswith(("https://", "http://", "#"))] == []
    for path in re.findall(r"\]\((?!https?://|#)([^)#]+)", readme):
        assert (ROOT / path).exists()
        kind = "raw" if Path(path).suffix == ".png" else "blob"
        assert f"({PROJECT['urls']['Repository']}/{kind}/main/{path}" in text


def test_the_wheel_has_every_file_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = tmp_path / build_wheel(str(tmp_path))
    with zipfile.ZipFile(wheel) as packed:
        contents = {name: packed.read(name) for name in packed.namelist() if name.startswith("mockserver/page/")}
    files = [file for file in (ROOT / "mockserver/page").rglob("*") if file.is_file()]
    assert contents == {str(file.relative_to(ROOT)): file.read_bytes() for file in files}
    # Every file that the page loads first is there.
    loaded = re.findall(r'(?:href|src)="(page/[^"]+)"', contents["mockserver/page/index.html"].decode())
    assert len(loaded) > 15
    assert {f"mockserver/{name}" for name in loaded} <= set(contents)
    # Every module that one of these imports is loaded first, too.
    modules = {name for name in contents if name.endswith(".js")}
    assert {name.removeprefix("mockserver/") for name in modules} == {each for each in loaded if each.endswith(".js")}
