"""Access to the control API: not for web pages of other sites, and from other machines only with the token.

The server listens on the localhost of people's machines, so the likely attacker is a page in their browser. A browser
states where a request comes from (Sec-Fetch-Site, Origin). It also sends the true Host header, which shows when the
name of a page was rebound to this address. A page cannot send JSON to another site without a preflight request, and
the control API allows none.
"""

import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mockserver.control.errors import ControlError

TOKEN_HEADER = "x-mock-token"
# Probes reveal nothing, and their clients have no token and may use any host name.
OPEN = ("/health", "/ready")

_SAFE_SITES = ("same-origin", "none")
# A Host header (RFC 9110 section 7.2): a name or an address, and a port.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/?#\s]+)(?::[0-9]*)?")
# Wrong tokens that are answered at once within a second, and the seconds that the reply to one waits at most.
_PER_SECOND = 10
_LONGEST_DELAY = 10.0


class WrongToken(ControlError):
    """A request has a token, but not that of the server."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """The access rules of one server's control API.

    With a `token` every request needs it, as X-Mock-Token or as a bearer. `public_url` is where clients reach the
    server apart from localhost: its host counts as the server's own, and so do the names in `allow_hosts`.
    """

    token: str = ""
    public_url: str = ""
    allow_hosts: tuple[str, ...] = ()
    _names: frozenset[str] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        public = urlsplit(self.public_url).hostname
        names = (*self.allow_hosts, *((public,) if public else ()))
        object.__setattr__(self, "_names", frozenset(name.lower().removesuffix(".") for name in names))

    def check_page(self, headers: Mapping[str, str]) -> None:
        """Raises ControlError 403 for requests for the files of the page that do not use a name of this server.

        The files are the same for everybody, so a link on another site may lead to them.
        """
        host = headers.get("host", "").lower()
        if not self._own_host(host):
            raise ControlError(403, _unknown_host(host))

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """Raises ControlError 403 for requests that a foreign web page could send, 401 for a missing or wrong token."""
        host = headers.get("host", "").lower()
        if headers.get("sec-fetch-site", "none") not in _SAFE_SITES:
            raise ControlError(403, "The control API refuses requests from other sites (Sec-Fetch-Site)")
        origin = headers.get("origin")
        if origin is not None and not self._own_origin(origin.lower(), host):
            raise ControlError(403, f"The control API refuses requests from other sites (Origin {origin!r})")
        if path in OPEN:
            return
        # Also with a token: a browser may keep it, and a token that is guessed must not be enough for a web page.
        if not self._own_host(host):
            raise ControlError(403, _unknown_host(host))
        if self.token:
            self._check_token(headers)

    def _check_token(self, headers: Mapping[str, str]) -> None:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        tokens = (headers.get(TOKEN_HEADER, ""), bearer.strip() if scheme.lower() == "bearer" else "")
        wanted = self.token.encode()
        if not any(hmac.compare_digest(each.encode("utf-8", "replace"), wanted) for each in tokens):
            error = WrongToken if any(tokens) else ControlError
            raise error(401, "The control API of this server needs its token: X-Mock-Token: TOKEN")

    def _own_origin(self, origin: str, host: str) -> bool:
        scheme, _, authority = origin.partition("://")
        return scheme in ("http", "https") and authority in (host, urlsplit(self.public_url).netloc.lower())

    def _own_host(self, host: str) -> bool:
        """True for names that no other site can use: localhost, IP addresses, and the names of this server."""
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].strip("[]").removesuffix(".")
        # Names below localhost are always this machine (RFC 6761 section 6.3).
        if name == "localhost" or name.endswith(".localhost") or name in self._names:
            return True
        try:
            # A browser sends an address only if the URL of the page has it, so no DNS name was resolved.
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class WrongTokens:
    """Slows down the guessing of tokens: ten wrong ones a second are answered at once, the others wait for their turn.

    Requests with the right token never wait. What is kept is one instant, however many requests there are.
    """

    def __init__(self) -> None:
        self._turn = float("-inf")

    def delay(self, now: float) -> float:
        """Return the seconds that the reply to a wrong token has to wait. `now` is in seconds of a steady clock."""
        turn = max(self._turn, now - (_PER_SECOND - 1) / _PER_SECOND)
        self._turn = min(turn + 1 / _PER_SECOND, now + _LONGEST_DELAY)
        return max(0.0, turn - now)


def _unknown_host(host: str) -> str:
    if not host:
        return "The control API needs a Host header, such as localhost"
    match = _HOST.fullmatch(host)
    if match is None:
        return f"The control API does not answer to the host {host!r}, which is not a host name or an IP address"
    name = match[1]
    return (
        f"The control API does not answer to the host {host!r}. Use localhost or an IP address, or start the server "
        f"with --allow-host {name} (MOCKSERVER_ALLOW_HOSTS={name})"
    )
