"""What processes share that belongs to no sandbox: the generations of names, and the coverage of deleted sandboxes."""

from collections.abc import Mapping
from typing import Any

from mockserver.coverage.tally import Tally
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.process import ValkeyProcess

_TALLY = "deleted_tally"


class SharedValues:
    """The values of the servers that share one Valkey, seen from this process."""

    def __init__(self, process: ValkeyProcess) -> None:
        self._process = process

    async def generation(self, name: str) -> int:
        """Return the generation of a new sandbox of this name. Raises Unavailable."""
        return await self._process.get(_generation_key(name)) or 0

    async def keep_generation(self, sandbox: Sandbox) -> None:
        """Keep the generation of the next sandbox of this name, for some days. Raises Unavailable."""
        if sandbox.next_generation:
            await self._process.put(_generation_key(sandbox.name), sandbox.next_generation)

    async def take_tally(self, deleted: Tally) -> None:
        """Add the coverage of sandboxes that this process has deleted, and clear it here. Raises Unavailable."""
        own = deleted.data()
        deleted.clear()
        try:
            await self._process.update(_TALLY, lambda shared: _sum(shared, own).data())
        except Unavailable:
            deleted.add_data(own)
            raise

    async def deleted_tally(self) -> Tally:
        """Return the coverage of the sandboxes that any process has deleted. Raises Unavailable."""
        return _sum(await self._process.get(_TALLY))

    async def clear_tally(self) -> None:
        """Reset the coverage of deleted sandboxes. Raises Unavailable."""
        await self._process.clear(_TALLY)


def _generation_key(name: str) -> str:
    return f"generation:{name}"


def _sum(*counts: Mapping[str, Any] | None) -> Tally:
    """Return the sum of the data of tallies. None has no counts."""
    tally = Tally()
    for data in counts:
        if data is not None:
            tally.add_data(data)
    return tally
