"""A load from wrk, where it is installed: it uses little of its core, so that also a fast server is kept busy."""

import json
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable

from bench.load import Outcome, load

CONNECTIONS = 32
# The payload stands for the request that wrk would compose, byte for byte. wrk's own report goes before the JSON.
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

# Loads a port with a payload for so many seconds.
Load = Callable[[int, bytes, int], Outcome]


def by_wrk(port: int, payload: bytes, seconds: int) -> Outcome:
    """Load by wrk. Exits when a request is refused or a connection breaks."""
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
    """Load by bench.load. Exits when a request is refused."""
    outcome = load(port, payload, connections=CONNECTIONS, seconds=seconds)
    if not set(outcome.statuses) <= {200, 201, 202}:
        raise SystemExit(f"replies with the statuses {outcome.statuses}")
    return outcome


def best() -> tuple[str, Load]:
    """The load to measure with, and its name: wrk, or bench.load where there is no wrk."""
    return ("wrk", by_wrk) if shutil.which("wrk") else ("bench.load, for wrk is not installed", by_python)
