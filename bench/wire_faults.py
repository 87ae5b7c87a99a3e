"""Compare each fault on the wire, as declared, with what arrives on a bare socket.

    python -m bench.wire_faults [--quick]

A mismatch is a wrong end of the connection (FIN or RST), a different number of bytes, an unexpected last chunk, or a
time that differs by more than 20 ms or 5 %, whichever is more.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.process import mockserver
from tests.raw import Ending, Received, connected, exchange, receive, request

ANALYZE = "/videotoprompt/v1/analyze/url"
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A fault and what must arrive: the end of the connection, the share of the body, and the time."""

    name: str
    fault: dict[str, object]
    ends: Ending = "FIN"
    share: float | None = 1.0  # None: no reply at all
    silence: float = 0.0
    status: int = 202
    whole: bool = True  # the body is unchanged

    def rule(self) -> dict[str, object]:
        when = {"input": {"contains": f"/{self.name}."}}
        return {"name": self.name, "operation": "videotoprompt.analyze_url", "when": when, "fault": self.fault}


CASES = (
    Case("reset", {"kind": "reset"}, "RST", None),
    Case("reset-after-commit", {"kind": "reset", "phase": "after_commit"}, "RST", None),
    Case("reset-mid-body", {"kind": "reset", "phase": "mid_body", "at": "30%"}, "RST", 0.3),
    Case("reset-in-chunks", {"kind": "reset", "phase": "mid_body", "at": "70%", "framing": "chunked"}, "RST", 0.7),
    Case("empty-reply", {"kind": "empty_reply"}, "FIN", None),
    Case("empty-after-commit", {"kind": "empty_reply", "phase": "after_commit"}, "FIN", None),
    Case("truncate", {"kind": "truncate", "at": "60%"}, "FIN", 0.6),
    Case("truncate-in-chunks", {"kind": "truncate", "at": "60%", "framing": "chunked"}, "FIN", 0.6),
    Case("no-last-chunk", {"kind": "truncate", "at": "100%", "framing": "chunked"}, "FIN", 1.0),
    Case("stall", {"kind": "stall", "at": "40%", "for": "300ms"}, silence=0.3),
    Case("long-stall", {"kind": "stall", "at": "0%", "for": "1s"}, silence=1.0),
    Case("stall-in-chunks", {"kind": "stall", "at": "40%", "for": "300ms", "framing": "chunked"}, silence=0.3),
    Case("latency", {"kind": "latency", "for": "300ms"}, silence=0.3),
    Case("latency-after-commit", {"kind": "latency", "for": "300ms", "phase": "after_commit"}, silence=0.3),
    Case("hang", {"kind": "hang", "for": "300ms"}, "FIN", None, silence=0.3),
    Case("garble", {"kind": "garble", "at": "50%"}, whole=False),
    Case("slow-drip", {"kind": "slow_drip", "rate": 400}),
    Case("burst-of-5xx", {"kind": "server_error"}, status=500),
    Case("overloaded", {"kind": "overloaded", "retry_after": "5s"}, status=503),
)


def mismatches(case: Case, reply: Received) -> Iterator[str]:
    """Return everything that differs from the declaration."""
    if reply.ended != case.ends:
        yield f"ended with {reply.ended}"
    if case.share is None:
        if reply.data:
            yield f"{len(reply.data)} bytes arrived"
        yield from _late(case.silence, reply.seconds)
        return
    if reply.status != case.status:
        yield f"status {reply.status}"
    yield from _body(case, reply)
    if case.name == "slow-drip":
        yield from _late(int(reply.head["content-length"]) / 400, reply.pieces[-1][0])
    elif case.silence:
        yield from _late(case.silence, max(reply.longest_silence, reply.pieces[0][0]))


def _body(case: Case, reply: Received) -> Iterator[str]:
    assert case.share is not None
    if reply.head.get("transfer-encoding") == "chunked":
        data, ended = dechunked(reply.body)
        if ended != (case.ends == "FIN" and case.name == "stall-in-chunks"):
            yield "the last chunk " + ("arrived" if ended else "is missing")
        # Without a Content-Length, the length of the whole body is known from a request without a fault.
        if len(data) != round(WHOLE[0] * case.share):
            yield f"{len(data)} bytes of {WHOLE[0]}"
        return
    length = int(reply.head["content-length"])
    if len(reply.body) != round(length * case.share):
        yield f"{len(reply.body)} bytes of {length}"
    if case.share == 1.0 and case.whole != _is_json(reply.body):
        yield "the body is " + ("damaged" if case.whole else "whole")


WHOLE = [0]


def dechunked(body: bytes) -> tuple[bytes, bool]:
    """Return the data of a chunked body that arrived, and whether the last chunk did (RFC 9112 section 7.1)."""
    data = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return data, rest == b"\r\n"
        data += rest[: int(size, 16)]
        body = rest[int(size, 16) + 2 :]
    return data, False


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _late(declared: float, seen: float) -> Iterator[str]:
    if declared and abs(seen - declared) > max(0.020, 0.05 * declared):
        yield f"{seen * 1000:.1f} ms instead of {declared * 1000:.0f}"


def once(port: int, case: Case) -> list[str]:
    """Cause a fault once, and return its mismatches."""
    body = json.dumps({"url": f"https://example.com/{case.name}.mp4"}).encode()
    with connected(("127.0.0.1", port)) as connection:
        connection.sendall(request("POST", ANALYZE, body, "Connection: close"))
        return list(mismatches(case, receive(connection)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="each fault 10 times instead of 100")
    times = 10 if parser.parse_args().quick else 100
    rules = [case.rule() for case in CASES]
    scenario = {"scenario": "wire-faults", "extends": "default", "rules": rules}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wire-faults.yaml"
        path.write_text(json.dumps(scenario))  # JSON is YAML
        with mockserver("--scenario", str(path)) as server:
            plain = request("POST", ANALYZE, b'{"url": "https://example.com/plain.mp4"}', "Connection: close")
            WHOLE[0] = int(exchange(("127.0.0.1", server.port), plain).head["content-length"])
            before = server.descriptors()
            for case in CASES:
                problems = _strikes(partial(once, server.port, case), times)
                wrong += len(problems)
                examples = "; ".join(sorted(set(problems))[:3])
                print(f"{case.name:24} {times:4} times  {len(problems)} mismatches  {examples}")
            print(f"descriptors before {before}, after {server.descriptors()}")
    print(f"{len(CASES)} faults, {len(CASES) * times} strikes, {wrong} mismatches")
    return 1 if wrong else 0


def _strikes(strike: Callable[[], list[str]], times: int) -> list[str]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [problem for problems in pool.map(lambda _: strike(), range(times)) for problem in problems]


if __name__ == "__main__":
    sys.exit(main())
