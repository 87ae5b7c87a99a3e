"""Outgoing HTTP calls to checked addresses: without retries, redirects, cookies or proxies.

A name is resolved once, and the connection goes to one of the addresses that were checked, so a DNS answer that
changes a moment later has no effect. Connections are reused by (scheme, address, name, port): a connection is never
used for a name whose address, or whose certificate, was not checked. Each receiver has a pool of connections of its
own, so that calls that hang do not slow down calls to other receivers.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mockserver.clock import pause
from mockserver.outgoing.call import CallResult, Headers, Kind, OutgoingCall
from mockserver.outgoing.destination import Address, Destination, EgressRefused, read_url
from mockserver.outgoing.egress import EgressPolicy

if TYPE_CHECKING:  # imported for the first call, because the client would take most of the start-up time
    from httpcore2 import AsyncConnectionPool, Request

    from mockserver.outgoing.stream import Connect

# Returns the addresses of a name and a port as texts. Raises OSError.
Resolver = Callable[[str, int], Awaitable[Iterable[str]]]

# Seconds. Shorter than the keep-alive of receivers (2 in gunicorn, 5 in uvicorn and Node): if a receiver closes the
# connection just when a call is sent, the attempt fails by accident.
_KEEP_ALIVE = 1.0
# RFC 9110 section 8.6: with these methods an empty body has a Content-Length too.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class _Failed(Exception):
    def __init__(self, kind: Kind, error: str) -> None:
        super().__init__(error)
        self.kind: Kind = kind


class _NotConnected(Exception):
    """The connection failed before anything was sent, so the next address is tried."""


@dataclass(slots=True)
class _Progress:
    """What has arrived so far, for the result of a call that fails half-way."""

    address: str | None = None
    status: int | None = None
    headers: Headers = ()
    body: bytearray = field(default_factory=bytearray)
    truncated: bool = False

    def result(self, kind: Kind, error: str | None, elapsed_ms: float) -> CallResult:
        body = bytes(self.body)
        return CallResult(kind, self.status, self.headers, body, self.truncated, error, self.address, elapsed_ms)


async def resolve(name: str, port: int) -> Iterable[str]:
    """Return the addresses of a name from the system. localhost is always loopback (RFC 6761 section 6.3)."""
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
    """Sends each call once, with one pool of connections per receiver.

    `timer` returns seconds; only differences count. `verify` says whether the certificates of https receivers must be
    valid (SSL_CERT_FILE names a private authority). `connections` is the maximum number of calls at a time. Further
    calls wait; neither their timeouts nor their `elapsed_ms` begin before they have a place.
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
        """Make the call once and return its result. Raises only CancelledError."""
        progress = _Progress()
        try:
            destination = self._policy.check_url(call.url)
        except EgressRefused as refused:
            return progress.result("refused", str(refused), 0.0)
        async with self._places:
            pool = self._pool(destination)  # before the deadline begins, because the first call imports the client
            pool.calls += 1
            started = self._timer()
            try:
                kind, error = await self._attempt(pool.connections, destination, call, progress)
            finally:
                pool.calls -= 1
                pool.used_at = self._timer()
            result = progress.result(kind, error, (pool.used_at - started) * 1000)
            await self._close_unused(pool.used_at)
            return result

    async def aclose(self) -> None:
        """Close every connection. Calls in progress fail."""
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
        self, pool: "AsyncConnectionPool", destination: Destination, call: OutgoingCall, progress: _Progress
    ) -> tuple[Kind, str | None]:
        try:
            async with asyncio.timeout(call.timeout):
                await self._exchange(pool, destination, call, progress)
        except EgressRefused as refused:
            return "refused", str(refused)
        except _Failed as failed:
            return failed.kind, str(failed)
        except TimeoutError:
            missing = "no reply" if progress.status is None else "the reply was not complete"
            return "timeout", f"{missing} within {call.timeout:g} s"
        return "response", None

    async def _exchange(
        self, pool: "AsyncConnectionPool", destination: Destination, call: OutgoingCall, progress: _Progress
    ) -> None:
        headers = _wire_headers(call, destination)
        failures = []
        for address in await self._addresses(destination):
            progress.address = str(address)
            try:
                request = _request(call, headers, destination, progress.address)
                return await _send_request(pool, request, progress, call.keep)
            except _NotConnected as error:
                failures.append(f"{address} port {destination.port}: {error}")
        raise _Failed("connect_error", "; ".join(failures) or f"{destination.host} has no address")

    async def _addresses(self, destination: Destination) -> list[Address]:
        if destination.address is not None:
            return [destination.address]  # was checked with the URL
        try:
            texts = await self._resolve(destination.host, destination.port)
        except OSError as error:
            raise _Failed("connect_error", f"{destination.host}: {error.strerror or error}") from None
        addresses = [ip_address(text) for text in dict.fromkeys(texts)]
        # If one address is not allowed, none of the name's addresses is used.
        for address in addresses:
            self._policy.check(address, destination.port)
        return addresses


def wire_bytes(call: OutgoingCall) -> bytes:
    """Return the bytes of a call as they are sent. Raises EgressRefused for an invalid URL."""
    destination = read_url(call.url)
    lines = [name + b": " + value for name, value in _wire_headers(call, destination)]
    start = f"{call.method} {destination.target} HTTP/1.1".encode()
    return b"\r\n".join((start, *lines, b"", b"")) + call.body


def _wire_headers(call: OutgoingCall, destination: Destination) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in call.headers}
    pairs = list(call.headers)
    if "host" not in names:
        pairs.insert(0, ("Host", destination.authority))
    has_length = "content-length" in names or "transfer-encoding" in names
    if not has_length and (call.body or call.method in _WITH_BODY):
        pairs.append(("Content-Length", str(len(call.body))))
    try:
        return [(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs]
    except UnicodeEncodeError:
        raise _Failed("protocol_error", "a header of this call has characters that HTTP does not allow") from None


def _request(call: OutgoingCall, headers: list[tuple[bytes, bytes]], to: Destination, address: str) -> "Request":
    import httpcore2

    # The pool reuses connections by host, so the host contains the address to dial and the name for the certificate.
    url = httpcore2.URL(scheme=to.scheme, host=f"{address} {to.host}", port=to.port, target=to.target)
    tls_name = to.host.removesuffix(".")  # RFC 6066 section 3: without a trailing dot
    method = call.method.encode()  # h11 checks it
    content = _pieces(call.body, call.pauses) if call.pauses else call.body
    return httpcore2.Request(method, url, headers=headers, content=content, extensions={"sni_hostname": tls_name})


async def _pieces(body: bytes, pauses: tuple[float, ...]) -> AsyncIterator[bytes]:
    count = len(pauses) + 1
    bounds = [len(body) * i // count for i in range(count + 1)]
    for i, seconds in enumerate((0.0, *pauses)):
        await pause(seconds)
        if bounds[i] < bounds[i + 1]:
            yield body[bounds[i] : bounds[i + 1]]


async def _send_request(pool: "AsyncConnectionPool", request: "Request", progress: _Progress, keep: int) -> None:
    import h11
    import httpcore2

    try:
        response = await pool.handle_async_request(request)
        try:
            progress.status = response.status
            progress.headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers)
            async with aclosing(response.aiter_stream()) as chunks:
                async for chunk in chunks:
                    room = keep - len(progress.body)
                    progress.body += chunk[:room]
                    if len(chunk) > room:
                        progress.truncated = True
                        break  # closing an incomplete reply closes its connection
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
