"""Masks credentials: enough is shown to distinguish them, never all of it."""

from collections.abc import Iterable
from hashlib import blake2b

SECRET_HEADERS = frozenset(("authorization", "x-api-key", "cookie", "proxy-authorization", "x-mock-token"))


def masked(key: str) -> str:
    """Return the first characters of a credential and a short hash of all of it. The same key gives the same text."""
    start = key[: min(6, len(key) // 2)]
    return f"{start}...{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"


def masked_account(account: str) -> str:
    """Return an account's id, `provider:key`, with the key masked."""
    provider, _, key = account.partition(":")
    return f"{provider}:{masked(key)}"


def masked_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of a request with their credentials masked."""
    return [_masked(name, value) for name, value in headers]


def _masked(name: str, value: str) -> tuple[str, str]:
    if name not in SECRET_HEADERS:
        return name, value
    scheme, space, token = value.partition(" ")
    return name, f"{scheme} {masked(token)}" if space else masked(value)
