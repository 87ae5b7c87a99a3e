"""The documentation as a site: its pages, its links, and the picture of a job's life."""

import re
from pathlib import Path

import pytest

from docs import build_site, job_life
from tests.documents import ROOT


def test_every_page_of_the_repository_is_on_the_site_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    build_site.assemble(tmp_path / "pages")
    documents = {*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/providers").glob("*.md")}
    assert len(build_site.pages()) == len(documents) + len(build_site.ELSEWHERE) - 1
    anchors = {place: anchors_of(tmp_path / "pages" / place) for place in build_site.pages().values()}
    for place in build_site.pages().values():
        assert not re.search(r"(?m)^`{3,}\w+ run$", (tmp_path / "pages" / place).read_text("utf-8"))
        text = build_site._PART.sub(
            lambda m: m[0] if m["link"] else "", (tmp_path / "pages" / place).read_text("utf-8")
        )
        for link in re.findall(r"\]\(([^()\s]+)\)", text):
            path, _, fragment = link.partition("#")
            if path.startswith(("http", "mailto:")):
                continue
            file = (tmp_path / "pages" / place).parent / path if path else tmp_path / "pages" / place
            assert file.is_file(), f"{place}: {link}"
            if fragment:
                assert fragment in anchors[file.resolve().relative_to(tmp_path / "pages").as_posix()], (
                    f"{place}: {link}"
                )


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as the site and GitHub name them."""
    text = re.sub(r"(?ms)^(`{3,}).*?^\1\s*$", "", page.read_text("utf-8"))
    headings = [re.sub(r"\]\([^)]*\)", "", each) for each in re.findall(r"(?m)^#+ (.+)$", text)]
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}


def test_links_to_other_files_lead_to_the_repository() -> None:
    links = build_site.Links(build_site.pages(), "https://example.com/r")
    assert links.target("docs/words.md", "../mockserver/app.py#L1") == (
        "https://example.com/r/blob/main/mockserver/app.py#L1"
    )
    assert links.target("README.md", "openapi") == "https://example.com/r/tree/main/openapi"
    assert links.target("README.md", "docs/providers/descrideo.md#errors") == "providers/descrideo.md#errors"
    assert links.target("docs/providers/descrideo.md", "../../README.md") == "../index.md"
    assert links.target("docs/words.md", "https://example.com") == "https://example.com"
    assert links.target("docs/words.md", "../nothing.md") is None


def test_a_link_that_leads_nowhere_is_reported_with_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    (tmp_path / "docs/images").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nurls = {Repository = "https://example.com/r"}\n')
    (tmp_path / "docs/a.md").write_text("[b](b.md)\n\n```md\n[c](c.md)\n```\n`[d](d.md)` [a](a.md)\n")
    for page in build_site.ELSEWHERE:
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text("# A page\n")
    with pytest.raises(build_site.BrokenLink) as error:
        build_site.assemble(tmp_path / "pages")
    assert str(error.value) == "docs/a.md: b.md does not exist"


def test_the_navigation_has_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [page for part in build_site.navigation().values() for page in part]
    assert sorted(listed) == sorted(build_site.pages().values())
    assert "use_directory_urls = false" in build_site.configuration("pages", "site")
    monkeypatch.setattr(build_site, "ELSEWHERE", {**build_site.ELSEWHERE, "a.md": "how-to-a.md", "b.md": "b.md"})
    parts = build_site.navigation()
    assert "how-to-a.md" in parts["How to"]
    assert "b.md" in parts["Reference"]
    monkeypatch.setattr(build_site, "NAVIGATION", {**build_site.NAVIGATION, "Start": ("nothing.md",)})
    with pytest.raises(ValueError, match=r"pages that do not exist: nothing\.md"):
        build_site.configuration("pages", "site")


def test_links_of_the_site_are_checked(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.css").write_text("")
    (tmp_path / "index.html").write_text(
        '<link href="a.css"><a id="top" href="sub/b.html#here">b</a><a href="#top">top</a><a href="https://e.com">e</a>'
        '<a href="sub/b.html#gone">b</a><a href="c.html">c</a><script src="https://e.com/x.js"></script>'
    )
    (tmp_path / "sub/b.html").write_text('<h1 id="here">b</h1><img src="../a.png"><a href="../index.html">up</a>')
    (tmp_path / "404.html").write_text('<a href="/index.html">home</a><a href="/d.html">d</a>')
    assert sorted(build_site.broken_links(tmp_path)) == [
        "404.html: /d.html: there is no such file",
        "index.html: c.html: there is no such file",
        "index.html: https://e.com/x.js: it is loaded from elsewhere",
        "index.html: sub/b.html#gone: there is no such place on the page",
        "sub/b.html: ../a.png: there is no such file",
    ]


def test_the_picture_of_a_job_is_that_of_a_run() -> None:
    life = job_life.run()
    assert job_life.picture(life) == job_life.PICTURE.read_text("utf-8"), "run `make docs`"
    assert [event.text for event in life.events if event.kind == "attempt"] == ["500", "200"]
    assert [stage for stage, *_ in life.steps][-1] == "succeeded"
