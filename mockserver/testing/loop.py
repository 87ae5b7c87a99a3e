"""An event loop in a separate thread, which runs the coroutines of other threads."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from mockserver.testing.errors import MockServerError

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

T = TypeVar("T")

# Seconds of real time. Work on a sandbox takes milliseconds; a receiver that never answers takes ten seconds.
PATIENCE = 60.0


class LoopThread:
    """A daemon thread that runs an event loop until it is stopped."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._end: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="mockserver", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
            runner.run(self._run_until_stopped())

    async def _run_until_stopped(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._end.wait()

    @property
    def is_current(self) -> bool:
        """True in the thread of the loop itself, which must not wait for its own work."""
        return threading.current_thread() is self._thread

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine on the loop. Raises MockServerError if the loop has been stopped."""
        if self._loop is None or not self._thread.is_alive():
            work.close()
            raise MockServerError("this mockserver is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T], patience: float | None = PATIENCE) -> T:
        """Run a coroutine and return its result. Raises MockServerError after `patience` seconds (None: never)."""
        if self.is_current:
            work.close()
            raise MockServerError(
                "this was called on the server's own event loop, which cannot wait for itself; "
                "applications of webhook_app() run on that loop"
            )
        future = self.start(work)
        try:
            return future.result(patience)
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise MockServerError(f"mockserver did not finish within {patience:g} s") from None
        except MockServerError as error:
            raise error.with_traceback(None) from None
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel all tasks, and end the thread."""
        if self._loop is None or self._end is None or not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE)


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not available on Windows
        return None
    return uvloop.new_event_loop
