"""What `mockserver doctor` finds out about the server: whether it answers, or whether its port is free."""

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from mockserver.cli.port_owner import owner_of
from mockserver.cli.result import Result

if TYPE_CHECKING:
    from mockserver.settings import Settings


def server_result(settings: "Settings", url: str | None, token: str, *, client_only: bool) -> Result:
    """Check the server at a URL (None: that of the settings) and its token, or that its port is free."""
    if url is not None:
        return _running(url, token)
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared with
    refusal = None if settings.port == 0 else _refusal(host, settings.port)
    if refusal is not None:
        return _used(host, settings.port, refusal, token)
    if client_only:
        text = f"no server listens on {settings.port}, and MOCKSERVER_URL is not set"
        return Result("problem", "server", text, "Set MOCKSERVER_URL to the URL of a server")
    return Result("ok", "port", f"{settings.port} is free: start the server with `mockserver serve`")


def _used(host: str, port: int, refusal: OSError, token: str) -> Result:
    """Find out who uses the port, or why else nothing can listen on it."""
    if refusal.errno != errno.EADDRINUSE:
        text = f"nothing can listen on {host}, port {port}: {refusal.strerror}"
        advice = "Use an address of this machine, such as 127.0.0.1, and a port from 1024"
        return Result("problem", "port", text, f"{advice}: MOCKSERVER_HOST, MOCKSERVER_PORT")
    found = _running(f"http://{f'[{host}]' if ':' in host else host}:{port}", token)
    if found.status != "problem" or "token" in found.text:
        return found
    advice = "End it, or use another port: mockserver serve --port 0, or MOCKSERVER_PORT=9000"
    return Result("problem", "port", f"{port} is in use by {owner_of(port) or 'another program'}", advice)


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
