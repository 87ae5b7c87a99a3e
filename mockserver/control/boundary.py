"""Who may use the control API: not a web page of somebody else's.

The server listens on the localhost of people's machines, so the likely attacker is a page in their browser. A
browser tells where a request comes from (Sec-Fetch-Site, Origin) and cannot forge the Host header, which a name
rebound to this address would betray.
"""

import ipaddress
from collections.abc import Mapping

from mockserver.control.call import ControlError

_SAFE_SITES = ("same-origin", "none")
_LOCAL_NAMES = ("localhost", "mock.test", "testserver", "host.docker.internal")


def check_boundary(headers: Mapping[str, str]) -> None:
    """Raises ControlError 403 for a request that a foreign web page could have made."""
    host = headers.get("host", "")
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "none") not in _SAFE_SITES:
        raise ControlError(403, "The control API refuses requests from other sites (Sec-Fetch-Site)")
    if origin is not None and origin.partition("://")[2] != host:
        raise ControlError(403, f"The control API refuses requests from other sites (Origin {origin!r})")
    if not _own_host(host):
        raise ControlError(403, f"The control API does not answer to the host {host!r}; use localhost or an IP address")


def _own_host(host: str) -> bool:
    """True for names that a foreign DNS zone cannot hold: IP addresses, localhost, and names without a dot."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name in _LOCAL_NAMES or name.endswith(".localhost") or ("." not in name and ":" not in name):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
