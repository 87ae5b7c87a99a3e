"""Find the provider and the sandbox that a request is for."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

# The prefix of a sandbox name in a path. Some clients encode the tilde, which means the same (RFC 3986 section 2.3).
_SANDBOX_PREFIXES = ("/~", "/%7E", "/%7e")
_SANDBOX_IN_KEY = re.compile(r"sbx-([A-Za-z0-9][A-Za-z0-9_-]{0,127})")


class Address(NamedTuple):
    """The address of a request, as its URL and Host header give it.

    `target` is the name of a provider, `control` for the control API, or None if neither the path's prefix nor the
    host names one. `path` is the rest of the path. `addressed_by` says where the target was found.
    """

    target: str | None
    path: str
    sandbox: str | None = None
    addressed_by: Literal["prefix", "host", "bare"] = "bare"


class AddressBook:
    """Looks addresses up by the prefixes and the documented hosts of the providers."""

    def __init__(self, hosts: Mapping[str, Iterable[str]]) -> None:
        self._prefixes = {name: name for name in hosts} | {"_mock": "control"}
        self._hosts = {host: name for name, own_hosts in hosts.items() for host in own_hosts}

    def find(self, path: str, host: str) -> Address:
        """Return the address of a request. A path prefix takes precedence over the Host header."""
        sandbox = None
        if path.startswith(_SANDBOX_PREFIXES):
            prefix = next(p for p in _SANDBOX_PREFIXES if path.startswith(p))
            name, slash, rest = path.removeprefix(prefix).partition("/")
            sandbox, path = name, slash + rest or "/"
        end = path.find("/", 1)
        first = path[1:] if end < 0 else path[1:end]
        target = self._prefixes.get(first)
        if target is not None:
            return Address(target, path[len(first) + 1 :] or "/", sandbox, "prefix")
        target = self._hosts.get(host) or self._hosts.get(host.partition(":")[0].lower())
        if target is not None:
            return Address(target, path, sandbox, "host")
        return Address(None, path, sandbox)


def sandbox_in_key(key: str, exists: Mapping[str, object]) -> str | None:
    """Return the name of the sandbox in an API key that contains `sbx-NAME`, or None if it contains none.

    The key may continue after the name (`sbx-alice-free`): the longest name that is in `exists` counts. If there is no
    such name, everything after `sbx-` is returned, for the error message.
    """
    match = _SANDBOX_IN_KEY.search(key)
    if match is None:
        return None
    text = match[1]
    for end in range(len(text), 0, -1):
        if (end == len(text) or text[end] in "-_") and text[:end] in exists:
            return text[:end]
    return text
