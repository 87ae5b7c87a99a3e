"""Loads the control API: in the background, or for its first request."""

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
    """Loads the control API once. `load` imports and builds it, which takes longer than starting the server."""

    def __init__(self, load: Callable[[], Control]) -> None:
        self._load = load
        self._loading = threading.Lock()
        self._control: Control | None = None
        self._thread: threading.Thread | None = None

    async def get(self) -> Control:
        """Return the control API, and load it first if necessary. Raises the error of loading."""
        return await asyncio.to_thread(self._loaded) if self._control is None else self._control

    def start(self) -> None:
        """Start to load the control API in the background. An error is logged; `get` then loads again."""
        self._thread = threading.Thread(target=self._load_and_log, name="mockserver-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait until loading in the background has ended."""
        if self._thread is not None:
            self._thread.join()

    def _load_and_log(self) -> None:
        try:
            self._loaded()
        except Exception:
            log.exception("The control API could not be loaded")

    def _loaded(self) -> Control:
        with self._loading:
            if self._control is None:
                self._control = _without_garbage_collection(self._load)
            return self._control


def _without_garbage_collection(load: Callable[[], Control]) -> Control:
    """Load without garbage collection: importing modules leaves no garbage, and searching for it takes long."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return load()
    finally:
        if enabled:
            gc.enable()
