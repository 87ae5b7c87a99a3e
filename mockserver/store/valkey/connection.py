"""The connection of one process to Valkey: runs scripts, alone or many in one round trip, and receives messages."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff

from mockserver.clock import pause
from mockserver.settings import SettingsError, masked_store
from mockserver.store.round_trips import RoundTrips
from mockserver.store.unavailable import Unavailable
from mockserver.store.valkey.scripts import ALL, KEYS, Script

log = logging.getLogger("mockserver")

# All keys and channels begin with this.
SPACE = "mockserver"
# The version of the keys and of what is in them. It grows when an older version of mockserver would read them wrongly.
FORMAT = 1
# Milliseconds without a request after which a sandbox is deleted.
EXPIRES = 7 * 24 * 3_600_000
# Errors of a lost connection. uvloop raises RuntimeError for one that the server has just closed.
_LOST: Any = (redis.exceptions.ConnectionError, RuntimeError)
# A command is tried again for about a second before the connection counts as lost, but not after a time-out: requests
# would wait for several of them.
RETRY = Retry(ExponentialBackoff(cap=0.3, base=0.02), 6, _LOST)
_TIMEOUT = 5.0
# Seconds between two tries to connect again.
_AGAIN = 0.2

OnMessage = Callable[[str, str], None]


class Run(NamedTuple):
    """A script to run on the keys of a sandbox."""

    script: Script
    sandbox: str
    arguments: Sequence[str | int | bytes]


class Valkey:
    """The connection to the server at `url`, such as `valkey://localhost:6379/0`. Its `number` is different for each.

    `round_trips` counts those to the server. `url` has no password, because messages contain it.
    """

    def __init__(self, url: str) -> None:
        self.url = masked_store(url)
        self.round_trips = RoundTrips("valkey")
        address = url.replace("valkey", "redis", 1).replace("+cluster", "", 1)
        options: dict[str, Any] = {"socket_connect_timeout": 2.0, "socket_timeout": _TIMEOUT, "protocol": 2}
        self.number = self._connected(address, options)
        self._client: Any = self._asynchronous(address, options)
        self._listener = redis.asyncio.Redis.from_url(address, retry=RETRY, **options)
        self._copies = count(1)
        # Connections on which nothing is being sent.
        self._free: list[redis.asyncio.Connection] = []
        self._pubsub = self._listener.pubsub(ignore_subscribe_messages=True)
        self._on_message: OnMessage = _ignore
        self._listening: asyncio.Task[None] | None = None
        self._closed = False

    def next_copy(self) -> int:
        """Return a number for a copy of a sandbox in this process."""
        return next(self._copies)

    def _synchronous(self, address: str, options: dict[str, Any]) -> Any:
        return redis.Redis.from_url(address, **options)

    def _asynchronous(self, address: str, options: dict[str, Any]) -> Any:
        return redis.asyncio.Redis.from_url(address, retry=RETRY, **options)

    def _connected(self, address: str, options: dict[str, Any]) -> int:
        """Return the number of this connection.

        Raises SettingsError if the server cannot be reached, or if a newer version of mockserver uses it.
        """
        try:
            with self._synchronous(address, options) as client:
                client.set(f"{SPACE}:format", FORMAT, nx=True)
                found = int(client.get(f"{SPACE}:format") or FORMAT)
                number: int = client.incr(f"{SPACE}:number:process")
        except redis.RedisError as error:
            hint = "Start it, or give the address of another one: valkey://HOST:PORT/DB"
            reason = str(error).removesuffix(".")
            raise SettingsError(f"{self.url} cannot be used as a store: {reason}. {hint}") from None
        except ValueError as error:
            raise SettingsError(f"{self.url} cannot be used as a store: {error}") from None
        if found > FORMAT:
            readable = f"this version of mockserver reads up to version {FORMAT}"
            raise SettingsError(f"{self.url} cannot be used as a store: its data has version {found}, and {readable}")
        return number

    # Scripts.

    async def run(self, run: Run) -> list[Any]:
        """Run a script, and return its reply. Raises Unavailable."""
        (reply,) = await self.run_all([run])
        return reply

    async def run_all(self, runs: Iterable[Run]) -> list[list[Any]]:
        """Run scripts in one round trip, each on its own, and return their replies. Raises Unavailable."""
        runs = list(runs)
        replies: list[Any] = await self._call(lambda: self._retried(runs))
        if any(isinstance(reply, redis.exceptions.NoScriptError) for reply in replies):
            await self._call(self._load)
            replies = await self._call(lambda: self._retried(runs))
        for reply in replies:
            if isinstance(reply, Exception):
                raise Unavailable(f"{self.url} refused a command: {reply}") from reply
        return replies

    async def _retried(self, runs: Sequence[Run]) -> list[Any]:
        return await RETRY.call_with_retry(lambda: self._sent(runs), _ignore_failure)

    async def _sent(self, runs: Sequence[Run]) -> list[Any]:
        """Send scripts on one connection of the pool, which costs much less than a pipeline of the client."""
        connection = self._free.pop() if self._free else self._new_connection()
        replies: list[Any] = []
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            commands = connection.pack_commands([command_of(run) for run in runs])
            await connection.send_packed_command(commands, check_health=False)
            for _ in runs:
                try:
                    replies.append(await connection.read_response())
                except redis.exceptions.ResponseError as error:
                    replies.append(error)
        except BaseException:
            await connection.disconnect()
            raise
        if self._closed:
            await connection.disconnect()
        else:
            self._free.append(connection)
        return replies

    def _new_connection(self) -> "redis.asyncio.Connection":
        connection: redis.asyncio.Connection = self._client.connection_pool.make_connection()
        # `_retried` tries again. Otherwise each of its tries would be several.
        connection.retry = Retry(NoBackoff(), 0)
        return connection

    async def _load(self) -> None:
        for script in ALL:
            await self._client.script_load(script.source)

    async def command(self, *words: str | int | bytes | float) -> Any:
        """Return the reply to a command. Raises Unavailable."""
        return await self._call(lambda: self._execute(*words))

    async def _execute(self, *words: str | int | bytes | float) -> Any:
        return await self._client.execute_command(*words)

    async def _call(self, call: Callable[[], Awaitable[Any]]) -> Any:
        try:
            with self.round_trips.measured():
                return await call()
        except redis.exceptions.ResponseError as error:
            raise Unavailable(f"{self.url} refused a command: {error}") from error
        except (redis.RedisError, OSError, RuntimeError) as error:
            reason = str(error).removesuffix(".") or type(error).__name__
            raise Unavailable(f"{self.url} cannot be reached: {reason}") from error

    # Messages.

    async def listen(self, channels: Iterable[str], on_message: OnMessage) -> None:
        """Call `on_message` with the channel, without the common prefix, and the text of each message from now on."""
        self._on_message = on_message
        await self._call(lambda: self._pubsub.subscribe(*(f"{SPACE}:{channel}" for channel in channels)))
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def subscribe(self, channel: str) -> None:
        """Also listen to this channel. Raises Unavailable."""
        await self._call(lambda: self._pubsub.subscribe(f"{SPACE}:{channel}"))

    async def unsubscribe(self, channel: str) -> None:
        """Listen no more to this channel."""
        with suppress(Unavailable):
            await self._call(lambda: self._pubsub.unsubscribe(f"{SPACE}:{channel}"))

    async def _listen(self) -> None:
        while not self._closed:
            try:
                message = await self._pubsub.get_message(timeout=None)
            except (redis.RedisError, OSError, RuntimeError):
                # It subscribes again when it has connected again.
                await pause(_AGAIN)
                continue
            except Exception:
                log.exception("the messages of %s could not be read", self.url)
                await pause(_AGAIN)
                continue
            if message is not None and message["type"] == "message":
                channel = message["channel"].decode().removeprefix(f"{SPACE}:")
                try:
                    self._on_message(channel, message["data"].decode())
                except Exception:
                    log.exception("a message on the channel %s raised an exception", channel)

    async def available(self) -> None:
        """Return when the server can be reached."""
        while not self._closed:
            try:
                await self.command("PING")
            except Unavailable:
                await pause(_AGAIN)
            else:
                return

    async def close(self) -> None:
        """Close all connections."""
        self._closed = True
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        closing = (self._pubsub.aclose, *(each.disconnect for each in self._free), self._listener.aclose)
        for close in (*closing, self._client.aclose):
            # uvloop raises RuntimeError for a connection that the server has closed.
            with suppress(redis.RedisError, OSError, RuntimeError):
                await close()


def command_of(run: Run) -> tuple[str | int | bytes, ...]:
    """Return the command that runs a script."""
    keys = (f"{SPACE}:{{{run.sandbox}}}:{key}" for key in KEYS)
    return ("EVALSHA", run.script.digest, len(KEYS), *keys, *run.arguments)


async def _ignore_failure(error: Exception) -> None:
    """Do nothing before the next try: the connection is closed already."""


def _ignore(channel: str, text: str) -> None:
    """Ignore a message."""
