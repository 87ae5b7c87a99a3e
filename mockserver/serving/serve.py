"""Running the server: sockets, the banner, and an orderly end."""

import gc
import logging
import socket
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from ipaddress import ip_address

from mockserver.app import create_app
from mockserver.providers.registry import summaries
from mockserver.serving.deadlines import Limits
from mockserver.serving.http_server import BACKLOG, HttpServer
from mockserver.settings import Settings, SettingsError
from mockserver.wire.server import Server

# Addresses that a person on this machine reaches as localhost.
LOCAL = ("127.0.0.1", "0.0.0.0", "[::]", "[::1]")  # noqa: S104 - compared with, not listened on


def serve(
    settings: Settings,
    kind: Callable[..., HttpServer] = HttpServer,
    own_ports: Collection[int] = (),
) -> None:
    """Serve until interrupted, on a server of that kind. Raises SettingsError when the address cannot be listened on.

    `own_ports` are others that this process listens on. Behind a proxy `public_url` says how clients reach the server:
    headers of proxies are not looked at.
    """
    settings = guarded(settings)
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    with closing(listener), suppress(KeyboardInterrupt):
        app = create_app(settings, own_ports=(port, *own_ports))
        _spare_the_collector()
        print("\n".join(banner(settings, port, app)), flush=True)  # noqa: T201 - what a person waits for
        if settings.access_log:
            _log_requests()
        limits = Limits(settings.head_timeout, settings.body_timeout)
        server = kind(app, limits, access_log=bool(settings.access_log), started=app.prepare, closed=app.close)
        server.run([listener])


def _log_requests() -> None:
    handler, access = logging.StreamHandler(sys.stdout), logging.getLogger("mockserver.access")
    handler.setFormatter(logging.Formatter("%(levelname)s:     %(message)s"))
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    access.propagate = False


def guarded(settings: Settings) -> Settings:
    """The settings with a token for the control API, where others than this machine can reach it and none is set."""
    if settings.token or _is_loopback(settings.host):
        return settings
    # The one value that nobody may be able to compute.
    import secrets  # noqa: TID251

    return replace(settings, token=secrets.token_urlsafe(18))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _spare_the_collector() -> None:
    """What is loaded by now stays: it need not be looked at again, and young garbage may wait a little."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    gc.enable()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises SettingsError with what can be done when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        hint = "; is another server running? Try --port 0 for any free port" if port else ""
        raise SettingsError(f"cannot listen on {host} port {port}: {error}{hint}") from None
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def banner(settings: Settings, port: int, app: Server) -> Iterable[str]:
    """What `serve` prints: the base URL of every provider, and one request to try."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    host = "localhost" if host in LOCAL else host
    base = settings.public_url.rstrip("/") or f"http://{host}:{port}"
    sandbox = app.sandboxes.default
    yield f"mockserver is ready: scenario {sandbox.program.name}, clock {sandbox.clock.mode}, seed {sandbox.seed}"
    yield ""
    providers = summaries()
    wide = max(len(p.title) for p in providers)
    for provider in providers:
        yield f"  {provider.title:<{wide}}  {base}/{provider.name}{provider.base_path}"
    yield f"  {'Control':<{wide}}  {base}/_mock"
    if settings.token:
        yield f"  {'':<{wide}}  with the header X-Mock-Token: {settings.token}"
    yield ""
    yield "Try:"
    yield f"  curl {base}/videotoprompt/v1/analyze/url -H 'Authorization: Bearer test-key' \\"
    yield "    -H 'Content-Type: application/json' -d '{\"url\": \"https://example.com/hike.mp4\"}'"
    if sys.stdout.isatty():
        yield ""
        yield "Any key works. Press Ctrl+C to stop."
