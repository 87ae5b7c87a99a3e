"""Makes the screenshots of the page in docs/images, with a Chromium of this machine.

python docs/screenshots.py            or: make screenshots
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parent / "images"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZES = {"large": (1360, 800), "small": (390, 780)}
# The default scenario, with a webhook for each account, and limits that are soon used up.
SCENARIO = """\
scenario: demo
extends: default
clock: {mode: manual}
accounts:
  - {key: "*", plan: pro, credits: 40, webhook: {url: "http://127.0.0.1:%d/hooks"}}
"""
ANALYZE, GENERATE = "/videotoprompt/v1/analyze/url", "/prompttovideo/api/v1/generate"


class Receiver(BaseHTTPRequestHandler):
    """Refuses the first webhook, and accepts the others."""

    count = 0

    def do_POST(self) -> None:
        """Answer a webhook."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        type(self).count += 1
        self.send_response(500 if self.count == 1 else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


@contextmanager
def served() -> Iterator[str]:
    """Run a server with the demo scenario. Yields its base URL."""
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    folder = tempfile.TemporaryDirectory()
    Path(folder.name, "demo.yaml").write_text(SCENARIO % receiver.server_port)
    command = [sys.executable, "-u", "-m", "mockserver", "serve", "--port", "0", "--scenario", "./demo.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(IMAGES.parents[1])}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder.name)
    try:
        assert server.stdout is not None
        yield next(m[1] for m in (re.search(r"(http://\S+)/_mock", line) for line in server.stdout) if m)
    finally:
        server.terminate()
        server.wait()
        receiver.shutdown()
        folder.cleanup()


def send(base: str, method: str, path: str, body: Any = None, key: str = "demo-key-1234") -> Any:
    """Send a request, and return the JSON of the reply, also of an error."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            text = reply.read()
    except urllib.error.HTTPError as error:
        text = error.read()
    try:
        return json.loads(text)
    except ValueError:
        return text


def advance(base: str, by: str) -> None:
    """Advance the clock."""
    send(base, "POST", "/_mock/clock", {"advance": by})


def play(base: str) -> None:
    """Make a little of everything: jobs, polls, refusals, webhooks, a stream, an armed fault."""
    jobs = [send(base, "POST", ANALYZE, {"url": "https://example.com/hike.mp4"})]
    advance(base, "3s")
    jobs.append(send(base, "POST", ANALYZE, {"url": "https://example.com/mock-fail.mp4"}))
    send(base, "POST", GENERATE, {"prompt": "A lighthouse in a storm", "duration": 5})
    for _ in range(5):
        advance(base, "2500ms")
        for job in jobs:
            name = job.get("analysis_id") or job.get("id") or job.get("job_id")
            send(base, "GET", f"/videotoprompt/v1/analyze/{name}")
    send(base, "POST", ANALYZE, {"link": "https://example.com/wrong.mp4"})
    send(base, "GET", "/videotoprompt/v1/analyse/url")
    send(base, "POST", "/_mock/faults", {"operation": "videotoprompt.analyze_url", "fault": {"kind": "rate_limited"}})
    send(base, "POST", ANALYZE, {"url": "https://example.com/hike.mp4"})
    advance(base, "20s")
    send(base, "POST", GENERATE, {"prompt": "A red bicycle leans on a wall", "duration": 5})
    send(base, "POST", ANALYZE, {"url": "https://example.com/city.mp4"})
    advance(base, "4s")
    send(base, "POST", "/_mock/faults", {"operation": "prompttovideo.*", "fault": {"kind": "overloaded"}, "times": 2})


def shots(base: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the address of each view."""
    journal = send(base, "GET", "/_mock/journal?limit=500")["entries"]
    refused = next(each for each in journal if each.get("status") == 429)
    first = send(base, "GET", "/_mock/deliveries")["deliveries"][-1]
    yield "journal", "journal"
    yield "entry", f"journal/{refused['offset']}"
    yield "jobs", "jobs"
    yield "job", f"jobs/{first['job']}"
    yield "webhooks", f"webhooks/{first['id']}"
    yield "findings", "findings"
    yield "accounts", "accounts"
    yield "scenario", "scenario"
    yield "faults", "faults"


def main() -> None:
    """Make all screenshots, or those whose names are given."""
    from playwright.sync_api import sync_playwright

    if BROWSER is None:
        sys.exit("There is no Chromium on the path. On Debian: apt install chromium")
    IMAGES.mkdir(exist_ok=True)
    with served() as base, sync_playwright() as playwright:
        play(base)
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        for theme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": height})
                page = context.new_page()
                page.on("console", lambda message: print("console:", message.text))
                page.on("pageerror", lambda error: print("error:", error))
                for name, view in shots(base):
                    if sys.argv[1:] and name not in sys.argv[1:]:
                        continue
                    page.goto(f"{base}/_mock/#/{view}")
                    page.reload()
                    page.wait_for_selector(".connection.live")
                    page.wait_for_timeout(900)
                    page.screenshot(path=IMAGES / f"page-{name}-{theme}-{size}.png")
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
