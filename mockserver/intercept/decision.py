"""Decides where a request to the proxy goes: to the sandbox, to its own destination, or nowhere."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from mockserver.intercept.heads import Head, RefusedByProxy

_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE | re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]/?#\s]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a connection goes.

    - own: to the sandbox, because the request is for the proxy itself, which is the sandbox server
    - sandbox: to the sandbox, because the request is for a provider's host
    - pass: to `host` and `port`, without changes

    `tunnel` is true if the client asked for a tunnel (CONNECT). Otherwise it sent one request, and `target` is its
    path and query. `scheme` is the scheme of the client's URL.
    """

    kind: Literal["own", "sandbox", "pass"]
    host: str = ""
    port: int = 0
    tunnel: bool = False
    scheme: Literal["http", "https"] = "http"
    target: bytes = b""


class HostPolicy:
    """Decides by the host: provider hosts go to the sandbox, loopback passes, others pass with `allow_external`."""

    def __init__(self, hosts: Collection[str], *, allow_external: bool) -> None:
        self._hosts = frozenset(hosts)
        self._allow_external = allow_external

    def decide(self, head: Head) -> Decision:
        """Decide where a request goes. Raises RefusedByProxy."""
        target = head.target.decode("latin-1")
        if head.method == b"CONNECT":
            host, port = _authority(target, None)
            kind = self._kind(host, port)
            return Decision(kind, host, port, tunnel=True, scheme="http" if port == 80 else "https")
        if target.startswith("/") or target == "*":
            return Decision("own")
        return self._absolute(target)

    def _absolute(self, target: str) -> Decision:
        match = _ABSOLUTE.fullmatch(target)
        if match is None:
            raise RefusedByProxy(400, "the URL must begin with http:// or https://")
        secure = match[1].lower() == "https"
        host, port = _authority(match[2], 443 if secure else 80)
        kind = self._kind(host, port)
        if kind == "pass" and secure:
            raise RefusedByProxy(400, "an https:// URL needs CONNECT instead of an unencrypted request")
        rest = match[3] if match[3].startswith("/") else f"/{match[3]}"
        return Decision(kind, host, port, scheme="https" if secure else "http", target=rest.encode("latin-1"))

    def _kind(self, host: str, port: int) -> Literal["sandbox", "pass"]:
        if host in self._hosts:
            return "sandbox"
        if self._allow_external or is_loopback(host):
            return "pass"
        raise RefusedByProxy(403, f"{host}:{port} is not a provider's host; use --allow-external to allow other hosts")


def is_loopback(host: str) -> bool:
    """Return true for a host that is always on this machine, without resolving it (RFC 6761 section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _authority(text: str, port: int | None) -> tuple[str, int]:
    """Return the host, in lower case and without brackets, and the port. Raises RefusedByProxy 400."""
    match = _AUTHORITY.fullmatch(text)
    if match is not None and match[2]:
        port = int(match[2])
    if match is None or port is None or not 0 < port < 65_536:
        raise RefusedByProxy(400, "the request has no valid host and port")
    return match[1].strip("[]").lower().removesuffix("."), port
