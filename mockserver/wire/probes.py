"""Health and readiness checks. The server answers them itself, so that they work before the control API is loaded.

Requests with browser headers go to the control API, which checks those headers and gives the same answers.
"""

from collections.abc import Collection

from mockserver import __version__
from mockserver.kit.operations import Reply
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.wire.request import Request

# A browser must not cache, frame or execute these replies, or guess another content type: they can contain text that
# clients sent.
SAFE_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_BROWSER_HEADERS = ("origin", "sec-fetch-site")


def is_probe(path: str, request: Request) -> bool:
    """Return true for a health or readiness check that the server answers itself. `path` is the path below `/_mock`."""
    if path not in ("/health", "/ready") or request.method != "GET":
        return False
    return not any(name in request.headers for name in _BROWSER_HEADERS)


def health() -> Reply:
    """Return the reply to a health check."""
    return Reply(body={"status": "ok"})


def readiness(sandbox: Sandbox, sandboxes: Sandboxes, providers: Collection[str]) -> Reply:
    """Return the reply to a readiness check: the version, the providers, the scenario, and the number of sandboxes."""
    return Reply(
        body={
            "status": "ready",
            "version": __version__,
            "providers": list(providers),
            "scenario": sandbox.program.name,
            "sandboxes": len(sandboxes.by_name),
            "memory": sandboxes.memory(),
        }
    )
