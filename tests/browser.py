"""The page in a real Chromium, as a test uses it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import axe_playwright_python
import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from mockserver.app import create_app
from mockserver.settings import Settings
from mockserver.wire.server import Server
from tests.live import live_server

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt install chromium")
KEY = "test-key-12345"
VIEWS = ("jobs", "journal", "webhooks", "findings", "accounts", "scenario", "faults")
# Milliseconds. A test that passes does not wait so long, unless the machine is busy.
expect.set_options(timeout=15_000)
AXE_SCRIPT = next(iter(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")))
_LOOKS: tuple[tuple[int, Literal["light", "dark"], list[str]], ...] = (
    (1280, "light", []),
    (1280, "dark", ["color-contrast"]),
    (390, "dark", []),
    (390, "light", ["color-contrast"]),
)
# The loading text is gone, the view has more than its heading, and nothing moves.
_IS_DRAWN = """() => document.querySelector("main > :not(h1)")
  && document.getAnimations().every((each) => each.playState === "finished")"""
_RUN_AXE = """async (rules) => {
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (const each of document.getAnimations()) each.finish();
  // The rows of the list of scenarios are alike.
  const options = rules.length ? { runOnly: { type: "rule", values: rules } } : {};
  const found = await axe.run({ exclude: [[".scenarios li:nth-child(n+8)"]] }, options);
  return found.violations.map((each) => [each.id, each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]);
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the machine's own Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class _Accepts(BaseHTTPRequestHandler):
    """Accepts every webhook, with `reply` as the body."""

    reply = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", str(len(self.reply)))
        self.end_headers()
        self.wfile.write(self.reply)

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


@contextmanager
def receiver(reply: str = "") -> Iterator[str]:
    """Run a receiver of webhooks, which answers each with this text. Yields its URL."""
    handler = type("Accepts", (_Accepts,), {"reply": reply.encode()})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hooks"
        finally:
            server.shutdown()
            thread.join()


class Shown:
    """A server, and pages of it. `problems` are the messages of the console and the errors of the scripts."""

    def __init__(self, app: Server, base: str, browser: Browser) -> None:
        self.app = app
        self.base = base
        self.browser = browser
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.client = httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {KEY}"})
        self.problems: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Return a page of its own."""
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))
        return page

    def open(self, view: str = "journal", sandbox: str = "") -> Page:
        """Open a view, and wait until it is live."""
        self.page.goto(f"{self.base}{sandbox}/_mock/#/{view}")
        self.page.reload()
        self.page.wait_for_selector(".connection.live")
        return self.page

    def analyze(self, url: str = "https://example.com/hike.mp4", **more: Any) -> str:
        """Create a job, and return its id."""
        reply = self.client.post("/videotoprompt/v1/analyze/url", json={"url": url}, **more)
        identifier: str = reply.json().get("id", "")
        return identifier

    def complete_video(self) -> dict[str, Any]:
        """Generate a video of PromptToVideo, and return its URLs as paths on this server."""
        job = self.client.post("/prompttovideo/api/v1/generate", json={"prompt": "A lighthouse"}).json()
        self.send("POST", "/clock", {"advance": "1h"})
        video = self.client.get(f"/prompttovideo/api/v1/video/{job['video_id']}/status").json()
        return {name: urlsplit(value).path for name, value in video.items() if name.endswith("_url") and value}

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the control API."""
        reply = self.client.request(method, f"/_mock{path}", json=body)
        reply.raise_for_status()
        return reply.json() if reply.content else None


@contextmanager
def shown(
    browser: Browser,
    scenario: dict[str, Any] | None = None,
    settings: Settings | None = None,
    *,
    own_scenario: bool = True,
) -> Iterator[Shown]:
    """Run a server whose clock stands still unless the scenario has another one.

    Without its own scenario it has that of the settings.
    """
    data = {"scenario": "page", "extends": "default", "clock": {"mode": "manual"}, **(scenario or {})}
    app = create_app(settings or Settings(), scenario=data if own_scenario else None)
    with live_server(app) as base:
        server = Shown(app, base, browser)
        try:
            yield server
        finally:
            server.client.close()
            server.context.close()


def violations(page: Page, *views: str) -> list[Any]:
    """Return what axe finds on these views of an open page, on a large and a small screen, light and dark.

    On each screen all rules are checked once, and those about colours in both themes.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT.read_text("utf-8"))
    found = []
    for view in views:
        page.evaluate("(view) => { location.hash = `#/${view}` }", view)
        page.wait_for_function(_IS_DRAWN)
        for width, theme, rules in _LOOKS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=theme)
            found += [[view, width, theme, *each] for each in page.evaluate(_RUN_AXE, rules)]
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def at(browser: Browser) -> Iterator[Shown]:
    with shown(browser) as server:
        yield server
        assert server.problems == []
