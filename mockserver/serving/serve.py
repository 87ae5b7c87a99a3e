"""Running the server: its sockets, its banner, and its shutdown."""

import gc
import os
import sys
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, suppress
from functools import partial
from socket import socket
from typing import Any

from pydantic_core import to_json

from mockserver.app import create_app
from mockserver.clock import wall_ms
from mockserver.providers.registry import summaries
from mockserver.serving.accepting import FairAccepting
from mockserver.serving.activity_log import ActivityLog, activity_log
from mockserver.serving.deadlines import ConnectionLimits
from mockserver.serving.http_server import HttpServer
from mockserver.serving.listening import listen, with_token
from mockserver.serving.log_lines import instant
from mockserver.serving.output import forward_multipart_log, log_requests, print_lines
from mockserver.settings import Settings
from mockserver.wire.server import Server

# Gets lines for the user.
Print = Callable[[Iterable[str]], None]
# Hosts that can be reached as localhost on this machine.
LOCAL = ("127.0.0.1", "0.0.0.0", "[::]", "[::1]")  # noqa: S104 - compared with, not listened on


def serve(
    settings: Settings,
    server_class: Callable[..., HttpServer] = HttpServer,
    own_ports: Collection[int] = (),
) -> None:
    """Serve until interrupted. Raises CannotListen if the server cannot listen on the address.

    `own_ports` are other ports that this process listens on. Behind a proxy set `public_url`, because headers of
    proxies are ignored.
    """
    settings = with_token(settings)
    with closing(listen(settings.host, settings.port)) as listener:
        serve_on(listener, settings, server_class, own_ports)


def serve_on(
    listener: socket,
    settings: Settings,
    server_class: Callable[..., HttpServer] = HttpServer,
    own_ports: Collection[int] = (),
    *,
    announce: Print = print_lines,
    report: Print = print_lines,
    accepting: FairAccepting | None = None,
    on_listening: Callable[[], None] = lambda: None,
) -> None:
    """Serve on this socket until interrupted.

    `announce` gets the lines that are printed at the start, and `report` those about a watched scenario. `accepting` is
    for a socket that other processes serve on too. `on_listening` is called when connections are accepted.
    """
    port = listener.getsockname()[1]
    with suppress(KeyboardInterrupt):
        app = create_app(settings, own_ports=(port, *own_ports))
        tune_garbage_collection()
        announce(ready(settings, port, app))
        forward_multipart_log()
        if settings.access_log:
            log_requests()
        limits = ConnectionLimits(settings.head_timeout, settings.body_timeout)
        log = activity_log(settings.log, shared=settings.workers > 1)
        if log is not None:
            log.follow(app.sandboxes.feed)

        def started() -> None:
            on_listening()
            _started(app, log, report)
            if app.sandboxes.sharing is not None:
                announce(joined(settings, app))

        options = {
            "access_log": bool(settings.access_log),
            "gate": app.gate,
            "accepting": accepting,
            "on_starting": app.resume,
            "on_started": started,
            "on_closing": app.end_listeners,
            "on_closed": partial(_closed, app, log),
        }
        if any(name.startswith("OTEL_") for name in os.environ):
            options = _with_spans(app, options)
        server = server_class(app, limits, **options)
        server.run([listener])


def _with_spans(app: Server, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a server that also sends spans, if the environment has an endpoint for them."""
    from mockserver.serving.spans import span_export

    export, started, closed = span_export(), options["on_started"], options["on_closed"]
    if export is None:
        return options

    def start() -> None:
        started()
        export.start(app.sandboxes.feed)

    async def close() -> None:
        await export.close()
        await closed()

    return {**options, "on_started": start, "on_closed": close}


def _started(app: Server, log: ActivityLog | None, report: Print) -> None:
    if log is not None:
        log.start()
    app.prepare()
    if app.watch is not None:
        app.watch.start(report)


async def _closed(app: Server, log: ActivityLog | None) -> None:
    if log is not None:
        await log.close()
    await app.close()


def tune_garbage_collection() -> None:
    """Exclude everything that is loaded by now, which is never freed, and collect garbage less often."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    gc.enable()


def ready(settings: Settings, port: int, app: Server) -> Iterable[str]:
    """Yield what is printed at the start: the banner, or one JSON object if the log has this form."""
    if settings.log != "json":
        yield from banner(settings, port, app)
        return
    sandbox = app.sandboxes.default
    fields = {
        "time": instant(wall_ms()), "kind": "ready", "url": base_url(settings, port),
        "scenario": sandbox.program.name, "clock": sandbox.clock.mode, "seed": sandbox.seed,
    }  # fmt: skip
    if app.sandboxes.report:
        fields["store"] = list(app.sandboxes.report)
    if settings.workers > 1:
        fields["workers"] = settings.workers
    yield to_json(fields | ({"token": settings.token} if settings.token else {})).decode()


def joined(settings: Settings, app: Server) -> Iterable[str]:
    """Yield what is printed about the sandboxes that other processes have created, in the form of the log."""
    if settings.log != "json":
        yield from app.sandboxes.report
    elif app.sandboxes.report:
        fields = {"time": instant(wall_ms()), "kind": "joined", "store": app.sandboxes.report}
        yield to_json(fields).decode()


def base_url(settings: Settings, port: int) -> str:
    """Return the URL of the server for clients."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    host = "localhost" if host in LOCAL else host
    return settings.public_url.rstrip("/") or f"http://{host}:{port}"


def banner(settings: Settings, port: int, app: Server) -> Iterable[str]:
    """Yield the lines that `serve` prints: the base URL of every provider, and a request to try."""
    base = base_url(settings, port)
    sandbox = app.sandboxes.default
    workers = f", {settings.workers} workers" if settings.workers > 1 else ""
    scenario, clock = sandbox.program.name, sandbox.clock.mode
    yield f"mockserver is ready: scenario {scenario}, clock {clock}, seed {sandbox.seed}{workers}"
    yield ""
    providers = summaries()
    wide = max(len(p.title) for p in providers)
    for provider in providers:
        yield f"  {provider.title:<{wide}}  {base}/{provider.name}{provider.base_path}"
    yield f"  {'Control':<{wide}}  {base}/_mock"
    if settings.token:
        yield f"  {'':<{wide}}  with the header X-Mock-Token: {settings.token}"
    if app.sandboxes.report:
        yield ""
        yield from app.sandboxes.report
    if app.watch is not None:
        yield ""
        yield f"Changes of {app.watch.file} are loaded while the server runs."
    yield ""
    yield "Try:"
    yield f"  curl {base}/videotoprompt/v1/analyze/url -H 'Authorization: Bearer test-key' \\"
    yield "    -H 'Content-Type: application/json' -d '{\"url\": \"https://example.com/hike.mp4\"}'"
    if sys.stdout is not None and sys.stdout.isatty():
        yield ""
        yield "Any key works. Press Ctrl+C to stop."
