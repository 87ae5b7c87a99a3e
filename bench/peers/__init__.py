"""Other mock servers, configured for the same workloads. Those that are installed are measured. See README.md."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import gettempdir

from bench.process import Server, free_port
from bench.targets import AIMOCK, NO_STREAM, Requests, Target, usual
from bench.workloads import SUBMIT, W1, W2, W3, ask, polled, request

HERE = Path(__file__).parent
PREFIX = Path(os.environ.get("BENCH_PEERS", HERE / "installed"))
JAR = "node_modules/wiremock/build/wiremock-standalone-3.13.2.jar"
# The characters in a chunk of aimock, so that the text of aimock.json has 40 chunks.
CHUNK = "105"


def install() -> None:
    """Install the packages of package.json under the prefix, with npm."""
    PREFIX.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", PREFIX)
    subprocess.run(["npm", "install", "--prefix", str(PREFIX), "--no-audit", "--no-fund"], check=True)


def available() -> Iterator[Target | str]:
    """Yield a target for each peer that is installed, and a message for each other one."""
    for name, (binary, make) in _PEERS.items():
        path = PREFIX / ("" if name == "WireMock" else "node_modules/.bin") / binary
        if not path.exists():
            yield f"{name} is not measured: {path} does not exist"
        elif name == "WireMock" and shutil.which("java") is None:
            yield f"{name} is not measured: java is not installed"
        else:
            yield make(str(path))


def _aimock(binary: str) -> Target:
    video = json.dumps({"model": "sora-2", "prompt": "A beautiful sunset over the ocean"}).encode()
    chat = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "stream"}]}

    def requests(server: Server) -> Requests:
        job = ask(server, "POST", "/v1/videos", video)["id"]
        return {
            W1: request("GET", f"/v1/videos/{job}", server.port),
            W2: request("POST", "/v1/videos", server.port, video),
            W3: request("POST", "/v1/chat/completions", server.port, json.dumps(chat).encode()),
        }

    def ready(port: int) -> bool:
        return polled(port, "/v1/videos", video, "/v1/videos/")

    flags = ["-f", str(HERE / "aimock.json"), "-c", CHUNK, "--log-level", "silent"]
    return Target(AIMOCK, "peer", _on_port(binary, "-p", *flags), requests, ready=ready)


def _prism(binary: str) -> Target:
    return Target("Prism", "peer", _on_port([binary, "mock"], "-p", str(HERE / "prism.yaml")), works=NO_STREAM)


def _json_server(binary: str) -> Target:
    def command(port: int) -> Sequence[str]:
        # json-server writes into the file that it serves.
        database = Path(gettempdir()) / f"bench-json-server-{port}.json"
        shutil.copy(HERE / "json-server.json", database)
        return [binary, "--host", "127.0.0.1", "--port", str(port), "--quiet", str(database)]

    def requests(server: Server) -> Requests:
        port = server.port
        return {
            W1: request("GET", "/analyses/ana_bench", port),
            W2: request("POST", "/analyses", port, SUBMIT),
        }

    return Target("json-server", "peer", command, requests, NO_STREAM, "/analyses/ana_bench")


def _mockoon(binary: str) -> Target:
    flags = ["--data", str(HERE / "mockoon.json"), "--disable-log-to-file"]
    return Target("Mockoon", "peer", _on_port([binary, "start"], "--port", *flags), works=NO_STREAM)


def _mountebank(binary: str) -> Target:
    def command(port: int) -> Sequence[str]:
        pid = Path(gettempdir()) / f"bench-mountebank-{port}.pid"
        flags = ["--configfile", str(HERE / "mountebank.ejs"), "--nologfile", "--localOnly", "--pidfile", str(pid)]
        return ["env", f"BENCH_PORT={port}", binary, "start", "--port", str(free_port()), *flags]

    return Target("mountebank", "peer", command, works=NO_STREAM)


def _wiremock(jar: str) -> Target:
    flags = ["--root-dir", str(HERE / "wiremock"), "--disable-banner"]
    return Target("WireMock", "peer", _on_port(["java", "-jar", jar], "--port", *flags), usual)


def _on_port(start: str | Sequence[str], option: str, *flags: str) -> Callable[[int], Sequence[str]]:
    first = [start] if isinstance(start, str) else list(start)
    return lambda port: [*first, option, str(port), *flags]


_PEERS: dict[str, tuple[str, Callable[[str], Target]]] = {
    AIMOCK: ("llmock", _aimock),
    "Prism": ("prism", _prism),
    "json-server": ("json-server", _json_server),
    "WireMock": (JAR, _wiremock),
    "mountebank": ("mb", _mountebank),
    "Mockoon": ("mockoon-cli", _mockoon),
}
