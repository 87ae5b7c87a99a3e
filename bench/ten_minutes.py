"""Measure the real time of a job that takes ten virtual minutes, over a real socket with a manual clock.

python -m bench.ten_minutes
"""

import argparse
import json
import statistics
import time
from http.client import HTTPConnection
from typing import Any

from bench.process import mockserver

ROUNDS = 7
HEADERS = {"Authorization": "Bearer bench-key", "Content-Type": "application/json"}


def main() -> None:
    """Print the real time of one job: submit, advance until it has ended, read the result."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with mockserver() as server:
        connection = HTTPConnection("127.0.0.1", server.port)

        def call(method: str, path: str, body: Any = None) -> Any:
            connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
            reply = connection.getresponse()
            text = reply.read()
            assert reply.status < 300, text
            return json.loads(text)

        call("POST", "/_mock/clock", {"mode": "manual"})
        times = []
        for number in range(ROUNDS):
            began = time.perf_counter()
            body = {"url": f"https://example.com/mock-slow-{number}.mp4"}
            job = call("POST", "/videotoprompt/v1/analyze/url", body)["id"]
            call("POST", "/_mock/clock", {"until": {"job": job}})
            assert call("GET", f"/videotoprompt/v1/analyze/{job}")["status"] == "completed"
            times.append((time.perf_counter() - began) * 1000)
    print(f"ten virtual minutes: median {statistics.median(times):.1f} ms of wall time (worst {max(times):.1f})")


if __name__ == "__main__":
    main()
