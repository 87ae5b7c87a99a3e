"""The control API as the server uses it: loaded in the background, or at the latest for its first request."""

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from typing import Protocol

from mockserver.sandbox.sandbox import Sandbox
from mockserver.wire.request import Connection, Request

log = logging.getLogger("mockserver")


class Control(Protocol):
    """Answers the requests below `/_mock`."""

    async def serve(self, sandbox: Sandbox, path: str, request: Request, connection: Connection) -> None: ...


class ControlLoader:
    """Loads the control API once. `load` imports and builds it, which takes longer than the start of the server."""

    def __init__(self, load: Callable[[], Control]) -> None:
        self._load = load
        self._loading = threading.Lock()
        self._control: Control | None = None
        self._thread: threading.Thread | None = None

    async def get(self) -> Control:
        """Return the control API, and load it first where that is not done. Raises what loading raises."""
        return await asyncio.to_thread(self._loaded) if self._control is None else self._control

    def begin(self) -> None:
        """Begin to load the control API in the background. An error is logged, and raised again by `get`."""
        self._thread = threading.Thread(target=self._prepare, name="mockserver-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait until nothing is loaded in the background."""
        if self._thread is not None:
            self._thread.join()

    def _prepare(self) -> None:
        try:
            self._loaded()
        except Exception:
            log.exception("The control API could not be loaded")

    def _loaded(self) -> Control:
        with self._loading:
            if self._control is None:
                self._control = _uncollected(self._load)
            return self._control


def _uncollected(load: Callable[[], Control]) -> Control:
    """Load without garbage collection: modules that load leave no garbage, and looking for it takes long."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return load()
    finally:
        if collects:
            gc.enable()
