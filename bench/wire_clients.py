"""Write docs/wire-faults.md: what HTTP clients report for each fault on the wire.

    python -m bench.wire_clients [--quick] [--python PATH]...

Clients that are not installed are left out. `--python` adds an interpreter in which to look for Python clients.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.process import ROOT, mockserver

PAGE = ROOT / "docs" / "wire-faults.md"
ANALYZE = "/videotoprompt/v1/analyze/url"
TIMEOUT = 1.5

# Each fault and its description.
FAULTS: Mapping[str, tuple[dict[str, object], str]] = {
    "reset": ({"kind": "reset"}, "connection reset before any byte"),
    "lost-reply": ({"kind": "reset", "phase": "after_commit"}, "the job exists, the reply is lost"),
    "reset-mid-body": ({"kind": "reset", "phase": "mid_body", "at": "50%"}, "reset in the middle of the body"),
    "empty-reply": ({"kind": "empty_reply"}, "connection closed before any byte"),
    "truncate": ({"kind": "truncate", "at": "50%"}, "fewer bytes than Content-Length says"),
    "no-last-chunk": ({"kind": "truncate", "at": "100%", "framing": "chunked"}, "all the data, but no last chunk"),
    "stall": ({"kind": "stall", "at": "50%"}, "the body stops in the middle"),
    "hang": ({"kind": "hang"}, "no reply at all"),
    "latency": ({"kind": "latency", "for": "300ms"}, "the whole reply, 300 ms late"),
    "slow-drip": ({"kind": "slow_drip", "rate": 40}, "40 bytes a second"),
    "garble": ({"kind": "garble", "at": "50%"}, "sixteen wrong bytes in the body"),
    "server-error": ({"kind": "server_error"}, "the provider's own 500"),
}

_PYTHON_START = """
import json, sys
def exceptions(error):
    names = []
    while error is not None and len(names) < 8:
        names.append(type(error).__name__)
        error = error.__cause__ or error.__context__
        inner = next((a for a in getattr(error, "args", ()) if isinstance(a, BaseException)), None)
    return " < ".join(dict.fromkeys(names))
tests = json.load(sys.stdin)
results = {}
"""
PYTHON = {
    "requests": _PYTHON_START
    + """
import requests
for name, url, body in tests["cases"]:
    try:
        reply = requests.post(url, json=body, headers=tests["headers"], timeout=tests["timeout"])
        results[name] = f"{reply.status_code}, " + ("JSON" if reply.json() else "")
    except Exception as error: results[name] = exceptions(error)
print(json.dumps([requests.__version__, results]))
""",
    "httpx2": _PYTHON_START
    + """
import httpx2
for name, url, body in tests["cases"]:
    try:
        reply = httpx2.post(url, json=body, headers=tests["headers"], timeout=tests["timeout"])
        results[name] = f"{reply.status_code}, " + ("JSON" if reply.json() else "")
    except Exception as error: results[name] = exceptions(error)
print(json.dumps([httpx2.__version__, results]))
""",
    "aiohttp": _PYTHON_START
    + """
import aiohttp, asyncio
async def main():
    for name, url, body in tests["cases"]:
        limit = aiohttp.ClientTimeout(total=tests["timeout"])
        try:
            async with aiohttp.ClientSession(timeout=limit) as session:
                async with session.post(url, json=body, headers=tests["headers"]) as reply:
                    results[name] = f"{reply.status}, " + ("JSON" if await reply.json() else "")
        except Exception as error: results[name] = exceptions(error)
asyncio.run(main())
print(json.dumps([aiohttp.__version__, results]))
""",
}
NODE = """
const tests = JSON.parse(require('fs').readFileSync(0, 'utf8'));
(async () => {
  const results = {};
  for (const [name, url, body] of tests.cases) {
    try {
      const headers = {...tests.headers, 'content-type': 'application/json'};
      const signal = AbortSignal.timeout(tests.timeout * 1000);
      const reply = await fetch(url, {method: 'POST', body: JSON.stringify(body), headers, signal});
      results[name] = `${reply.status}, ${(await reply.json()) ? 'JSON' : ''}`;
    } catch (error) {
      const cause = error.cause ? error.cause.code || error.cause.name : null;
      const outer = error.name + (error.name === 'TypeError' ? ` (${error.message})` : '');
      results[name] = [outer, cause].filter(Boolean).join(' < ');
    }
  }
  console.log(JSON.stringify([process.version.slice(1), results]));
})();
"""


TEMPLATE = """\
# What clients report for each fault on the wire

