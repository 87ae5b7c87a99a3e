"""Send ten thousand events to a receiver that fails 30 % of all attempts in six ways, in virtual time.

    python -m bench.deliveries [--quick]

A hash decides what the receiver does, so the attempts of every event are known in advance: when each one is due to the
millisecond, how it ends, and whether the event is delivered or given up. The records of the server and of the receiver
are compared with them. Every signature is checked twice: with an HMAC written here over SHA-256, and with Node if it is
installed.
"""

import argparse
import asyncio
import hashlib
import json
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from mockserver.app import create_app
from mockserver.clock import monotonic
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy
from mockserver.wire.server import Server

SECRET = "whsec_bench"
WAITS = (5_000, 30_000, 300_000, 1_800_000)
FAILURES = ("error", "busy", "redirect", "reset", "cut", "silent")
OUTCOMES = {"reset": "protocol_error", "cut": "protocol_error", "silent": "timeout"}
STATUSES = {"good": 204, "error": 500, "busy": 502, "redirect": 302}
# The Retry-After of a busy receiver: longer than the first waits of the schedule, shorter than the last. It comes with
# 502, because with 429 or 503 it would postpone the attempts of other events too.
BUSY = 60
PATIENCE = 1.0
NODE = """
const {createHmac} = require('crypto'); const out = [];
for (const line of require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean)) {
  const [body, signature] = JSON.parse(line);
  const expected = 'sha256=' + createHmac('sha256', process.argv[1]).update(Buffer.from(body, 'base64')).digest('hex');
  out.push(expected === signature ? 0 : 1);
}
console.log(out.reduce((a, b) => a + b, 0));
"""


