"""One HTTP call to an address that was checked: no retry, no redirect, no cookie, no proxy.

A name is resolved once and the connection goes to one of the addresses that were judged then, so an answer that
changes a moment later changes nothing. Connections are kept open by (scheme, address, name, port): a connection is
never used for a name whose address was not just checked, nor for one whose certificate was not. Each receiver has a
pool of connections of its own, so that calls that hang do not slow down calls to other receivers.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mockserver.outgoing.call import CallResult, Headers, Kind, OutgoingCall
from mockserver.outgoing.destination import Address, Destination, EgressRefused
from mockserver.outgoing.egress import EgressPolicy

if TYPE_CHECKING:  # imported on the first call: the client would take most of the start-up time
    from httpcore2 import AsyncConnectionPool, Request

    from mockserver.outgoing.stream import Connect

# From a name and a port to the addresses of that name, as texts; raises OSError.
Resolver = Callable[[str, int], Awaitable[Iterable[str]]]

# Seconds. Shorter than what receivers use (2 in gunicorn, 5 in uvicorn and Node), because a receiver that closes just
# as a call is sent makes an attempt fail that nobody meant to fail.
_KEEP_ALIVE = 1.0
# RFC 9110 section 8.6: with these methods an empty body is announced too.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class _Failed(Exception):
    def __init__(self, kind: Kind, error: str) -> None:
        super().__init__(error)
        self.kind: Kind = kind


class _NotConnected(Exception):
    """Nothing was sent yet, so the next address may be tried."""


@dataclass(slots=True)
class _Seen:
    """What is known so far, so that a call that fails half-way still tells it."""

    address: str | None = None
    status: int | None = None
    headers: Headers = ()
    body: bytearray = field(default_factory=bytearray)
    truncated: bool = False

    def result(self, kind: Kind, error: str | None, elapsed_ms: float) -> CallResult:
        body = bytes(self.body)
        return CallResult(kind, self.status, self.headers, body, self.truncated, error, self.address, elapsed_ms)


async def resolve(name: str, port: int) -> Iterable[str]:
    """The addresses that the system knows for a name; localhost is always loopback (RFC 6761 section 6.3)."""
    plain = name.removesuffix(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return ("127.0.0.1", "::1")
    infos = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


class _Pool:
    """The connections to one receiver, how many calls use them, and when the last one ended."""

    __slots__ = ("calls", "connections", "used_at")

    def __init__(self, connections: "AsyncConnectionPool") -> None:
        self.connections = connections
        self.calls = 0
        self.used_at = 0.0


class Dialer:
    """Sends calls, each once, over one pool of connections for each receiver.

    `timer` gives seconds and is only subtracted from itself. `verify` is whether certificates of https receivers must
    be valid (SSL_CERT_FILE names a private authority). `connections` is the maximum number of calls at a time. A call
    beyond it waits; neither its timeout nor its `elapsed_ms` begins before it has a place.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        timer: Callable[[], float],
        *,
        verify: bool = True,
        resolver: Resolver = resolve,
        connect: "Connect | None" = None,
        connections: int = 1_024,
    ) -> None:
        self._policy = policy
        self._timer = timer
        self._verify = verify
        self._resolve = resolver
        self._connect = connect
        self._places = asyncio.Semaphore(connections)
        self._pools: dict[tuple[str, str, int], _Pool] = {}
        self._contexts: dict[str, ssl.SSLContext | None] = {}
        self._swept_at = 0.0

    async def send(self, call: OutgoingCall) -> CallResult:
        """Makes the call once and says what became of it; raises only CancelledError."""
        seen = _Seen()
        try:
            destination = self._policy.check_url(call.url)
        except EgressRefused as refused:
            return seen.result("refused", str(refused), 0.0)
        async with self._places:
            pool = self._pool(destination)  # the first call imports the client: before its deadline begins
            pool.calls += 1
            started = self._timer()
            try:
                kind, error = await self._attempt(pool.connections, destination, call, seen)
            finally:
                pool.calls -= 1
                pool.used_at = self._timer()
            result = seen.result(kind, error, (pool.used_at - started) * 1000)
            await self._close_unused(pool.used_at)
            return result

    async def aclose(self) -> None:
        """Closes every connection; calls that are under way fail."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.connections.aclose()

    def _pool(self, to: Destination) -> _Pool:
        key = (to.scheme, to.host, to.port)
        pool = self._pools.get(key)
        if pool is None:
            import httpcore2

            from mockserver.outgoing.stream import PinnedBackend, connect

            if to.scheme not in self._contexts:
                self._contexts[to.scheme] = _tls(self._verify) if to.scheme == "https" else None
            connections = httpcore2.AsyncConnectionPool(
                ssl_context=self._contexts[to.scheme],
                max_connections=None,  # the bound is on calls
                keepalive_expiry=_KEEP_ALIVE,
                network_backend=PinnedBackend(self._connect or connect),
            )
            pool = self._pools[key] = _Pool(connections)
        return pool

    async def _close_unused(self, now: float) -> None:
        """Close the pools that have not been used for a while. They close old connections only when they are used."""
        if now - self._swept_at < _KEEP_ALIVE:
            return
        self._swept_at = now
        for key, pool in list(self._pools.items()):
            if not pool.calls and now - pool.used_at > _KEEP_ALIVE:
                self._pools.pop(key, None)
                await pool.connections.aclose()

    async def _attempt(
        self, pool: "AsyncConnectionPool", destination: Destination, call: OutgoingCall, seen: _Seen
    ) -> tuple[Kind, str | None]:
        try:
            async with asyncio.timeout(call.timeout):
                await self._exchange(pool, destination, call, seen)
        except EgressRefused as refused:
            return "refused", str(refused)
        except _Failed as failed:
            return failed.kind, str(failed)
        except TimeoutError:
            missing = "no reply" if seen.status is None else "the reply did not end"
            return "timeout", f"{missing} within {call.timeout:g} s"
        return "response", None

    async def _exchange(
        self, pool: "AsyncConnectionPool", destination: Destination, call: OutgoingCall, seen: _Seen
    ) -> None:
        headers = _wire_headers(call, destination)
        failures = []
        for address in await self._addresses(destination):
            seen.address = str(address)
            try:
                return await _ask(pool, _request(call, headers, destination, seen.address), seen, call.keep)
            except _NotConnected as error:
                failures.append(f"{address} port {destination.port}: {error}")
        raise _Failed("connect_error", "; ".join(failures) or f"{destination.host} has no address")

    async def _addresses(self, destination: Destination) -> list[Address]:
        if destination.address is not None:
            return [destination.address]  # judged with the URL
        try:
            texts = await self._resolve(destination.host, destination.port)
        except OSError as error:
            raise _Failed("connect_error", f"{destination.host}: {error.strerror or error}") from None
        addresses = [ip_address(text) for text in dict.fromkeys(texts)]
        # All or nothing: a name that also points where nothing may go is not to be trusted with the rest.
        for address in addresses:
            self._policy.check(address, destination.port)
        return addresses


def _wire_headers(call: OutgoingCall, destination: Destination) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in call.headers}
    pairs = list(call.headers)
    if "host" not in names:
        pairs.insert(0, ("Host", destination.authority))
    framed = "content-length" in names or "transfer-encoding" in names
    if not framed and (call.body or call.method in _WITH_BODY):
        pairs.append(("Content-Length", str(len(call.body))))
    try:
        return [(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs]
    except UnicodeEncodeError:
        raise _Failed("protocol_error", "a header of this call holds characters that HTTP cannot carry") from None


def _request(call: OutgoingCall, headers: list[tuple[bytes, bytes]], to: Destination, address: str) -> "Request":
    import httpcore2

    # The pool keeps connections by host; this one names the address to dial and, for the certificate, the name.
    url = httpcore2.URL(scheme=to.scheme, host=f"{address} {to.host}", port=to.port, target=to.target)
    tls_name = to.host.removesuffix(".")  # RFC 6066 section 3: without a trailing dot
    method = call.method.encode()  # h11 refuses what is not a method
    return httpcore2.Request(method, url, headers=headers, content=call.body, extensions={"sni_hostname": tls_name})


async def _ask(pool: "AsyncConnectionPool", request: "Request", seen: _Seen, keep: int) -> None:
    import h11
    import httpcore2

    try:
        response = await pool.handle_async_request(request)
        try:
            seen.status = response.status
            seen.headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers)
            async with aclosing(response.aiter_stream()) as chunks:
                async for chunk in chunks:
                    room = keep - len(seen.body)
                    seen.body += chunk[:room]
                    if len(chunk) > room:
                        seen.truncated = True
                        break  # closing an unfinished reply closes its connection
        finally:
            await response.aclose()
    except httpcore2.ConnectError as error:
        raise _NotConnected(str(error)) from None
    except httpcore2.NetworkError as error:
        raise _Failed("protocol_error", f"the connection broke: {error}") from None
    except (httpcore2.ProtocolError, h11.ProtocolError) as error:
        raise _Failed("protocol_error", f"no valid HTTP/1.1 exchange: {error}") from None


def _tls(verify: bool) -> ssl.SSLContext:
    import httpcore2

    if verify:
        return httpcore2.default_ssl_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