This page lists the exceptions and exit codes that your error handling has to deal with. `python -m bench.wire_clients`
writes it, by sending requests to a running server with a timeout of {timeout} seconds.
[How to make requests fail](how-to-faults.md) explains the faults. `A < B` means that `A` was raised because of `B`.

Clients: {versions}.

{table}

- After a lost reply the job exists and is charged. The client sees the same error as for a reset before the job was
  created, so look for the job before you submit it again.
- A truncated reply has a success status. Only the exception, or curl's exit code, shows that the body is incomplete.
- requests and httpx2 limit the time of each read. This does not stop a slow drip, because every read gets some bytes in
  time. curl's `-m`, aiohttp's `total` and an abort signal limit the whole request.
- A garbled body causes an error only when it is parsed.

In a scenario, these faults are written as follows:

```yaml
{faults}
```
"""


@dataclass(frozen=True, slots=True)
class Client:
    """A client, its version, and what it reports for each fault."""

    name: str
    version: str
    reports: Mapping[str, str]


def python_client(name: str, interpreters: Sequence[str], tests: str) -> Client | None:
    """Run a Python client in the first interpreter that has it. Return None if none has it."""
    for interpreter in interpreters:
        command = [interpreter, "-c", PYTHON[name]]
        result = subprocess.run(command, input=tests, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return Client(name, *json.loads(result.stdout))
    return None


def node_client(tests: str) -> Client | None:
    """Run Node's fetch. Return None if Node is not installed."""
    node = shutil.which("node")
    if node is None:
        return None
    result = subprocess.run([node, "-e", NODE], input=tests, capture_output=True, text=True, check=True)
    return Client("Node fetch", *json.loads(result.stdout))


def curl_client(tests: str) -> Client | None:
    """Run curl, and report its exit codes and messages. Return None if it is not installed."""
    curl = shutil.which("curl")
    if curl is None:
        return None
    options, reports = json.loads(tests), {}
    for name, url, body in options["cases"]:
        command = [curl, "-sS", "-m", str(options["timeout"]), "-w", "%{http_code}", "-o", "/dev/null", url]
        command += ["-H", f"Authorization: {options['headers']['Authorization']}", "--json", json.dumps(body)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        message = result.stderr.strip().partition(") ")[2].partition(" after ")[0]
        failed = result.returncode != 0
        reports[name] = f"exit {result.returncode}: {message}" if failed else f"{result.stdout}, exit 0"
    version = subprocess.run([curl, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return Client("curl", version, reports)


def page(clients: Sequence[Client]) -> str:
    """Return the text of the page."""
    table = [
        f"| fault | description | {' | '.join(client.name for client in clients)} |",
        f"|---|---|{'---|' * len(clients)}",
        *(
            f"| `{name}` | {description} | {' | '.join(client.reports.get(name, '') for client in clients)} |"
            for name, (_, description) in FAULTS.items()
        ),
    ]
    return TEMPLATE.format(
        timeout=f"{TIMEOUT:g}",
        versions=", ".join(f"{client.name} {client.version}" for client in clients),
        table="\n".join(table),
        faults="\n".join(f"{name + ':':<16} {_yaml(fault)}" for name, (fault, _) in FAULTS.items()),
    )


def _yaml(fault: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in fault.items()) + "}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="print the page instead of writing it")
    parser.add_argument("--python", action="append", default=[], metavar="PATH", help="another interpreter")
    options = parser.parse_args()
    rules = [
        {"name": name, "operation": "*", "when": {"input": {"contains": f"/{name}."}}, "fault": fault}
        for name, (fault, _) in FAULTS.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wire-clients.yaml"
        path.write_text(json.dumps({"scenario": "wire-clients", "extends": "default", "rules": rules}))
        with mockserver("--scenario", str(path)) as server:
            base = f"http://127.0.0.1:{server.port}{ANALYZE}"
            cases = [(name, base, {"url": f"https://example.com/{name}.mp4"}) for name in FAULTS]
            headers = {"Authorization": "Bearer key-1"}
            tests = json.dumps({"cases": cases, "headers": headers, "timeout": TIMEOUT})
            interpreters = [sys.executable, *options.python]
            all_clients = [python_client(name, interpreters, tests) for name in PYTHON]
            clients = [c for c in (*all_clients, curl_client(tests), node_client(tests)) if c is not None]
    text = page(clients)
    if options.quick:
        print(text)
    else:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE}: {len(FAULTS)} faults, {len(clients)} clients")
    return 0


if __name__ == "__main__":
    sys.exit(main())
