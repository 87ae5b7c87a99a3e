"""Running the server: sockets, the banner, and an orderly end."""

import socket
import sys
from collections.abc import Iterable
from contextlib import closing, suppress

import uvicorn

from mockserver.app import create_app
from mockserver.protocol import Protocol
from mockserver.registry import all_providers
from mockserver.server import Server
from mockserver.settings import Settings, SettingsError

BACKLOG = 2_048


def serve(settings: Settings) -> None:
    """Serve until interrupted. Raises SettingsError when the address cannot be listened on."""
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    with closing(listener), suppress(KeyboardInterrupt):
        app = create_app(settings, own_port=port)
        print("\n".join(banner(settings, port, app)), flush=True)
        uvicorn.Server(config(app, access_log=bool(settings.access_log))).run(sockets=[listener])


def config(app: Server, *, access_log: bool = False) -> uvicorn.Config:
    """How uvicorn runs the application: its fastest parser and loop, no headers that a provider would not send."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        loop="auto",
        log_level="info" if access_log else "warning",
        access_log=access_log,
        server_header=False,
        timeout_graceful_shutdown=1,
        backlog=BACKLOG,
    )


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
    host = "localhost" if host in ("127.0.0.1", "0.0.0.0", "[::]", "[::1]") else host
    base = settings.public_url.rstrip("/") or f"http://{host}:{port}"
    sandbox = app.sandboxes.default
    yield f"mockserver is ready: scenario {sandbox.program.name}, clock {sandbox.clock.mode}, seed {sandbox.seed}"
    yield ""
    providers = all_providers()
    wide = max(len(p.title) for p in providers)
    for provider in providers:
        yield f"  {provider.title:<{wide}}  {base}/{provider.name}{provider.base_path}"
    yield f"  {'Control':<{wide}}  {base}/_mock"
    yield ""
    yield "Try:"
    yield f"  curl {base}/videotoprompt/v1/analyze/url -H 'Authorization: Bearer test-key' \\"
    yield "    -H 'Content-Type: application/json' -d '{\"url\": \"https://example.com/hike.mp4\"}'"
    if sys.stdout.isatty():
        yield ""
        yield "Any key works. Press Ctrl+C to stop."

