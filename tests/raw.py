"""A client that uses plain sockets, to check what arrives, when, and how the connection ends."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from mockserver.clock import monotonic

Ending = Literal["FIN", "RST", "open"]


@dataclass(slots=True)
class Received:
    """What a connection received: all bytes, each piece with its time in seconds, and how the connection ended."""

    data: bytes = b""
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    ended: Ending = "open"
    seconds: float = 0.0

    @property
    def status(self) -> int:
        return int(self.data[9:12]) if self.data else 0

    @property
    def head(self) -> dict[str, str]:
        lines = self.data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def longest_silence(self) -> float:
        """The longest time between two pieces, in seconds."""
        instants = [at for at, _ in self.pieces]
        return max((later - earlier for earlier, later in pairwise(instants)), default=0.0)


@contextmanager
def connected(address: tuple[str, int], patience: float = 10.0) -> Iterator[socket.socket]:
    """Open a connection, and close it at the end."""
    with socket.create_connection(address, patience) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def receive(connection: socket.socket, patience: float = 10.0) -> Received:
    """Receive until the connection ends, or nothing arrives for `patience` seconds."""
    received, began = Received(), monotonic()
    connection.settimeout(patience)
    while received.ended == "open":
        try:
            piece = connection.recv(1 << 20)
        except ConnectionResetError:
            received.ended = "RST"
        except TimeoutError:
            break
        else:
            received.data += piece
            if piece:
                received.pieces.append((monotonic() - began, piece))
            else:
                received.ended = "FIN"
    received.seconds = monotonic() - began
    return received


def receive_reply(connection: socket.socket, patience: float = 10.0) -> Received:
    """Receive one reply with a Content-Length. The connection stays open."""
    received = Received()
    connection.settimeout(patience)
    while b"\r\n\r\n" not in received.data or len(received.body) < int(received.head["content-length"]):
        piece = connection.recv(1 << 20)
        assert piece, f"the connection ended after {received.data!r}"
        received.data += piece
    return received


def exchange(address: tuple[str, int], data: bytes, patience: float = 10.0) -> Received:
    """Send these bytes on a new connection, and receive until it ends."""
    with connected(address, patience) as connection:
        connection.sendall(data)
        return receive(connection, patience)


def request(method: str, path: str, body: bytes = b"", *fields: str, key: str = "key-1") -> bytes:
    """Return the bytes of a request."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}", *fields]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
