"""Builds the documentation as a site that needs no server, and checks that every link in it leads somewhere.

make site            or: python docs/build_site.py --builder PATH/zensical

The pages are those of the repository. They are copied into one directory, where links to other files of the repository
become links to its host. The search works offline, and nothing is loaded from elsewhere.
"""

import argparse
import json
import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parent.parent
# Pages that are not in `docs`, and their places on the site.
ELSEWHERE = {
    "README.md": "index.md",
    "docs/README.md": "overview.md",
    "examples/README.md": "examples.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
# The parts of the navigation. Other pages come at the end of a part: see `_part_of`.
NAVIGATION: Mapping[str, tuple[str, ...]] = {
    "Start": ("index.md", "overview.md", "job-life.md", "examples.md"),
    "How to": (
        "how-to-dashboard.md", "how-to-pytest.md", "how-to-node.md", "how-to-unmodified-programs.md",
        "how-to-webhooks.md", "how-to-faults.md", "how-to-verdict.md", "how-to-exam.md", "how-to-sweep.md",
        "how-to-coverage.md", "how-to-bundle.md", "how-to-ci.md",
    ),
    "Providers": (
        "providers/videotoprompt.md", "providers/prompttovideo.md", "providers/nanophoto.md",
        "providers/descrideo.md", "providers/dumplingai.md",
    ),
    "Reference": (
        "scenarios.md", "scenario-reference.md", "bundled-scenarios.md", "refusals.md", "wire-faults.md",
        "control.md", "verdict-rules.md", "provenance.md", "words.md",
    ),
    "Project": ("architecture.md", "adding-a-provider.md", "security.md", "changelog.md"),
}  # fmt: skip
# Code, which is left as it is, or a link.
_PART = re.compile(
    r"(?P<code>^(?P<fence>`{3,}).*?^(?P=fence)[^\S\n]*$|`[^`\n]+`)|\]\((?P<link>[^()\s]+)\)", re.DOTALL | re.MULTILINE
)
# With this, the search works in files that are opened without a server. The builder would load it from elsewhere.
_WORKER = Path(__file__).parent / "vendor/iframe-worker.js"
_WORKER_URL = "https://unpkg.com/iframe-worker/shim"
_FOR_TESTS = re.compile(r"\A(`{3,}\w+) run$", re.MULTILINE)
_SKIPPED = ("http:", "https:", "mailto:", "data:", "javascript:")


class BrokenLink(Exception):
    """Links that lead nowhere. The message has a line for each."""


def pages() -> dict[str, str]:
    """Return the place of each page on the site, by its path in the repository."""
    files = sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent != _WORKER.parent)
    docs = (path.relative_to(ROOT).as_posix() for path in files)
    return ELSEWHERE | {path: path.removeprefix("docs/") for path in docs if path not in ELSEWHERE}


def assemble(target: Path) -> None:
    """Write the pages and images of the site into a directory. Raises BrokenLink."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "docs/images", target / "images")
    broken: list[str] = []
    links = Links(pages(), project()["urls"]["Repository"])
    for source, place in links.pages.items():
        file = target / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_on_site(source, links, (ROOT / source).read_text("utf-8"), broken), "utf-8")
    if broken:
        raise BrokenLink("\n".join(broken))


def _on_site(source: str, links: "Links", text: str, broken: list[str]) -> str:
    """Return the text of a page, with the links that it has on the site."""

    def part(match: re.Match[str]) -> str:
        link = match["link"]
        if link is None:
            # What is for the tests of the page only: the builder would not see a block of code.
            return _FOR_TESTS.sub(r"\1", match[0])
        target = links.target(source, link)
        if target is None:
            broken.append(f"{source}: {link} does not exist")
        return f"]({target})"

    return _PART.sub(part, text)


class Links(NamedTuple):
    """Where links lead on the site: to its `pages` (see `pages`), or to the `repository`, a URL."""

    pages: Mapping[str, str]
    repository: str

    def target(self, source: str, link: str) -> str | None:
        """Return where a link of a page leads on the site, or None if it leads nowhere."""
        path, _, fragment = link.partition("#")
        if not path or link.startswith(_SKIPPED):
            return link
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if not (ROOT / wanted).exists():
            return None
        on_site = wanted.removeprefix("docs/") if wanted.startswith("docs/images/") else self.pages.get(wanted)
        if on_site is None:
            kind = "tree" if (ROOT / wanted).is_dir() else "blob"
            found = f"{self.repository}/{kind}/main/{wanted}"
        else:
            found = posixpath.relpath(on_site, posixpath.dirname(self.pages[source]) or ".")
        return f"{found}#{fragment}" if fragment else found


def project() -> Mapping[str, Mapping[str, str]]:
    """Return the part of pyproject.toml about the project."""
    data: Mapping[str, Mapping[str, str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return data


def navigation() -> dict[str, list[str]]:
    """Return the pages of each part of the navigation. Raises ValueError for one that does not exist."""
    existing = list(pages().values())
    parts = {name: list(listed) for name, listed in NAVIGATION.items()}
    gone = [page for listed in parts.values() for page in listed if page not in existing]
    if gone:
        raise ValueError(f"NAVIGATION in docs/build_site.py has pages that do not exist: {', '.join(gone)}")
    for page in existing:
        if not any(page in listed for listed in parts.values()):
            parts[_part_of(page)].append(page)
    return parts


def _part_of(page: str) -> str:
    if page.startswith("how-to-"):
        return "How to"
    return "Providers" if page.startswith("providers/") else "Reference"


def configuration(sources: str, output: str) -> str:
    """Return the configuration of the builder, as TOML. Raises ValueError like `navigation`."""
    parts = ",\n  ".join(f"{{{json.dumps(name)} = {json.dumps(listed)}}}" for name, listed in navigation().items())
    return f"""\
