"""Addresses: which provider and which sandbox a request is for."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
# What stands before the name of a sandbox in a path. Some clients encode the tilde, which changes nothing (RFC 3986
# section 2.3).
_MARKS = ("/~", "/%7E", "/%7e")
_IN_KEY = re.compile(r"sbx-([A-Za-z0-9][A-Za-z0-9_-]{0,127})")


class Address(NamedTuple):
    """Where a request goes: a provider's name, `control`, or None for a bare path; and the path that is left."""

    target: str | None
    path: str
    sandbox: str | None = None
    how: Literal["prefix", "host", "bare"] = "bare"


class AddressBook:
    """The prefixes and documented hosts of the providers."""

    def __init__(self, hosts: Mapping[str, Iterable[str]]) -> None:
        self._prefixes = {name: name for name in hosts} | {"_mock": "control"}
        self._hosts = {host: name for name, known in hosts.items() for host in known}

    def find(self, path: str, host: str) -> Address:
        """The address of a request. A path prefix is looked at first, then the Host header, then nothing."""
        sandbox = None
        if path.startswith(_MARKS):
            mark = next(m for m in _MARKS if path.startswith(m))
            name, slash, rest = path.removeprefix(mark).partition("/")
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
    """The sandbox that an API key names by containing `sbx-NAME`; None when it names none.

    A key may go on after the name (`sbx-alice-free`): the longest name that exists is meant. When none does, the
    whole rest is given back, so that the refusal can say what was asked for.
    """
    found = _IN_KEY.search(key)
    if found is None:
        return None
    whole = found[1]
    for end in range(len(whole), 0, -1):
        if (end == len(whole) or whole[end] in "-_") and whole[:end] in exists:
            return whole[:end]
    return whole
