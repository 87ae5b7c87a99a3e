"""Access to the control API: not for web pages of other sites, and from other machines only with the token.

The server listens on the localhost of people's machines, so the likely attacker is a page in their browser. A browser
states where a request comes from (Sec-Fetch-Site, Origin). It also sends the true Host header, which shows when a
public DNS name was rebound to this address. A page cannot send JSON to another site without a preflight request, and
the control API allows none.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mockserver.control.errors import ControlError

TOKEN_HEADER = "x-mock-token"
# Probes reveal nothing, and their clients have no token and may use any host name.
OPEN = ("/health", "/ready")

_SAFE_SITES = ("same-origin", "none")
_LOCAL_NAMES = ("localhost", "mock.test", "testserver", "host.docker.internal")


@dataclass(frozen=True, slots=True)
class Boundary:
    """The access rules of one server's control API.

    With a `token` every request needs it, as X-Mock-Token or as a bearer. `public_url` is where clients reach the
    server apart from localhost: its host counts as the server's own.
    """

    token: str = ""
    public_url: str = ""

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """Raises ControlError 403 for requests that a foreign web page could send, 401 for a missing or wrong token."""
        host = headers.get("host", "").lower()
        if headers.get("sec-fetch-site", "none") not in _SAFE_SITES:
            raise ControlError(403, "The control API refuses requests from other sites (Sec-Fetch-Site)")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() not in (host, self._public_host()):
            raise ControlError(403, f"The control API refuses requests from other sites (Origin {origin!r})")
        if path in OPEN:
            return
        if self.token:
            self._check_token(headers)
        elif not _own_host(host) and host != self._public_host():
            known = "use localhost, an IP address, or set --public-url or --token"
            raise ControlError(403, f"The control API does not answer to the host {host!r}; {known}")

    def _check_token(self, headers: Mapping[str, str]) -> None:
        # A client that has the token is not a web page that used DNS rebinding, so the host may have any name.
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        tokens = (headers.get(TOKEN_HEADER, ""), bearer.strip() if scheme.lower() == "bearer" else "")
        wanted = self.token.encode()
        if not any(hmac.compare_digest(each.encode("utf-8", "replace"), wanted) for each in tokens):
            raise ControlError(401, "The control API of this server needs its token: X-Mock-Token: TOKEN")

    def _public_host(self) -> str | None:
        return urlsplit(self.public_url).netloc.lower() or None


def _own_host(host: str) -> bool:
    """True for names that a public DNS zone cannot hold: IP addresses, localhost, and names without a dot."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name in _LOCAL_NAMES or name.endswith(".localhost") or ("." not in name and ":" not in name):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
