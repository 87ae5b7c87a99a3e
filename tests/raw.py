"""A client of bare sockets: what arrives, when, and how the connection ends."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from mockserver.clock import monotonic

Ending = Literal["FIN", "RST", "open"]


@dataclass(slots=True)
class Heard:
    """What came over a connection: its bytes, the seconds at which each piece came, and its end."""

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
        """Seconds between the two pieces that are furthest apart."""
        instants = [at for at, _ in self.pieces]
        return max((later - earlier for earlier, later in pairwise(instants)), default=0.0)


@contextmanager
def connected(address: tuple[str, int], patience: float = 10.0) -> Iterator[socket.socket]:
    """A connection that is closed at the end."""
    with socket.create_connection(address, patience) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def hear(connection: socket.socket, patience: float = 10.0) -> Heard:
    """Everything until the connection ends, or until nothing came for `patience` seconds."""
    heard, began = Heard(), monotonic()
    connection.settimeout(patience)
    while heard.ended == "open":
        try:
            piece = connection.recv(1 << 20)
        except ConnectionResetError:
            heard.ended = "RST"
        except TimeoutError:
            break
        else:
            heard.data += piece
            if piece:
                heard.pieces.append((monotonic() - began, piece))
            else:
                heard.ended = "FIN"
    heard.seconds = monotonic() - began
    return heard


def hear_reply(connection: socket.socket, patience: float = 10.0) -> Heard:
    """One reply with a Content-Length, after which the connection may go on."""
    heard = Heard()
    connection.settimeout(patience)
    while b"\r\n\r\n" not in heard.data or len(heard.body) < int(heard.head["content-length"]):
        piece = connection.recv(1 << 20)
        assert piece, f"the connection ended after {heard.data!r}"
        heard.data += piece
    return heard


def say(address: tuple[str, int], data: bytes, patience: float = 10.0) -> Heard:
    """What comes back for these bytes on a connection of their own."""
    with connected(address, patience) as connection:
        connection.sendall(data)
        return hear(connection, patience)


def request(method: str, path: str, body: bytes = b"", *fields: str, key: str = "key-1") -> bytes:
    """The bytes of a request."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}", *fields]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
