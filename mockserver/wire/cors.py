"""Requests of web pages to another origin: the headers of the replies to them, and the replies to preflights.

The source of the rules is the Fetch standard, section 3.2 (the CORS protocol). Cookies are never allowed: the providers
take keys in headers.
"""

import re
from collections.abc import Mapping, Sequence

from mockserver.kit.operations import Header, Operation, Reply
from mockserver.kit.provider import Provider
from mockserver.wire.request import Request
from mockserver.wire.routes import Match

_ANY_ORIGIN: Header = (b"access-control-allow-origin", b"*")
_VARY: Header = (b"vary", b"Origin")
# All methods, so that a page can read the 405 for a method that a path does not have.
_METHODS: Header = (b"access-control-allow-methods", b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
_PRIVATE_NETWORK: Header = (b"access-control-allow-private-network", b"true")
# Headers that any reply can have, and that a page can read only if they are listed.
_EXPOSED = ("Date", "Retry-After", "X-Mock-Rule")
# A list of header names (RFC 9110 section 5.6.1).
_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
# The row of the ledger for a provider whose real API answers web pages.
_ROWS = ("rule.browsers",)


class CrossOrigin:
    """Decides how a provider answers web pages of other origins.

    They can read its replies if the provider's real API allows it, or if the user has chosen it: for the server
    (`everywhere`), or for a sandbox (`chosen`). Without a provider, the replies are those of the server itself.
    """

    __slots__ = ("_everywhere", "_exposed", "_of_provider")

    def __init__(self, provider: Provider | None, *, everywhere: bool) -> None:
        self._of_provider = provider is not None and provider.cors
        self._everywhere = everywhere
        exposed = ", ".join((*(provider.limit_headers if provider is not None else ()), *_EXPOSED))
        self._exposed: Header = (b"access-control-expose-headers", exposed.encode())

    def headers(self, headers: Mapping[str, str], *, chosen: bool = False) -> Sequence[Header]:
        """Return the headers with which a page may read the reply to a request with these `headers`, if it may."""
        if not (self._of_provider or self._everywhere or chosen):
            return ()
        return (*allow_origin(headers), self._exposed)

    def options(self, request: Request, match: Match[Operation] | None, *, chosen: bool) -> Reply | None:
        """Return the reply to OPTIONS, or None if the provider does not support that method.

        A preflight needs no credential. If the user has chosen CORS, a preflight for an unknown path succeeds, too:
        otherwise the page could not read the 404 of its request.
        """
        chosen = chosen or self._everywhere
        of_provider = self._of_provider and match is not None
        if is_preflight(request) and (chosen or of_provider):
            headers = [*self._allow(match), *_preflight_headers(request, private_network=chosen)]
            note = "a CORS preflight request of a browser"
        elif of_provider:
            headers, note = self._allow(match), None
        else:
            return None
        rows = _ROWS if of_provider else ()
        return Reply(200, None, headers, "text/html; charset=utf-8", ledger_rows=rows, note=note)

    def allowed(self, match: Match[Operation]) -> str:
        """Return the value of the Allow header for a path (RFC 9110 section 10.2.1)."""
        return ", ".join(sorted((*match.allowed.split(", "), "OPTIONS"))) if self._of_provider else match.allowed

    def _allow(self, match: Match[Operation] | None) -> list[Header]:
        return [] if match is None else [(b"allow", self.allowed(match).encode())]


def allow_origin(headers: Mapping[str, str]) -> Sequence[Header]:
    """Return the headers that allow the origin of a request, or any origin if the request has none."""
    origin = headers.get("origin")
    if origin is None:
        return (_ANY_ORIGIN,)
    # The origin itself and not `*`: PromptToVideo, whose source is public, sends it (FACTS section 2, browsers).
    return (b"access-control-allow-origin", origin.encode("latin-1", "replace")), _VARY


def is_preflight(request: Request) -> bool:
    """Return true if a browser asks with this request whether a page may send another one."""
    headers = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def _preflight_headers(request: Request, *, private_network: bool) -> Sequence[Header]:
    """Return the headers that allow the announced request, with any method and headers.

    With `private_network` a page of the public internet may send it, too, although the server has a private address.
    """
    allowed = [_METHODS]
    names = request.headers.get("access-control-request-headers", "").strip()
    if _NAMES.fullmatch(names):
        allowed.append((b"access-control-allow-headers", names.encode("latin-1")))
    if private_network and request.headers.get("access-control-request-private-network") == "true":
        allowed.append(_PRIVATE_NETWORK)
    return allowed
