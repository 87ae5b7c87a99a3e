"""Count the source files that a submission, a poll, a webhook, a scenario file and a clock advance pass through.

    python -m bench.journeys
    python -m bench.journeys --files    # lists the files too

Each journey ends at a certain function: a request when its job is stored or read, a webhook when it is scheduled, a
scenario when its rules are compiled. The files that are on the stack then are crossed. The second figure counts all
files of which any function ran, including helpers.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import mockserver
from mockserver.app import create_app
from mockserver.core.scenario import Scenario
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.serving.http_server import HttpServer
from mockserver.settings import Settings
from mockserver.wire.server import Server

ROOT = Path(mockserver.__file__).parent
AT_MOST = {"submit": 10, "poll": 8, "webhook": 8, "scenario file": 8, "clock advance": 10}
SCENARIO: dict[str, Any] = {
    "scenario": "journeys",
    "extends": "default",
    "clock": {"mode": "manual"},
    "accounts": [
        {"key": "hooked", "webhook": {"url": "http://receiver.test/hook", "secret": "whsec_1"}},
        {"key": "*", "plan": "pro"},
    ],
}


class Steps:
    """The files that ran, and the files on the stack when one of the functions `ends` was called."""

    def __init__(self, *ends: str) -> None:
        self._ends = ends
        self.ran: set[str] = set()
        self.crossed: set[str] = set()

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        file = self._file(frame)
        if event != "call" or file is None:
            return
        self.ran.add(file)
        if frame.f_code.co_qualname in self._ends:
            on_stack: FrameType | None = frame
            while on_stack is not None:
                crossed = self._file(on_stack)
                if crossed is not None:
                    self.crossed.add(crossed)
                on_stack = on_stack.f_back

    @staticmethod
    def _file(frame: FrameType) -> str | None:
        path = Path(frame.f_code.co_filename)
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else None


@contextmanager
def watched(*ends: str) -> Iterator[Steps]:
    """Record the files that run, and the stacks of the functions with these names."""
    steps = Steps(*ends)
    sys.setprofile(steps)
    try:
        yield steps
    finally:
        sys.setprofile(None)


class Receiver:
    """A sender that replaces the network."""

    async def send(self, call: OutgoingCall) -> CallResult:
        return CallResult("response", 200)


class Transport(asyncio.Transport):
    """A transport that stores the last bytes written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written = bytes(data)

    def is_closing(self) -> bool:
        return False


def connection(app: Server) -> tuple[Any, Transport]:
    """Return a connection of the server, without a socket."""
    http, transport = HttpServer(app).connection(), Transport()
    http.connection_made(transport)
    return http, transport


def request(method: str, path: str, key: str, body: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def journeys() -> dict[str, Steps]:
    """Record each journey once, after a first one that is not recorded."""
    app = create_app(Settings(), scenario=Scenario.model_validate(SCENARIO), sender=Receiver())
    http, transport = connection(app)
    sandbox = app.sandboxes.default
    recorded: dict[str, Steps] = {}

    async def say(data: bytes) -> str:
        http.data_received(data)
        await asyncio.sleep(0)
        return transport.written.partition(b'"id":"')[2].partition(b'"')[0].decode()

    submit = '{"url": "https://example.com/hike.mp4"}'
    job = await say(request("POST", "/videotoprompt/v1/analyze/url", "key", submit))
    await sandbox.advance(60_000)
    requests: dict[str, tuple[str, Callable[[], Awaitable[object]]]] = {
        "submit": (
            "MemoryStore.add_job",
            lambda: say(request("POST", "/videotoprompt/v1/analyze/url", "key", submit)),
        ),
        "poll": ("MemoryStore.get_job", lambda: say(request("GET", f"/videotoprompt/v1/analyze/{job}", "key"))),
    }
    for name, (end, make) in requests.items():
        with watched(end) as recorded[name]:
            await make()
    await say(request("POST", "/videotoprompt/v1/analyze/url", "hooked", submit))
    with watched("MemoryStore.schedule", "_signed") as recorded["webhook"]:
        await sandbox.advance(60_000)
    with watched("compile_scenario", "Rule.__init__", "_rule") as recorded["scenario file"]:
        create_app(Settings(scenario="tour"))
    await say(request("POST", "/videotoprompt/v1/analyze/url", "key", submit))
    with watched("Clock.jump", "JobTable.take", "JobTable.take_effects") as recorded["clock advance"]:
        await sandbox.advance(60_000)
    await app.sandboxes.close()
    return recorded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", action="store_true", help="list the files too")
    options = parser.parse_args()
    good = True
    print(f"{'journey':<16}{'crossed':>8}{'at most':>9}{'all that ran':>14}")
    for name, steps in asyncio.run(journeys()).items():
        within = 0 < len(steps.crossed) <= AT_MOST[name]
        good = good and within
        verdict = "PASS" if within else "FAIL"
        print(f"{name:<16}{len(steps.crossed):>8}{AT_MOST[name]:>9}{len(steps.ran):>14}  {verdict}")
        if options.files:
            print(f"  crossed: {', '.join(sorted(steps.crossed))}")
            print(f"  other files: {', '.join(sorted(steps.ran - steps.crossed))}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
