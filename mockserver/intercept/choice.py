"""Where a request that reached the proxy goes: to the sandbox, to this machine, out, or nowhere."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from mockserver.intercept.heads import Head, Refused

_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE | re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]/?#\s]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of a connection.

    - own: the request was made to the proxy itself, which is the sandbox
    - sandbox: the request is for a provider's host
    - pass: the bytes go to `host` and `port` as they are

    `tunnel` is whether the client asked for a connection (CONNECT) rather than for one request, whose `target` is
    then given; `scheme` is the one that the client means.
    """

    kind: Literal["own", "sandbox", "pass"]
    host: str = ""
    port: int = 0
    tunnel: bool = False
    scheme: Literal["http", "https"] = "http"
    target: bytes = b""


class Choices:
    """The rules of one proxy: the providers' hosts are the sandbox, loopback always passes, others by consent."""

    def __init__(self, hosts: Collection[str], *, allow_external: bool) -> None:
        self._hosts = frozenset(hosts)
        self._allow_external = allow_external

    def of(self, head: Head) -> Choice:
        """The choice for a request. Raises Refused with what can be done."""
        target = head.target.decode("latin-1")
        if head.method == b"CONNECT":
            host, port = _authority(target, None)
            kind = self._kind(host, port)
            return Choice(kind, host, port, tunnel=True, scheme="http" if port == 80 else "https")
        if target.startswith("/") or target == "*":
            return Choice("own")
        return self._absolute(target)

    def _absolute(self, target: str) -> Choice:
        found = _ABSOLUTE.fullmatch(target)
        if found is None:
            raise Refused(400, "only http:// and https:// URLs are passed on")
        secure = found[1].lower() == "https"
        host, port = _authority(found[2], 443 if secure else 80)
        kind = self._kind(host, port)
        if kind == "pass" and secure:
            raise Refused(400, "an https:// URL is reached with CONNECT, not with a request in the clear")
        rest = found[3] if found[3].startswith("/") else f"/{found[3]}"
        return Choice(kind, host, port, scheme="https" if secure else "http", target=rest.encode("latin-1"))

    def _kind(self, host: str, port: int) -> Literal["sandbox", "pass"]:
        if host in self._hosts:
            return "sandbox"
        if self._allow_external or is_loopback(host):
            return "pass"
        raise Refused(403, f"{host}:{port} is not a provider's host; --allow-external lets it through")


def is_loopback(host: str) -> bool:
    """True for what is on this machine whatever a resolver says (RFC 6761 section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _authority(text: str, port: int | None) -> tuple[str, int]:
    """The host, in lower case and without brackets, and the port. Raises Refused 400."""
    found = _AUTHORITY.fullmatch(text)
    if found is not None and found[2]:
        port = int(found[2])
    if found is None or port is None or not 0 < port < 65_536:
        raise Refused(400, "the request does not say a host and a port")
    return found[1].strip("[]").lower().removesuffix("."), port
