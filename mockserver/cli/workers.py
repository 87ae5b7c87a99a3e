"""`serve --workers N`: what has to hold for it, and what each worker does."""

import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING

from mockserver.cli.errors import run_reporting
from mockserver.settings import Settings, SettingsError

if TYPE_CHECKING:
    from mockserver.serving.worker import Place

_SHARED = "--store valkey://HOST:PORT/DB, which all processes share"
_PACKAGES = "pip install 'ai-video-mockserver[valkey]'"


def check_workers(settings: Settings, *, intercept: bool) -> None:
    """Raise SettingsError if several workers cannot do what is asked for."""
    if settings.workers == 1:
        return
    several = f"{settings.workers} workers"
    if not settings.is_shared and settings.store_file is None:
        raise SettingsError(
            f"{several} would each have a memory of their own, and a job would only be found by the worker that has "
            f"created it. Use {_SHARED}, or leave out --workers"
        )
    if settings.store_file is not None:
        raise SettingsError(
            f"{several} cannot use {settings.store}, because the file belongs to one process. Use {_SHARED}, or leave "
            "out --workers"
        )
    if intercept:
        raise SettingsError("--intercept has one proxy with one certificate authority. Leave out --workers")


def serve_with_workers(settings: Settings) -> int:
    """Serve until interrupted. Return the exit code. Raises CannotListen, and SettingsError if a package is missing."""
    try:
        from mockserver.serving.workers import Workers
    except ModuleNotFoundError as error:
        raise SettingsError(f"--workers needs the package {error.name}. Install it with: {_PACKAGES}") from None
    from mockserver.serving.listening import listen, with_token

    settings = with_token(settings)
    with closing(listen(settings.host, settings.port)) as listener:
        workers = Workers(listener, settings.workers, _Serve(settings))
        workers.run()
    if workers.ended_by not in (None, signal.SIGINT):
        # The process ends as without workers: by the same signal.
        signal.raise_signal(workers.ended_by)
    return workers.code


@dataclass(frozen=True)
class _Serve:
    """The work of a worker. The first one prints what `serve` prints."""

    settings: Settings

    def __call__(self, listener: socket, place: "Place", on_listening: Callable[[], None]) -> int:
        from mockserver.cli.serve import faster_start

        def run() -> int:
            from mockserver.serving.accepting import FairAccepting
            from mockserver.serving.output import print_lines
            from mockserver.serving.serve import serve_on

            serve_on(
                listener,
                self.settings,
                announce=print_lines if place.is_first else _discard,
                report=print_lines if place.number == 1 else _discard,
                # The event loop of Windows cannot wait for a socket.
                accepting=None if sys.platform == "win32" else FairAccepting(place.counts, place.number - 1),
                on_listening=on_listening,
            )
            return 0

        with faster_start():
            return run_reporting(run)


def _discard(lines: Iterable[str]) -> None: ...
