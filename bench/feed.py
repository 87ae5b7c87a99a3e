"""Measure the page: its live feed under load, in a real Chromium.

    python -m bench.feed                 # 500 requests a second for a minute, without and with a browser
    python -m bench.feed --seconds 10    # shorter

The load polls one job over 16 connections at a constant rate. The server's CPU time is measured first without a
listener, then with one that reads the feed and does nothing else, then with the page. The page measures its own frames.
"""

import argparse
import asyncio
import json
import shutil
import sys
import time
import urllib.request
from statistics import median

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from bench.process import Server, mockserver
from bench.verdict import Budget, judged

CONNECTIONS = 16
# Rounds of the load without and with a listener. The machine may be busy with other things in some of them.
ROUNDS = 8
COLD_LOADS = 5
SIZE: ViewportSize = {"width": 1280, "height": 800}
MEASURE = """() => {
  window.frames_ = []; let last = performance.now();
  const frame = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""
TRANSFERRED = """performance.getEntriesByType("resource").filter((each) => each.name.includes("/page/"))
  .reduce((sum, each) => sum + each.transferSize, performance.getEntriesByType("navigation")[0].transferSize)"""
SCROLL = """async () => {
  const list = document.querySelector(".list");
  window.frames_ = [];
  for (let n = 0; n < 120; n += 1) {
    list.scrollTop = (n % 60) * list.scrollHeight / 60;
    await new Promise(requestAnimationFrame);
  }
  return list.querySelectorAll("li").length;
}"""


async def load(port: int, path: str, rate: int, seconds: float) -> int:
    """Send requests at a constant rate. Returns their number."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bench-key\r\n\r\n".encode()
    began = time.perf_counter()

    async def connection(offset: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while (due := (count * CONNECTIONS + offset) / rate) < seconds:
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            writer.write(head)
            fields = await reader.readuntil(b"\r\n\r\n")
            length = int(fields.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            count += 1
        writer.close()
        return count

    return sum(await asyncio.gather(*(connection(n) for n in range(CONNECTIONS))))


async def listen(port: int) -> None:
    """Read the feed until cancelled."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /_mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    while await reader.read(65_536):
        pass


def submit(port: int) -> str:
    """Create a job, and return the path of its status."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/videotoprompt/v1/analyze/url",
        json.dumps({"url": "https://example.com/a.mp4"}).encode(),
        {"Authorization": "Bearer bench-key", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:
        return f"/videotoprompt/v1/analyze/{json.loads(reply.read())['id']}"


async def first_content(browser: Browser, base: str) -> float:
    """Load the page with an empty cache, several times. Returns the median of the milliseconds to the first content."""
    times = []
    for _ in range(COLD_LOADS):
        context = await browser.new_context(viewport=SIZE)
        page = await context.new_page()
        await page.goto(f"{base}/_mock/")
        await page.wait_for_selector(".connection.live")
        times.append(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        await context.close()
    return median(times)


async def transferred(page: Page) -> int:
    """Return the bytes of the files of the page over the wire."""
    result: int = await page.evaluate(TRANSFERRED)
    return result


async def cpu_of(server: Server, port: int, path: str, options: argparse.Namespace, *, seconds: float) -> float:
    """Return the server's CPU time per second of load."""
    before = server.cpu()
    await load(port, path, options.rate, seconds)
    return (server.cpu() - before) / seconds


async def share_of_feed(server: Server, path: str, options: argparse.Namespace) -> float:
    """Return the CPU time of the feed, in percent of that of the load: the median of rounds with and without."""
    port, seconds = server.port, min(5.0, options.seconds)
    alone, extra = [], []
    for _ in range(ROUNDS):
        alone.append(await cpu_of(server, port, path, options, seconds=seconds))
        listener = asyncio.create_task(listen(port))
        extra.append(await cpu_of(server, port, path, options, seconds=seconds) - alone[-1])
        listener.cancel()
        await asyncio.sleep(0.5)
    load_alone, feed = median(alone), median(extra)
    print(f"CPU of the server: {load_alone * 1000:.1f} ms a second alone, {feed * 1000:.1f} more with a listener")
    return feed / load_alone * 100


async def measure(server: Server, options: argparse.Namespace) -> list[Budget]:
    """Measure everything."""
    port = server.port
    base, path = f"http://127.0.0.1:{port}", submit(port)
    await load(port, path, options.rate, 3)
    feed = await share_of_feed(server, path, options)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("There is no Chromium on the path. On Debian: apt install chromium")
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"]
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        content = await first_content(browser, base)
        page = await browser.new_page(viewport=SIZE)
        await page.goto(f"{base}/_mock/")
        await page.wait_for_selector(".connection.live")
        size = await transferred(page)
        await load(port, path, options.rate, 12)
        heap = "(gc(), performance.memory.usedJSHeapSize / 1048576)"
        heap_before, memory_before = await page.evaluate(heap), server.memory()
        await page.evaluate(MEASURE)
        await load(port, path, options.rate, options.seconds)
        frames = await page.evaluate("window.frames_")
        heap_after, memory_after = await page.evaluate(heap), server.memory()
        rows = await page.evaluate(SCROLL)
        scrolled = await page.evaluate("window.frames_")
        entries = await page.inner_text(".bar .count")
        await browser.close()
    print(
        f"{len(frames)} frames, {entries} entries, {rows} rows exist; memory of the page {heap_before:.1f} MiB before"
    )
    return [
        Budget("CPU of the feed, of that of the load", feed, 10, "%"),
        Budget("longest frame under load", max(frames), 100, "ms"),
        Budget("longest frame while scrolling", max(scrolled[2:]), 100, "ms"),
        Budget("growth of the page's memory", heap_after - heap_before, 5, "MiB"),
        Budget("growth of the server's memory", memory_after - memory_before, 5, "MiB"),
        Budget("first content, cold", content, 200, "ms"),
        Budget("the page over the wire", size / 1000, 120, "kB"),
    ]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=500)
    options = parser.parse_args()
    with mockserver() as server:
        return judged(asyncio.run(measure(server, options)))


if __name__ == "__main__":
    sys.exit(main())
