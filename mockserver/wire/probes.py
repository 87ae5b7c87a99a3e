"""Probes: whether the server lives and can serve. The server answers them itself, and is up before its control API is.

What only browsers send is looked at by the control API, which has the same answers.
"""

from collections.abc import Collection

from mockserver.kit.operations import Reply
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.wire.request import Request

# What clients sent is shown as text alone: nothing runs it, frames it, keeps it or takes it for something else.
SAFE = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_FROM_BROWSERS = ("origin", "sec-fetch-site")


def is_probe(path: str, request: Request) -> bool:
    """True for a request to this path below `/_mock` that the server may answer itself."""
    asks = path in ("/health", "/ready") and request.method == "GET"
    return asks and not any(name in request.headers for name in _FROM_BROWSERS)


def health() -> Reply:
    """The server lives."""
    return Reply(body={"status": "ok"})


def readiness(sandbox: Sandbox, sandboxes: Sandboxes, providers: Collection[str]) -> Reply:
    """The server can serve, and with what."""
    return Reply(
        body={
            "status": "ready",
            "providers": list(providers),
            "scenario": sandbox.program.name,
            "sandboxes": len(sandboxes.by_name),
            "memory": sandboxes.memory(),
        }
    )
