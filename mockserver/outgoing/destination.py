"""The destination of an outgoing call: a URL, parsed once and strictly.

A URL that programs parse in different ways (`127.1`, `0177.0.0.1`, `http://a\\@b`) is refused, so that the address
that was checked is the address that is called.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import quote

Address = IPv4Address | IPv6Address

# RFC 9110 section 4.1 asks for at least 8,000 octets. The limit makes hostile URLs cheap to refuse.
MAX_URL = 8192

_PORTS = {"http": 80, "https": 443}
# ASCII, because otherwise IGNORECASE accepts U+017F (long s) for the s of https.
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.ASCII)
_NOT_IN_URLS = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff\\\\]")
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# The WHATWG rule "ends in a number": inet_aton and browsers read such a host as an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


class EgressRefused(Exception):
    """The call is not allowed. The message says why, and what to change."""


class Destination(NamedTuple):
    """The parts of a URL, as they are sent.

    `host` is in lower case and without brackets. `target` is the path and query (RFC 9112 section 3.2.1). `address`
    is set if the host is an address and not a name.
    """

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110 section 7.2), without the default port of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(url: str) -> Destination:
    """Parse an absolute http or https URL. Raises EgressRefused if two programs could parse it differently.

    This is stricter than RFC 3986 and the WHATWG URL standard: nothing is repaired. Only characters outside ASCII in
    the path and query are encoded (RFC 3987 section 3.1), and the fragment is dropped (RFC 9110 section 7.1).
    """
    if len(url) > MAX_URL:
        raise EgressRefused(f"the URL is longer than {MAX_URL} characters")
    if _NOT_IN_URLS.search(url):
        raise EgressRefused("the URL has spaces, control characters or backslashes: write them as %20, %0A, %5C")
    match = _URL.fullmatch(url)
    if match is None:
        raise EgressRefused("the URL must begin with http:// or https://, and a host")
    scheme, authority, rest = match[1].lower(), match[2], match[3]
    host, port = _host_and_port(authority, scheme)
    target = rest if rest.startswith("/") else f"/{rest}"
    if not target.isascii():
        target = quote(target, safe=_VISIBLE)
    # A name cannot contain a colon, so a host with one was in brackets.
    return Destination(scheme, host, port, target, IPv6Address(host) if ":" in host else _ipv4(host))


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    if "@" in authority:
        # The message does not repeat the URL, because it may contain a password.
        raise EgressRefused("the URL has a user name or a password: send them in a header")
    if "%" in authority or not authority.isascii():
        raise EgressRefused("the host has a % or a character outside ASCII: write a plain name (xn--… for IDN)")
    if authority.startswith("["):
        bracketed = _BRACKETED.fullmatch(authority)
        if bracketed is None:
            raise EgressRefused("the host must be an IPv6 address in brackets, with an optional port")
        return _ipv6(bracketed[1]), _port(bracketed[2], scheme)
    host, _, text = authority.partition(":")
    port = _port(text, scheme)  # checked before the host, for a better message about ::1 without brackets
    return _name(host.lower()), port


def _port(text: str | None, scheme: str) -> int:
    if not text:  # RFC 3986 section 3.2.3: an empty port means the default port
        return _PORTS[scheme]
    if re.fullmatch("[0-9]{1,5}", text) is None or not 0 < int(text) < 65536:
        raise EgressRefused("the port must be a number from 1 to 65535 (an IPv6 address needs brackets)")
    return int(text)


def _ipv6(text: str) -> str:
    try:
        IPv6Address(text)
    except ValueError:
        raise EgressRefused("the host in brackets is not an IPv6 address") from None
    return text.lower()


def _name(host: str) -> str:
    labels = host.removesuffix(".").split(".")
    if not labels[-1]:
        raise EgressRefused("the URL has no host")
    if _NUMBER.fullmatch(labels[-1]) and _ipv4(host) is None:
        raise EgressRefused("a host that ends in a number must be an IPv4 address of four plain decimal numbers")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise EgressRefused("the host must be a name of letters, digits, hyphens and underscores")
    return host


def _ipv4(host: str) -> IPv4Address | None:
    try:
        return IPv4Address(host)  # strict: four parts, no leading zeros
    except ValueError:
        return None
