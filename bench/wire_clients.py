"""What HTTP clients report for each fault on the wire: writes docs/wire-faults.md.

    python -m bench.wire_clients [--quick] [--python PATH]...

Clients that are not installed are left out. `--python` names further interpreters to look for Python clients in.
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
PATIENCE = 1.5

# What is tried, and what it stands for in words.
FAULTS: Mapping[str, tuple[dict[str, object], str]] = {
    "reset": ({"kind": "reset"}, "connection reset before any byte"),
    "lost-reply": ({"kind": "reset", "phase": "after_commit"}, "the job exists, the reply is lost"),
    "reset-mid-body": ({"kind": "reset", "phase": "mid_body", "at": "50%"}, "reset in the middle of the body"),
    "empty-reply": ({"kind": "empty_reply"}, "orderly end before any byte"),
    "truncate": ({"kind": "truncate", "at": "50%"}, "fewer bytes than Content-Length says"),
    "no-last-chunk": ({"kind": "truncate", "at": "100%", "framing": "chunked"}, "all data, but no last chunk"),
    "stall": ({"kind": "stall", "at": "50%"}, "silence in the middle of the body"),
    "hang": ({"kind": "hang"}, "never a byte"),
    "latency": ({"kind": "latency", "for": "300ms"}, "a whole reply, 300 ms late"),
    "slow-drip": ({"kind": "slow_drip", "rate": 40}, "40 bytes a second"),
    "garble": ({"kind": "garble", "at": "50%"}, "sixteen wrong bytes in the body"),
    "server-error": ({"kind": "server_error"}, "the provider's own 500"),
}

_TOLD = """
import json, sys
def told(error):
    names = []
    while error is not None and len(names) < 8:
        names.append(type(error).__name__)
        error = error.__cause__ or error.__context__
        inner = next((a for a in getattr(error, "args", ()) if isinstance(a, BaseException)), None)
    return " < ".join(dict.fromkeys(names))
asked = json.load(sys.stdin)
"""
PYTHON = {
    "requests": _TOLD
    + """
import requests
def ask(url, body, key, patience):
    reply = requests.post(url, json=body, headers=key, timeout=patience)
    return f"{reply.status_code}, " + ("JSON" if reply.json() else "")
found = {}
for name, url, body in asked["cases"]:
    try: found[name] = ask(url, body, asked["key"], asked["patience"])
    except Exception as error: found[name] = told(error)
print(json.dumps([requests.__version__, found]))
""",
    "httpx2": _TOLD
    + """
import httpx2
found = {}
for name, url, body in asked["cases"]:
    try:
        reply = httpx2.post(url, json=body, headers=asked["key"], timeout=asked["patience"])
        found[name] = f"{reply.status_code}, " + ("JSON" if reply.json() else "")
    except Exception as error: found[name] = told(error)
print(json.dumps([httpx2.__version__, found]))
""",
    "aiohttp": _TOLD
    + """
import aiohttp, asyncio
async def main():
    found = {}
    for name, url, body in asked["cases"]:
        limit = aiohttp.ClientTimeout(total=asked["patience"])
        try:
            async with aiohttp.ClientSession(timeout=limit) as session:
                async with session.post(url, json=body, headers=asked["key"]) as reply:
                    found[name] = f"{reply.status}, " + ("JSON" if await reply.json() else "")
        except Exception as error: found[name] = told(error)
    return found
print(json.dumps([aiohttp.__version__, asyncio.run(main())]))
""",
}
NODE = """
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
(async () => {
  const found = {};
  for (const [name, url, body] of asked.cases) {
    try {
      const headers = {...asked.key, 'content-type': 'application/json'};
      const signal = AbortSignal.timeout(asked.patience * 1000);
      const reply = await fetch(url, {method: 'POST', body: JSON.stringify(body), headers, signal});
      found[name] = `${reply.status}, ${(await reply.json()) ? 'JSON' : ''}`;
    } catch (error) {
      const cause = error.cause ? error.cause.code || error.cause.name : null;
      const outer = error.name + (error.name === 'TypeError' ? ` (${error.message})` : '');
      found[name] = [outer, cause].filter(Boolean).join(' < ');
    }
  }
  console.log(JSON.stringify([process.version.slice(1), found]));
})();
"""


TEMPLATE = """\
# What clients report for each fault on the wire

Written by `python -m bench.wire_clients` against a running server. Every request had {patience} seconds.
Clients: {versions}.

Read it to see what your error handling has to catch. An exception is shown with what it was raised from,
`outer < inner`. How to ask for these faults is told in [How to make requests fail](how-to-faults.md).

{table}

Worth knowing:

- After a lost reply the job exists and is charged. No client can tell it from a reset before the job was made: look
  for the job before you submit again.
- A truncated body has the status of a success. Only the exception, or curl's exit code, tells that it is not whole.
- A time limit for single reads, as requests and httpx2 have, does not end a slow drip: each byte is in time. curl's
  `-m`, aiohttp's `total` and an abort signal do.
- A garbled body is found only by whoever parses it.

The faults, as a scenario tells them:

```yaml
{faults}
```
"""


@dataclass(frozen=True, slots=True)
class Client:
    """A client with its version, and what it said for each fault."""

    name: str
    version: str
    said: Mapping[str, str]


def python_client(name: str, interpreters: Sequence[str], asked: str) -> Client | None:
    """What a Python client says, by the first interpreter that has it."""
    for interpreter in interpreters:
        command = [interpreter, "-c", PYTHON[name]]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            version, said = json.loads(done.stdout)
            return Client(name, version, said)
    return None


def node_client(asked: str) -> Client | None:
    """What Node's fetch says."""
    node = shutil.which("node")
    if node is None:
        return None
    done = subprocess.run([node, "-e", NODE], input=asked, capture_output=True, text=True, check=True)
    version, said = json.loads(done.stdout)
    return Client("Node fetch", version, said)


def curl_client(asked: str) -> Client | None:
    """What curl says: its exit code and its message."""
    curl = shutil.which("curl")
    if curl is None:
        return None
    told, said = json.loads(asked), {}
    for name, url, body in told["cases"]:
        command = [curl, "-sS", "-m", str(told["patience"]), "-w", "%{http_code}", "-o", "/dev/null", url]
        command += ["-H", f"Authorization: {told['key']['Authorization']}", "--json", json.dumps(body)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        words = done.stderr.strip().partition(") ")[2].partition(" after ")[0]
        said[name] = f"{done.stdout}, exit 0" if done.returncode == 0 else f"exit {done.returncode}: {words}"
    version = subprocess.run([curl, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return Client("curl", version, said)


def page(clients: Sequence[Client]) -> str:
    """The document."""
    table = [
        f"| fault | | {' | '.join(client.name for client in clients)} |",
        f"|---|---|{'---|' * len(clients)}",
        *(
            f"| `{name}` | {words} | {' | '.join(client.said.get(name, '') for client in clients)} |"
            for name, (_, words) in FAULTS.items()
        ),
    ]
    return TEMPLATE.format(
        patience=f"{PATIENCE:g}",
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
    told = parser.parse_args()
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
            key = {"Authorization": "Bearer key-1"}
            asked = json.dumps({"cases": cases, "key": key, "patience": PATIENCE})
            interpreters = [sys.executable, *told.python]
            found = [python_client(name, interpreters, asked) for name in PYTHON]
            clients = [c for c in (*found, curl_client(asked), node_client(asked)) if c is not None]
    text = page(clients)
    if told.quick:
        print(text)
    else:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE}: {len(FAULTS)} faults, {len(clients)} clients")
    return 0


if __name__ == "__main__":
    sys.exit(main())