[project]
site_name = "mockserver"
site_description = "A sandbox server that simulates five AI-video provider APIs"
docs_dir = {json.dumps(sources)}
site_dir = {json.dumps(output)}
use_directory_urls = false
nav = [
  {parts}
]
[project.theme]
features = ["navigation.sections", "navigation.footer", "content.code.copy", "search.highlight", "toc.follow"]
# Nothing is loaded from elsewhere.
font = false
[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle = {{icon = "lucide/sun", name = "Switch to dark"}}
[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle = {{icon = "lucide/moon", name = "Switch to light"}}
[project.plugins.offline]
[project.plugins.search]
"""


class _Links(HTMLParser):
    """Collects the links and the ids of a page, and what it loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect those of an element."""
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.ids.add(value or "")
            elif name in ("href", "src") and value and tag != "base":
                self.links.append(value)
                if value.startswith(("http:", "https:", "//")) and tag not in ("a", "link"):
                    self.loaded.append(value)


def broken_links(site: Path) -> Iterator[str]:
    """Yield a line for each link of a site that leads to no file, or to no place in it."""
    read: dict[Path, _Links] = {}
    for file in sorted(site.rglob("*.html")):
        read[file.resolve()] = parser = _Links()
        parser.feed(file.read_text("utf-8"))
    for file, parser in read.items():
        for link in parser.loaded:
            yield f"{file.relative_to(site.resolve())}: {link}: it is loaded from elsewhere"
        # The page for unknown addresses is shown at any of them, so its links are absolute.
        base = site.resolve() if file.name == "404.html" else file.parent
        for link in parser.links:
            if problem := _problem(file, base, link, read):
                yield f"{file.relative_to(site.resolve())}: {link}: {problem}"


def _problem(file: Path, base: Path, link: str, read: Mapping[Path, _Links]) -> str | None:
    if link.startswith(_SKIPPED):
        return None
    parts = urlsplit(link)
    path = unquote(parts.path)
    target = (base / path.lstrip("/") if file.name == "404.html" else base / path).resolve() if path else file
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return "there is no such file"
    if parts.fragment and target in read and unquote(parts.fragment) not in read[target].ids:
        return "there is no such place on the page"
    return None


def _make_self_contained(site: Path) -> None:
    """Put the file that pages load from elsewhere beside them."""
    local = "assets/javascripts/iframe-worker.js"
    shutil.copyfile(_WORKER, site / local)
    for file in site.rglob("*.html"):
        up = "/" if file.name == "404.html" else "../" * (len(file.relative_to(site).parts) - 1)
        file.write_text(file.read_text("utf-8").replace(_WORKER_URL, up + local), "utf-8")


def build(builder: str, work: Path) -> Path:
    """Build the site, and return its directory. Raises BrokenLink, and CalledProcessError if the builder fails."""
    work.mkdir(parents=True, exist_ok=True)
    assemble(work / "pages")
    (work / "zensical.toml").write_text(configuration("pages", "site"), "utf-8")
    shutil.rmtree(work / "site", ignore_errors=True)
    subprocess.run(
        [builder, "build", "--clean", "-f", "zensical.toml"], cwd=work, check=True, stdout=subprocess.DEVNULL
    )
    _make_self_contained(work / "site")
    broken = list(broken_links(work / "site"))
    if broken:
        raise BrokenLink("\n".join(broken))
    return work / "site"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builder", default="zensical", help="the program zensical (default: the one on the path)")
    parser.add_argument("--work", type=Path, default=ROOT / "build/site", help="the directory (default: build/site)")
    options = parser.parse_args()
    builder = shutil.which(options.builder)
    if builder is None:
        print(f"{options.builder} is not a program. `make site` installs zensical.", file=sys.stderr)
        return 1
    try:
        # It runs in another directory.
        site = build(str(Path(builder).absolute()), options.work.absolute())
    except (BrokenLink, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{options.builder} failed with code {error.returncode}", file=sys.stderr)
        return 1
    count = len(list(site.rglob("*.html")))
    print(f"{site / 'index.html'}: {count} pages, and every link leads somewhere")
    return 0


if __name__ == "__main__":
    sys.exit(main())
