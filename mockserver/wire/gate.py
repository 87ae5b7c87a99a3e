"""The gate that replies pass if the store is a file: nothing is sent before what it rests on has been written."""

from typing import Protocol

from mockserver.store.held import Held


class Gate(Protocol):
    """The part of a store's file that replies wait for. `failure` is the reason why the state cannot be written."""

    failure: str | None

    def hold(self, held: Held) -> None:
        """Release or refuse `held` at the end of this turn of the event loop."""

    async def written(self) -> str | None:
        """Return when everything so far has been written, or the reason for which it was not."""
