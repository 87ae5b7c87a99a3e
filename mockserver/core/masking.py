"""Credentials are shown as enough to tell them apart, and never whole."""

from collections.abc import Iterable
from hashlib import blake2b

SECRET_HEADERS = frozenset(("authorization", "x-api-key", "cookie", "proxy-authorization", "x-mock-token"))


def masked(key: str) -> str:
    """A credential's first characters and a short mark of the rest: the same key always looks the same."""
    shown = key[: min(6, len(key) // 2)]
    return f"{shown}...{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def masked_account(account: str) -> str:
    """An account's id, `provider:key`, with its key masked."""
    provider, _, key = account.partition(":")
    return f"{provider}:{masked(key)}"


def masked_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of a request with the credentials in them masked."""
    return [_masked(name, value) for name, value in headers]


def _masked(name: str, value: str) -> tuple[str, str]:
    if name not in SECRET_HEADERS:
        return name, value
    scheme, space, token = value.partition(" ")
    return name, f"{scheme} {masked(token)}" if space else masked(value)
