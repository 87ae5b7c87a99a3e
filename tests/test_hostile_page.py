"""A hostile web page in a real browser can neither change nor read anything under `/_mock`."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from tests.live import Live, live
from tests.threaded import running

PAGE = Path(__file__).with_name("hostile.html")
CORS_PAGE = Path(__file__).with_name("cors.html")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP evil.example 127.0.0.1",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")]


class _Evil(BaseHTTPRequestHandler):
    """The attacker's server: hands out the page, and takes its report."""

    def do_GET(self) -> None:
        self._answer(self.server.page if self.path == "/" else b"")  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        self.server.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))  # type: ignore[attr-defined]
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def evil(target: str, delivery: str = "", page: Path = PAGE) -> Iterator[Any]:
    """The attacker's server on a port of its own."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Evil)
    server.page = page.read_text("utf-8").replace("TARGET", target).replace("DELIVERY", delivery).encode()
    server.reports = Queue()
    with running(server):
        yield server


@contextmanager
def browsing(profile: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A browser with a profile of its own, ended at the end."""
    assert BROWSER is not None
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as browser:
        try:
            yield browser
        finally:
            browser.terminate()


def state(server: Live) -> Any:
    """Everything that a page could want to change."""
    paths = ("scenario", "clock", "jobs", "accounts/key-1", "faults", "deliveries", "sandboxes", "journal")
    return {path: server.client.get(f"/_mock/{path}").json() for path in paths}


@pytest.fixture
def server() -> Iterator[Live]:
    """A server with something to read and something to lose."""
    account = {"key": "*", "plan": "enterprise", "webhook": {"url": "http://169.254.169.254/hook"}}
    with live({"extends": "default", "accounts": [account]}) as server:
        key = {"Authorization": "Bearer key-1"}
        server.client.post("/videotoprompt/v1/analyze/url", json={"url": "https://a.test/mock-fast.mp4"}, headers=key)
        server.client.post("/_mock/faults", json={"fault": {"kind": "server_error"}})
        server.advance("1s")
        yield server


@pytest.mark.parametrize("page", ["http://evil.example", "http://127.0.0.1"])
def test_a_hostile_page_can_neither_change_nor_read_anything(server: Live, tmp_path: Path, page: str) -> None:
    """From a foreign site, and from another port of this machine, which is the same site but another origin."""
    before = state(server)
    delivery = before["deliveries"]["deliveries"][0]["id"]
    with evil(server.base, delivery) as attacker, browsing(tmp_path, f"{page}:{attacker.server_port}/"):
        try:
            report = attacker.reports.get(timeout=90)
        except Empty:
            pytest.fail("the page did not run to its end")
    assert len(report) == 20
    assert {name: said for name, said in report.items() if "READ" in said} == {}
    assert state(server) == before


def test_a_rebound_name_reads_nothing(server: Live, tmp_path: Path) -> None:
    """A name of the attacker's that points here by now is a page's own origin: only Host betrays it."""
    url = f"http://evil.example:{server.address[1]}/_mock/journal"
    with browsing(tmp_path, "--dump-dom", url) as browser:
        shown = browser.communicate(timeout=90)[0]
    assert "does not answer to the host" in shown
    assert "videotoprompt" not in shown


@pytest.mark.parametrize("cors", [False, True])
def test_a_page_of_another_origin_uses_the_providers_if_they_allow_it(cors: bool, tmp_path: Path) -> None:
    scenario = {"extends": "default", "cors": cors, "clock": {"mode": "auto"}}
    with (
        live(scenario) as server,
        evil(server.base, page=CORS_PAGE) as site,
        browsing(tmp_path, f"http://127.0.0.1:{site.server_port}/"),
    ):
        report = site.reports.get(timeout=90)
    blocked = "TypeError"
    assert report == {
        "generate": [200, False, True],
        "analyze": [202, True, True] if cors else blocked,
        "unknown path": [404, True, True] if cors else blocked,
        "wrong method": [405, True, True] if cors else blocked,
        "stream": [200, False, True] if cors else blocked,
        "control": blocked,
    }


def test_its_user_can_look_at_it(server: Live, tmp_path: Path) -> None:
    with browsing(tmp_path, "--dump-dom", f"{server.base}/_mock/journal") as browser:
        shown = browser.communicate(timeout=90)[0]
    assert "videotoprompt.analyze_url" in shown
