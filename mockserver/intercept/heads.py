"""Heads of requests, as far as a proxy has to understand them: the request line, and the fields of one connection."""

from dataclasses import dataclass

END = b"\r\n\r\n"

# Fields that are between a client and its proxy (RFC 9110 section 7.6.1), and must not go further.
_HOPS = frozenset({b"connection", b"keep-alive", b"proxy-authorization", b"proxy-connection", b"te", b"upgrade"})


class Refused(Exception):
    """A request that the proxy does not pass on: a status, and for people the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request; `fields` are its lines as they came, with their lower-case names."""

    method: bytes
    target: bytes
    version: bytes
    fields: tuple[tuple[bytes, bytes], ...]

    def forwarded(self, target: bytes) -> bytes:
        """The head as it goes on to an origin, for one request: the next one may be for another host."""
        named = (line.partition(b":")[2].lower().split(b",") for name, line in self.fields if name == b"connection")
        dropped = _HOPS.union(name.strip() for names in named for name in names)
        kept = [line for name, line in self.fields if name not in dropped]
        first = b" ".join((self.method, target, self.version))
        return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def read_head(data: bytes) -> Head:
    """The head in `data`, which ends with an empty line. Raises Refused 400 for what is not HTTP/1."""
    lines = data.removesuffix(END).split(b"\r\n")
    words = lines[0].split(b" ")
    fields = tuple((line.partition(b":")[0].lower(), line) for line in lines[1:])
    # A name with a space in it, or a line that goes on with the one before, is read by programs in different ways
    # (RFC 9112 section 5).
    named = all(b":" in line and name and not set(name) & set(b" \t") for name, line in fields)
    if len(words) != 3 or not words[2].startswith(b"HTTP/1.") or not named:
        raise Refused(400, "this is no HTTP/1.1 request")
    return Head(words[0], words[1], words[2], fields)
