"""How much longer a sweep takes than its suite: 20 tests, and 60 cells that all of them run.

    python -m bench.sweep

Budget: 60 s beyond 60 times the time of the suite itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS, CELLS, BUDGET = 20, 60, 60.0
_SUITE = """
import pytest
import requests


@pytest.mark.parametrize("number", range({tests}))
def test_a_video(mockserver, number):
    url, headers = mockserver.url("prompttovideo"), {{"Authorization": f"Bearer {{mockserver.key('prompttovideo')}}"}}
    with requests.Session() as http:
        try:
            for attempt in range(2):
                prompt = {{"prompt": f"a hike {{number}} {{attempt}}"}}
                reply = http.post(f"{{url}}/api/v1/generate", json=prompt, headers=headers)
                video = reply.json()["video_id"]
                status = http.get(f"{{url}}/api/v1/video/{{video}}/status", headers=headers).json()
                http.get(status["video_url"])
        except (requests.RequestException, KeyError):
            pass
"""


def _timed(command: list[str], folder: Path) -> float:
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return time.monotonic() - began


def main() -> int:
    """Measure both, and print PASS or FAIL."""
    argparse.ArgumentParser(prog="bench.sweep", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, state = Path(name, "suite"), Path(name, "state.jsonl")
        folder.mkdir()
        (folder / "test_suite.py").write_text(_SUITE.format(tests=TESTS), "utf-8")
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        _timed(pytest, folder)  # reads the files once
        own = _timed(pytest, folder)
        sweep = _timed(
            [sys.executable, "-m", "mockserver", "sweep", "--all", "--state", str(state), "--", *pytest], folder
        )
        lines = [json.loads(line) for line in state.read_text("utf-8").splitlines()]
    results = [line for line in lines if line["kind"] == "result"]
    per_cell = sum(line["seconds"] for line in results) / max(1, len(results))
    # The sweep has more cells than the budget names, so that its cost is scaled to 60 of them.
    cost = sweep - len(results) * per_cell + CELLS * per_cell
    allowed = BUDGET + CELLS * own
    print(f"suite of {TESTS} tests: {own:.2f} s; {len(results)} cells in {sweep:.1f} s, {per_cell:.2f} s each")
    verdict = "PASS" if results and cost <= allowed else "FAIL"
    print(f"{CELLS} cells: {cost:.1f} s, budget {allowed:.1f} s (60 times the suite and {BUDGET:.0f} s)  {verdict}")
    return 0 if verdict == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main())
