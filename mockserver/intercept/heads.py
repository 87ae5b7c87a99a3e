"""Heads of requests: the parts that a proxy needs, which are the request line and the names of fields."""

from dataclasses import dataclass

END = b"\r\n\r\n"

# Fields between a client and its proxy, which must not be forwarded (RFC 9110 section 7.6.1).
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-authorization", b"proxy-connection", b"te", b"upgrade"})


class RefusedByProxy(Exception):
    """The proxy refuses a request, with this status and this reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request. `fields` are pairs of a lower-case name and the whole line, in the order received."""

    method: bytes
    target: bytes
    version: bytes
    fields: tuple[tuple[bytes, bytes], ...]

    def forwarded(self, target: bytes) -> bytes:
        """Return the head to forward. It closes the connection, because the next request may be for another host."""
        named = (line.partition(b":")[2].lower().split(b",") for name, line in self.fields if name == b"connection")
        dropped = _HOP_BY_HOP.union(name.strip() for names in named for name in names)
        kept = [line for name, line in self.fields if name not in dropped]
        first = b" ".join((self.method, target, self.version))
        return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def parse_head(data: bytes) -> Head:
    """Parse a head, which ends with an empty line. Raises RefusedByProxy 400 if it is not HTTP/1."""
    lines = data.removesuffix(END).split(b"\r\n")
    words = lines[0].split(b" ")
    fields = tuple((line.partition(b":")[0].lower(), line) for line in lines[1:])
    # Programs parse names with spaces, and continued lines, in different ways (RFC 9112 section 5).
    valid_fields = all(b":" in line and name and not set(name) & set(b" \t") for name, line in fields)
    if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or not valid_fields:
        raise RefusedByProxy(400, "the request is not valid HTTP/1.1")
    return Head(words[0], words[1], words[2], fields)
