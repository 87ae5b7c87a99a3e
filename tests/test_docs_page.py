"""The page that shows the OpenAPI documents in a browser."""

import json
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.control import docs
from mockserver.openapi import names
from mockserver.settings import Settings
from tests.conversation import Conversation
from tests.live import live_server
from tests.programs import nodes
from tests.test_hostile_page import BROWSER, browsing

SCRIPT = Path(__file__).with_name("docs_page.mjs")
INSTALLED = docs._swagger_ui() is not None
with_swagger_ui = pytest.mark.skipif(not INSTALLED, reason="the extra `docs` is not installed")


class Page(HTMLParser):
    """What a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.document: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.document = given.get("data-document", self.document)
        if tag == "a":
            self.links.append(given["href"])
        if tag == "script" or given.get("rel") == "stylesheet":
            self.loads.append(given.get("src") or given["href"])
        self.inline += [name for name in given if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("name", names())
@with_swagger_ui
async def test_every_document_has_a_page_that_loads_nothing_from_elsewhere(name: str) -> None:
    async with Conversation() as c:
        await c.post("/_mock/sandboxes", {"name": "ci"})
        # Both in one test, because the server makes the document, which takes long.
        for prefix in ("", "/~ci"):
            here = f"{prefix}/_mock/docs?api={name}"
            reply = await c.get(here)
            assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
            page = Page(reply.text)
            assert page.inline == []
            apis = [urljoin(here, link).rpartition("=")[2] for link in page.links if "?" in link]
            assert apis == ["control", *names()[:-1]]
            for link in (*page.loads, *page.links, page.document):
                assert (await c.get(urljoin(here, link))).status_code == 200, link
                assert urljoin(here, link).startswith(f"{prefix}/_mock/"), link
            assert page.document == f"openapi/{name}"


@with_swagger_ui
async def test_the_page_may_load_from_this_server_alone() -> None:
    async with Conversation() as c:
        policy = (await c.get("/_mock/docs")).headers["content-security-policy"]
        directives = dict(each.split(" ", 1) for each in policy.split("; "))
        assert directives.pop("img-src") == "'self' data:"
        assert set(directives.values()) == {"'none'", "'self'"}
        assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
        for file in ("page.js", "page.css", "swagger-ui-bundle.js", "swagger-ui.css"):
            reply = await c.get(f"/_mock/docs/{file}")
            assert reply.headers["content-type"].startswith("text/javascript" if file.endswith(".js") else "text/css")
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert int(reply.headers["content-length"]) == len(reply.content) > 100
            head = await c.client.head(f"/_mock/docs/{file}")
            assert (head.status_code, head.content) == (200, b"")


async def test_without_swagger_ui_the_page_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "_swagger_ui", lambda: None)
    async with Conversation() as c:
        reply = await c.get("/_mock/docs?api=nanophoto")
        assert reply.status_code == 200
        assert "run <code>pip install 'ai-video-mockserver[docs]'</code> and restart the server" in reply.text
        page = Page(reply.text)
        assert "openapi/nanophoto" in page.links
        for link in (*page.loads, *page.links):
            assert (await c.get(urljoin("/_mock/docs", link))).status_code == 200, link
        assert (await c.get("/_mock/docs/swagger-ui.css")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("docs?api=nothing", 404, "There is no document 'nothing'; the documents are control, videotoprompt"),
        ("docs?apy=control", 400, "There is no query parameter 'apy' here; did you mean 'api'?"),
        ("docs/nothing.js", 404, "The documentation has no file 'nothing.js'"),
        ("docs/..%2F__init__.py", 404, "The documentation has no file '../__init__.py'"),
        ("docs/", 404, "The control API has no path '/docs/'"),
    ],
)
async def test_there_is_nothing_else(path: str, status: int, detail: str) -> None:
    async with Conversation() as c:
        reply = await c.get(f"/_mock/{path}")
        assert reply.status_code == status
        assert reply.json()["detail"].startswith(detail)


@pytest.mark.parametrize("path", ["docs", "docs/page.js"])
async def test_the_page_is_behind_the_same_boundary(path: str) -> None:
    async with Conversation(None, Settings(token="s3cret")) as c:
        assert (await c.get(f"/_mock/{path}")).status_code == 401
        assert (await c.get(f"/_mock/{path}", headers={"X-Mock-Token": "s3cret"})).status_code == 200
    async with Conversation() as c:
        assert (await c.get(f"/_mock/{path}", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
        assert (await c.get(f"/_mock/{path}", headers={"Host": "evil.example"})).status_code == 403
        assert (await c.post(f"/_mock/{path}")).headers["allow"] == "GET, HEAD"


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize(
    ("page", "operation", "title", "shown"),
    [
        ("/_mock/docs", "show_clock", "mockserver control API", '"mode": "real"'),
        ("/~ci/_mock/docs", "show_clock", "mockserver control API", '"mode": "manual"'),
        ("/~ci/_mock/docs?api=prompttovideo", "get_account", "PromptToVideo", '"credits"'),
    ],
)
@with_swagger_ui
def test_a_browser_shows_the_page_and_tries_an_operation_out(
    tmp_path: Path, page: str, operation: str, title: str, shown: str
) -> None:
    app = create_app()
    with live_server(app) as base, browsing(tmp_path, "--remote-debugging-port=0", "about:blank"):
        found = tried_out(base, page, operation, tmp_path)
    assert found["console"] == []
    assert {urlsplit(url).netloc for url in found["requests"] if not url.startswith("data:")} == {urlsplit(base).netloc}
    assert found["title"].startswith(title)
    assert found["status"] == "200"
    assert shown in found["body"]


def tried_out(base: str, page: str, operation: str, profile: Path) -> Any:
    """What the script found on a page of a server that has a sandbox `ci`."""
    sandbox = {"name": "ci", "clock": {"mode": "manual"}}
    httpx2.post(f"{base}/_mock/sandboxes", json=sandbox).raise_for_status()
    command = [nodes()[0], str(SCRIPT), str(profile), f"{base}{page}", operation]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