def behaviour(event: str, attempt: int) -> str:
    """Return what the receiver does with an attempt (from 1): `good` in 70 % of cases, else one of the six failures."""
    drawn = int.from_bytes(hashlib.sha256(f"{event} {attempt}".encode()).digest()[:8], "big")
    return FAILURES[drawn // 100 % 6] if drawn % 100 < 30 else "good"


def expected_attempts_of(event: str, start: int) -> Iterator[tuple[int, str]]:
    """Yield the expected attempts of an event: the time of each in milliseconds, and what the receiver does."""
    at = start
    for number, wait in enumerate((*WAITS, 0), 1):
        done = behaviour(event, number)
        yield at, done
        if done == "good":
            return
        at += max(wait, BUSY * 1000 if done == "busy" else 0)


@dataclass(slots=True)
class Receiver:
    """A receiver of webhooks over bare sockets that behaves as `behaviour` says and records what it receives."""

    received: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await reader.readexactly(int(fields["Content-Length"]))
        event = json.loads(body)["data"]["id"]
        self.attempts[event] += 1
        done = behaviour(event, self.attempts[event])
        self.received.append((event, done, body, fields["X-V2P-Signature"]))
        return await self._answer(done, reader, writer)

    async def _answer(self, done: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if done == "reset":
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif done == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all of it")
        elif done == "silent":
            await reader.read(1)  # until the sender gives up
        else:
            more = {"busy": f"Retry-After: {BUSY}\r\n", "redirect": "Location: /elsewhere\r\n"}.get(done, "")
            length = "" if done == "good" else "Content-Length: 0\r\n"
            writer.write(f"HTTP/1.1 {STATUSES[done]} Status\r\n{length}{more}\r\n".encode())
            return True
        return False


class Impatient:
    """The real sender with a shorter deadline, because a silent receiver costs real seconds."""

    def __init__(self) -> None:
        self.dialer = Dialer(EgressPolicy(), monotonic)

    async def send(self, call: OutgoingCall) -> CallResult:
        return await self.dialer.send(call._replace(timeout=PATIENCE))


def scenario(port: int) -> dict[str, Any]:
    hook = {"url": f"http://127.0.0.1:{port}/hook", "secret": SECRET}
    plans = {"default": {"steps": [{"status": "succeeded"}]}}
    limits = {"requests_per_minute": None, "analyses_per_day": None}
    accounts = [{"key": "*", "plan": "enterprise", "limits": limits, "webhook": hook}]
    return {"scenario": "deliveries", "clock": {"mode": "manual"}, "accounts": accounts, "plans": plans}


async def run(events: int) -> tuple[Server, Receiver, float]:
    """Create the events and advance by five hours. Return the server, the receiver and the real seconds."""
    receiver, sender = Receiver(), Impatient()
    listening = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, backlog=512)
    app = create_app(scenario=scenario(listening.sockets[0].getsockname()[1]), sender=sender)
    began = time.perf_counter()
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        for number in range(events):
            body = {"url": f"https://example.com/{number}.mp4"}
            await client.post("/videotoprompt/v1/analyze/url", json=body, headers={"Authorization": "Bearer bench"})
    sandbox = app.sandboxes.default
    await sandbox.advance(5 * 3_600_000)
    seconds = time.perf_counter() - began
    listening.close()
    await app.sandboxes.close()
    await sender.dialer.aclose()
    return app, receiver, seconds


async def differences(app: Server, receiver: Receiver) -> Iterator[str]:
    """Return the differences between the two records and the expected attempts."""
    sandbox, problems = app.sandboxes.default, []
    received: dict[str, list[str]] = {}
    for event, done, _, _ in receiver.received:
        received.setdefault(event, []).append(done)
    for delivery in await sandbox.store.deliveries():
        event = delivery.job or ""
        expected = list(expected_attempts_of(event, delivery.created_at))
        ended = "delivered" if expected[-1][1] == "good" else "given_up"
        attempts = [(a.at, a.outcome, a.status) for a in delivery.attempts]
        expected_attempts = [
            (at, OUTCOMES.get(done, "response"), STATUSES.get(done, 200 if done == "cut" else None))
            for at, done in expected
        ]
        if (delivery.outcome, delivery.due_at) != (ended, None):
            problems.append(f"{event} ended as {delivery.outcome} instead of {ended}")
        if attempts != expected_attempts:
            problems.append(f"{event} has the attempts {attempts} instead of {expected_attempts}")
        if received.get(event) != [done for _, done in expected]:
            problems.append(f"{event}: the receiver got {received.get(event)}")
    return iter(problems)


def by_hand(body: bytes) -> str:
    """Return the signature of a body, with an HMAC written as in RFC 2104 section 2."""
    key = SECRET.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + body).digest()
    return "sha256=" + hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()


def by_node(received: list[tuple[str, str, bytes, str]]) -> int | None:
    """Return how many signatures are wrong according to Node, or None if Node is not installed."""
    node = shutil.which("node")
    if node is None:
        return None
    import base64

    lines = "\n".join(json.dumps([base64.b64encode(body).decode(), signature]) for _, _, body, signature in received)
    done = subprocess.run([node, "-e", NODE, SECRET], input=lines, capture_output=True, text=True, check=True)
    return int(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="1,000 events")
    events = 1_000 if parser.parse_args().quick else 10_000
    import uvloop

    app, receiver, seconds = uvloop.run(run(events))
    wrong = list(asyncio.run(differences(app, receiver)))
    kept = asyncio.run(app.sandboxes.default.store.deliveries())
    outcomes = Counter(d.outcome for d in kept)
    unsigned = sum(by_hand(body) != signature for _, _, body, signature in receiver.received)
    node = by_node(receiver.received)
    print(f"events     {len(kept)}: {dict(outcomes)}")
    print(f"attempts   {len(receiver.received)}: {dict(Counter(done for _, done, _, _ in receiver.received))}")
    print(f"signatures wrong by hand {unsigned}, by Node {'not installed' if node is None else node}")
    print(f"time       {seconds:.1f} s of real time for 5 h, {len(receiver.received) / seconds:.0f} attempts a second")
    print(f"differences {len(wrong)}", *wrong[:3], sep="\n  ")
    return 1 if wrong or unsigned or node or len(kept) != events else 0


if __name__ == "__main__":
    sys.exit(main())
