"""The speed of the server, with everything on: one table. Figures are per 10,000 requests of processor time.

    python -m bench.run            # all of it, some minutes
    python -m bench.run --quick    # a tenth of the load
    python -m bench.run --flat     # 1,000,000 requests: is memory flat?
    python -m bench.run --kept     # does a request cost more when 100,000 jobs are kept?

W1 polls a completed analysis, W2 submits an analysis by URL, W3 reads a stream of about 40 chunks.
"""

import argparse
import json
import statistics
import time
from http.client import HTTPConnection
from typing import Any

from bench.load import Outcome, load, request
from bench.process import Server, mockserver

URL = json.dumps({"url": "https://www.youtube.com/watch?v=EXAMPLE", "platform": "midjourney"}).encode()
VIDEO = json.dumps({"prompt": "A beautiful sunset over the ocean", "quality": "free"}).encode()
STREAM = json.dumps({"videoSource": "youtube", "videoUrl": "https://www.youtube.com/watch?v=W-15-UmGP5s"}).encode()
SUBMIT = "/videotoprompt/v1/analyze/url"


def ask(server: Server, method: str, path: str, body: bytes = b"") -> Any:
    """One request by hand, and its JSON."""
    connection = HTTPConnection("127.0.0.1", server.port)
    headers = {"Authorization": "Bearer bench-key", "Content-Type": "application/json"}
    connection.request(method, path, body or None, headers)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    if reply.status >= 300:
        raise SystemExit(f"{method} {path}: {reply.status} {text[:200]!r}")
    return json.loads(text) if text else None


def completed(server: Server) -> str:
    """The path of an analysis that is completed."""
    job = ask(server, "POST", SUBMIT, URL)["id"]
    ask(server, "POST", "/_mock/clock", json.dumps({"until": {"job": job}}).encode())
    return f"/videotoprompt/v1/analyze/{job}"


def measured(server: Server, payload: bytes, requests: int) -> tuple[float, Outcome]:
    """Processor seconds of the server per 10,000 requests, and what the load saw."""
    load(server.port, payload, max(requests // 10, 100))
    before = server.cpu()
    outcome = load(server.port, payload, requests)
    cpu = (server.cpu() - before) * 10_000 / requests
    return cpu, outcome


def row(name: str, cpu: float, outcome: Outcome) -> str:
    """One line of the table."""
    worst = "" if set(outcome.statuses) <= {200, 202} else f"  statuses {outcome.statuses}"
    return (
        f"{name:<28} {cpu:6.2f} s  {outcome.per_second:8.0f}/s  "
        f"p50 {outcome.percentile(0.5):6.2f} ms  p99 {outcome.percentile(0.99):6.2f} ms{worst}"
    )


def table(requests: int) -> None:
    """W1, W2 and W3, three rounds each, interleaved; the median round by processor time."""
    with mockserver() as server:
        payloads = {
            "W1 poll a completed job": request("GET", completed(server), server.port),
            "W2 submit a job": request("POST", SUBMIT, server.port, URL),
        }
        rounds: dict[str, list[tuple[float, Outcome]]] = {name: [] for name in payloads}
        for _ in range(3):
            for name, payload in payloads.items():
                rounds[name].append(measured(server, payload, requests))
        for name, results in rounds.items():
            print(row(name, *sorted(results, key=lambda r: r[0])[1]))
        print(f"{'start to the first 200':<28} {server.started_in:6.0f} ms  resident {server.memory():.0f} MiB")
    with mockserver("--scenario", "nanophoto-stream-at-once") as server:
        stream = request("POST", "/nanophoto/api/sora-2/reverse-prompt", server.port, STREAM)
        cpu, outcome = measured(server, stream, requests)
        print(row("W3 stream without pause", cpu, outcome))


def kept(requests: int) -> None:
    """The same requests with 100 and with 100,000 jobs kept, and a full journal."""
    with mockserver() as server:
        payloads = {
            "W1": request("GET", completed(server), server.port),
            "W2": request("POST", SUBMIT, server.port, URL),
            "a page of the list": request("GET", "/prompttovideo/api/v1/videos?page=1&per_page=20", server.port),
            "queue status": request("GET", "/prompttovideo/api/v1/queue/status", server.port),
        }
        figures: dict[str, list[float]] = {name: [] for name in payloads}
        for jobs in (100, 100_000):
            load(server.port, request("POST", "/prompttovideo/api/v1/generate", server.port, VIDEO), jobs)
            load(server.port, payloads["W2"], jobs)
            ask(server, "POST", "/_mock/clock", json.dumps({"advance": "1h"}).encode())
            payloads["W1"] = request("GET", completed(server), server.port)
            for name, payload in payloads.items():
                figures[name].append(statistics.median(measured(server, payload, requests)[0] for _ in range(3)))
        for name, (few, many) in figures.items():
            print(f"{name:<20} {few:6.2f} s with 100 jobs, {many:6.2f} s with 100,000: {many / few:.2f} times")


def flat(total: int) -> None:
    """Memory over a million requests, half polls and half submissions, after a warm-up that fills what is bounded."""
    with mockserver() as server:
        poll, submit = request("GET", completed(server), server.port), request("POST", SUBMIT, server.port, URL)
        load(server.port, submit, 130_000)
        points = []
        began = time.perf_counter()
        for done in range(0, total, 100_000):
            points.append(server.memory())
            print(f"{done:>9,} requests  {points[-1]:7.1f} MiB  {time.perf_counter() - began:5.0f} s", flush=True)
            load(server.port, poll, 50_000)
            load(server.port, submit, 50_000)
        points.append(server.memory())
        slope = (points[-1] - points[0]) / (len(points) - 1)
        print(f"{total:>9,} requests  {points[-1]:7.1f} MiB; slope {slope:+.2f} MiB per 100,000 requests")


def main() -> None:
    """Print the table that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--kept", action="store_true")
    asked = parser.parse_args()
    requests = 2_000 if asked.quick else 20_000
    if asked.flat:
        flat(100_000 if asked.quick else 1_000_000)
    elif asked.kept:
        kept(requests)
    else:
        table(requests)


if __name__ == "__main__":
    main()
