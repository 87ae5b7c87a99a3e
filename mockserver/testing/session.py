"""One sandbox of a server in this process, as a test's thread sees it."""

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from mockserver.core.compile import near
from mockserver.core.match import key_matches
from mockserver.sandbox.sandbox import Sandbox
from mockserver.testing.errors import MockServerError
from mockserver.testing.host import Host

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

T = TypeVar("T")


class World:
    """What every part of a handle needs: the server, the sandbox, and a way to work on both."""

    def __init__(self, host: Host, sandbox: Sandbox) -> None:
        self.host = host
        self.sandbox = sandbox

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the server's loop, and wait for it."""
        return self.host.run(work)

    def calm(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work once all that an auto clock brings about by itself has happened."""

        async def done() -> T:
            if self.sandbox.clock.mode == "auto":
                await self.sandbox.courier.settled()
            return await work

        return self.host.run(done())

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """What the control API replies. Raises MockServerError where it refuses."""
        return self.run(self.host.control(self.sandbox, method, path, body))

    def check_operation(self, pattern: str) -> None:
        """Raises MockServerError for a pattern that covers no operation: a misspelt one would never be seen."""
        known = self.host.catalogue.operations
        if not any(key_matches(pattern, operation) for operation in known):
            raise MockServerError(f"no operation is called {pattern!r}{near(pattern, known)}")

    def check_event(self, pattern: str) -> None:
        """Raises MockServerError for a pattern that covers no event."""
        known = self.host.catalogue.events
        if not any(key_matches(pattern, event) for event in known):
            raise MockServerError(f"no event is called {pattern!r}{near(pattern, known)}")


def instant(milliseconds: int) -> datetime:
    """An instant of a sandbox's clock, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
