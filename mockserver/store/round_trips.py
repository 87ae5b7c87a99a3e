"""Counts how often a store asks its file or its server, and how long that takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from mockserver.clock import monotonic


class RoundTrips:
    """The round trips of all stores of one file or server.

    `store` is its kind, such as `sqlite`. `count` includes the `failures`, and `seconds` is the time of all together.
    """

    __slots__ = ("count", "failures", "seconds", "store")

    def __init__(self, store: str) -> None:
        self.store = store
        self.count = 0
        self.failures = 0
        self.seconds = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Count one round trip, which ends with the block. An exception of the block is a failure."""
        began = monotonic()
        try:
            yield
        except BaseException:
            self.failures += 1
            raise
        finally:
            self.count += 1
            self.seconds += monotonic() - began


@runtime_checkable
class MakesRoundTrips(Protocol):
    """A store that is not in the memory of this process. The stores of a file or server share one count."""

    @property
    def round_trips(self) -> RoundTrips: ...
