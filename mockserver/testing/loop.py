"""An event loop in a thread of its own, to which every other thread hands its work."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from mockserver.testing.errors import MockServerError

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

T = TypeVar("T")

# Seconds of real time. Work on a sandbox takes milliseconds; a receiver that never answers takes its ten seconds.
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
            runner.run(self._stay())

    async def _stay(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._end.wait()

    @property
    def here(self) -> bool:
        """True in the thread itself, where nobody may wait for it."""
        return threading.current_thread() is self._thread

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin work on the loop. Raises MockServerError once the loop has been stopped."""
        if self._loop is None or not self._thread.is_alive():
            work.close()
            raise MockServerError("this mockserver is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T], patience: float | None = PATIENCE) -> T:
        """What the work gives, or raises. Raises MockServerError after `patience` seconds (None: never)."""
        if self.here:
            work.close()
            raise MockServerError(
                "this was called on the server's own event loop, which cannot wait for itself; "
                "an application under webhook_app() runs there too"
            )
        future = self.start(work)
        try:
            return future.result(patience)
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise MockServerError(f"mockserver was not done after {patience:g} s") from None
        except MockServerError as error:
            raise error.with_traceback(None) from None
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel what still runs, and end the thread."""
        if self._loop is None or self._end is None or not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE)


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not there on Windows
        return None
    return uvloop.new_event_loop
