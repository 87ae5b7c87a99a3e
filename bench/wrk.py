"""A load from wrk, if it is installed. It uses little CPU time, so it can keep a fast server busy."""

import json
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable

from bench.load import Outcome, load

CONNECTIONS = 32
# wrk sends the payload instead of a request of its own. Its report precedes the JSON.
SCRIPT = """
wrk.format = function() return "%s" end

function done(summary, latency)
  local errors, ranks = summary.errors, {}
  for rank = 0, 100 do ranks[rank + 1] = latency:percentile(rank) end
  print(string.format(
    '{"replies": %%d, "microseconds": %%d, "refused": %%d, "broken": %%d, "latencies": [%%s]}',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(ranks, ",")))
end
"""

# Sends a payload to a port for a number of seconds.
Load = Callable[[int, bytes, int], Outcome]


def by_wrk(port: int, payload: bytes, seconds: int) -> Outcome:
    """Load a server with wrk. Exit if a request is refused or a connection breaks."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % "".join(f"\\{byte:03}" for byte in payload))
        script.flush()
        threads = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s"]
        command = ["wrk", *threads, "-s", script.name, f"http://127.0.0.1:{port}"]
        before, began = _children(), time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        busy = (_children() - before) / (time.perf_counter() - began)
    seen = json.loads(done.stdout.splitlines()[-1])
    if seen["refused"] or seen["broken"]:
        raise SystemExit(f"{seen['refused']} requests were refused, {seen['broken']} connections broke")
    latencies = [each / 1e6 for each in seen["latencies"]]
    return Outcome(seen["replies"], seen["microseconds"] / 1e6, busy, latencies=latencies)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def by_python(port: int, payload: bytes, seconds: int) -> Outcome:
    """Load a server with bench.load. Exit if a request is refused."""
    outcome = load(port, payload, connections=CONNECTIONS, seconds=seconds)
    if not set(outcome.statuses) <= {200, 201, 202}:
        raise SystemExit(f"replies with the statuses {outcome.statuses}")
    return outcome


def best() -> tuple[str, Load]:
    """Return the name of the load and the load: wrk, or bench.load if wrk is not installed."""
    return ("wrk", by_wrk) if shutil.which("wrk") else ("bench.load, because wrk is not installed", by_python)
