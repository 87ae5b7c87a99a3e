"""What `mockserver doctor` finds out about the server: whether it answers, or whether its port is free."""

import errno
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mockserver.cli.port_owner import owner_of
from mockserver.cli.result import Result

if TYPE_CHECKING:
    from mockserver.settings import Settings


def server_results(settings: "Settings", url: str | None, token: str, *, client_only: bool) -> Iterator[Result]:
    """Check the server at a URL (None: that of the settings) and its token, or that its port is free."""
    if url is not None:
        yield _running(url, token)
        return
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared with
    refusal = None if settings.port == 0 else _refusal(host, settings.port)
    if refusal is None:
        if client_only:
            text = f"no server listens on {settings.port}, and MOCKSERVER_URL is not set"
            yield Result("problem", "server", text, "Set MOCKSERVER_URL to the URL of a server")
            return
        yield Result("ok", "port", f"{settings.port} is free: start the server with `mockserver serve`")
        return
    if refusal.errno != errno.EADDRINUSE:
        advice = (
            "Use an address of this machine, such as 127.0.0.1, and a port from 1024: MOCKSERVER_HOST, MOCKSERVER_PORT"
        )
        yield Result(
            "problem", "port", f"nothing can listen on {host}, port {settings.port}: {refusal.strerror}", advice
        )
        return
    found = _running(f"http://{f'[{host}]' if ':' in host else host}:{settings.port}", token)
    if found.status != "problem" or "token" in found.text:
        yield found
        return
    owner = owner_of(settings.port)
    advice = "End it, or use another port: mockserver serve --port 0, or MOCKSERVER_PORT=9000"
    text = f"{settings.port} is in use by {owner}" if owner else f"{settings.port} is in use by another program"
    yield Result("problem", "port", text, advice)


def _refusal(host: str, port: int) -> OSError | None:
    """Return why a server cannot listen on a port; None if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def _running(url: str, token: str) -> Result:
    """Check the server at a URL: that it is a mockserver, its version, and the token."""
    from mockserver import __version__
    from mockserver.cli.client import RemoteError, get

    try:
        ready: dict[str, Any] = get(url, "/_mock/ready")
        version = str(ready.get("version", "of an older version"))
    except RemoteError as error:
        return Result("problem", "server", str(error), "Start it: mockserver serve. Or correct --url or MOCKSERVER_URL")
    text = f"mockserver {version} at {url}, scenario {ready.get('scenario')}"
    try:
        get(url, "/_mock/clock", token)
    except RemoteError as error:
        return Result("problem", "server", f"{text}; {error}", "The server has printed its token when it started")
    if version != __version__:
        advice = f"Use the same version on both sides: {__version__} is installed here"
        return Result("warning", "server", text, advice)
    return Result("ok", "server", text)
