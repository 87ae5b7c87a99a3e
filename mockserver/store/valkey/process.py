"""This process among those that share a Valkey server: its stores, its messages, and the processes that have ended."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from mockserver.clock import pause, wall_ms
from mockserver.store.memory import Bounds
from mockserver.store.records import plain_data, plain_text
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.commits import Commits
from mockserver.store.valkey.connection import EXPIRES, SPACE, Run, Valkey
from mockserver.store.valkey.scripts import CREATE, KEYS
from mockserver.store.valkey.store import ValkeyStore
from mockserver.store.valkey.turn import LEASE

log = logging.getLogger("mockserver")

# Seconds between two signs of life of a process, and without one after which it counts as ended.
BEAT = 0.5
DEAD = 3.0
# Milliseconds for which one process takes over from another that has ended. Then it can be done again, because the one
# that did it may have ended too.
_TAKEOVER = 5_000
# Milliseconds for which a value of the server is kept after it was written or renewed: longer than any sandbox that
# refers to it.
_KEPT = EXPIRES + 24 * 3_600_000
# Replace a value, unless it has changed. Arguments: the value as it was, or nothing, and the new one.
_REPLACE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
# Seconds between two looks at the changes of a sandbox that is followed.
_PACE = 0.02

# Called when a sandbox was created (True) or deleted (False) by any process.
OnSandbox = Callable[[str, bool], None]


class ValkeyProcess:
    """The stores of this process in the server at `url`. Raises SettingsError if the server cannot be used."""

    def __init__(self, url: str, bounds: Bounds) -> None:
        self.valkey = _connection(url)
        # Unique also if the server forgets its numbers.
        self.name = f"{self.valkey.number}-{wall_ms():x}"
        self._created = 0
        self.commits = Commits(self.valkey)
        self.stores: dict[str, ValkeyStore] = {}
        self._bounds = bounds
        self._following: dict[str, asyncio.Task[None]] = {}
        # The sandboxes that another process has changed since they were followed.
        self._changed: set[str] = set()
        self._on_sandbox: OnSandbox = _ignore

    async def start(self, on_sandbox: OnSandbox) -> None:
        """Listen to the other processes. Raises Unavailable."""
        self._on_sandbox = on_sandbox
        await self.valkey.listen((f"process:{self.name}", "sandboxes"), self._received)
        await self.beat()

    async def close(self) -> None:
        """Write what is noted, and leave: other processes take over at once."""
        await self.commits.close()
        for task in self._following.values():
            task.cancel()
        with suppress(Unavailable):
            await self.valkey.command("ZADD", f"{SPACE}:processes", 0, self.name)
        await self.valkey.close()

    # Sandboxes.

    def store(self, name: str) -> ValkeyStore:
        """Return a new store for the sandbox of this name, without its state."""
        store = self.stores[name] = self._new_store(name)
        return store

    def _new_store(self, name: str) -> ValkeyStore:
        return ValkeyStore(self.valkey, self.commits, self.name, name, self._bounds)

    async def create(self, name: str) -> ValkeyStore | None:
        """Create a sandbox and return its store, or None if there is one of this name. Raises Unavailable."""
        store = self._new_store(name)
        if not await self.begin(store):
            return None
        self.stores[name] = store
        return store

    async def begin(self, store: ValkeyStore) -> bool:
        """Create the sandbox of a new store. Return False if there is one of its name. Raises Unavailable."""
        self._created += 1
        identity, name = f"{self.name}.{self._created}", store.turn.sandbox
        reply = await self.valkey.run(Run(CREATE, name, (store.turn.holder, identity, LEASE, EXPIRES)))
        store.turn.exists()
        if reply[0] != b"created":
            return False
        store.turn.created(identity)
        await self.valkey.command("SADD", f"{SPACE}:sandboxes", name)
        await self.valkey.command("PUBLISH", f"{SPACE}:sandboxes", f"created {name}")
        return True

    async def open(self, name: str) -> ValkeyStore | None:
        """Return the store of an existing sandbox with its state, or None if there is none. Raises Unavailable."""
        store = self._new_store(name)
        # Messages for it arrive while it is opened.
        self.stores[name] = store
        try:
            await store.turn.take(patient=False)
        except Unavailable:
            self.forget(store)
            raise
        if store.turn.gone:
            self.forget(store)
            await self.valkey.command("SREM", f"{SPACE}:sandboxes", name)
            return None
        return store

    async def deleted(self, store: ValkeyStore) -> None:
        """Announce that the sandbox of this store was deleted. Raises Unavailable."""
        name = store.turn.sandbox
        self.forget(store)
        await self.valkey.command("SREM", f"{SPACE}:sandboxes", name)
        await self.valkey.command("PUBLISH", f"{SPACE}:sandboxes", f"deleted {name}")

    def forget(self, store: ValkeyStore) -> None:
        """Forget the store of a sandbox."""
        name = store.turn.sandbox
        if self.stores.get(name) is not store:
            return  # there is a new sandbox of this name already
        del self.stores[name]
        self._changed.discard(name)
        task = self._following.pop(name, None)
        if task is not None:
            task.cancel()

    async def exists(self, name: str) -> bool:
        """Return whether there is a sandbox of this name, or forget it: it has expired. Raises Unavailable."""
        exists = bool(await self.valkey.command("EXISTS", f"{SPACE}:{{{name}}}:{KEYS[0]}"))
        if not exists:
            await self.valkey.command("SREM", f"{SPACE}:sandboxes", name)
        return exists

    async def names(self) -> list[str]:
        """Return the names of all sandboxes. Raises Unavailable."""
        return sorted(name.decode() for name in await self.valkey.command("SMEMBERS", f"{SPACE}:sandboxes"))

    # Values of the server.

    async def next_number(self, name: str) -> int:
        """Return 1 for the first call with that name in any process, then 2, and so on. Raises Unavailable."""
        number: int = await self.valkey.command("INCR", f"{SPACE}:number:{name}")
        return number

    async def put(self, name: str, value: Any) -> None:
        """Keep a value of the server for some days. Raises Unavailable."""
        await self.valkey.command("SET", f"{SPACE}:{name}", plain_text(value), "PX", _KEPT)

    async def get(self, name: str) -> Any:
        """Return a value of the server, or None. Raises Unavailable."""
        text = await self.valkey.command("GET", f"{SPACE}:{name}")
        return None if text is None else plain_data(text)

    async def renew(self, name: str) -> bool:
        """Keep a value for some days from now on. Return False if there is none. Raises Unavailable."""
        return bool(await self.valkey.command("PEXPIRE", f"{SPACE}:{name}", _KEPT))

    async def update(self, name: str, change: Callable[[Any], Any]) -> None:
        """Replace a value, None if there is none, with what `change` returns for it. Raises Unavailable."""
        key = f"{SPACE}:{name}"
        while True:
            old = await self.valkey.command("GET", key)
            new = plain_text(change(None if old is None else plain_data(old)))
            if await self.valkey.command("EVAL", _REPLACE, 1, key, old or b"", new):
                return

    async def clear(self, name: str) -> None:
        """Delete a value. Raises Unavailable."""
        await self.valkey.command("DEL", f"{SPACE}:{name}")

    # Messages.

    def _received(self, channel: str, text: str) -> None:
        word, _, name = text.partition(" ")
        if channel == "sandboxes":
            self._on_sandbox(name, word == "created")
        elif channel.startswith("changes:"):
            self._follow_soon(channel.removeprefix("changes:"), text)
        elif (store := self.stores.get(name)) is not None:
            if word == "wanted":
                store.turn.want()
            else:
                store.turn.came()

    def _follow_soon(self, name: str, holder: str) -> None:
        store, task = self.stores.get(name), self._following.get(name)
        if store is not None and holder.partition("/")[0] != self.name:
            self._changed.add(name)
            if task is None or task.done():
                self._following[name] = asyncio.get_running_loop().create_task(self._follow(store))

    async def _follow(self, store: ValkeyStore) -> None:
        name = store.turn.sandbox
        # What changes while the changes are read may not be among them.
        while name in self._changed:
            # Many changes come together.
            await pause(_PACE)
            self._changed.discard(name)
            try:
                await store.turn.follow()
            except Unavailable:
                return
            except Exception:
                log.exception("the changes of the sandbox %s could not be read", name)
                return

    # Processes.

    async def beat(self) -> Sequence[str]:
        """Give a sign of life, and return the processes that have ended. Raises Unavailable."""
        seconds, microseconds = await self.valkey.command("TIME")
        now = int(seconds) + int(microseconds) / 1e6
        await self.valkey.command("ZADD", f"{SPACE}:processes", now, self.name)
        ended = await self.valkey.command("ZRANGE", f"{SPACE}:processes", "-inf", now - DEAD, "BYSCORE")
        return [name.decode() for name in ended]

    async def take_over(self, process: str) -> bool:
        """Return True if this process, and no other one, ends what that one has left behind. Raises Unavailable."""
        key = f"{SPACE}:takeover:{process}"
        return bool(await self.valkey.command("SET", key, self.name, "NX", "PX", _TAKEOVER))

    async def taken_over(self, process: str) -> None:
        """Note that nothing is left of that process. Raises Unavailable."""
        await self.valkey.command("ZREM", f"{SPACE}:processes", process)


def _connection(url: str) -> Valkey:
    if "+cluster://" not in url:
        return Valkey(url)
    from mockserver.store.valkey.cluster import ValkeyCluster  # its imports take long

    return ValkeyCluster(url)


def _ignore(name: str, created: bool) -> None:
    """Ignore that a sandbox was created or deleted."""
