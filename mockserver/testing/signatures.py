"""Verifies the signatures of webhooks as a receiver does, from the provider's documentation."""

import hmac
from collections.abc import Iterable, Mapping
from typing import Literal

from mockserver.core.signing import hmac_sha256
from mockserver.kit.provider import Provider
from mockserver.kit.webhooks import Signature

Verdict = Literal["valid", "invalid", "stale", "missing"]

# How many milliseconds a signed timestamp may differ from now. Receivers usually allow five minutes.
TOLERANCE = 300_000


def sender_of(headers: Mapping[str, str], providers: Iterable[Provider]) -> Provider | None:
    """Return the provider whose signature headers a call has, or None. Names of `headers` are lower case."""
    for provider in providers:
        signature = provider.signature
        if signature is None:
            continue
        if signature.header.lower() in headers or (signature.timestamp_header or "").lower() in headers:
            return provider
    return None


def verdict(
    signature: Signature, headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: int | None
) -> Verdict:
    """Check whether a call is signed with one of the secrets.

    Names of `headers` are lower case; `now` is in milliseconds. If it is None, no signature is stale.
    """
    received, stamp = headers.get(signature.header.lower()), headers.get((signature.timestamp_header or "").lower(), "")
    if received is None:
        return "missing"
    parts = (body, stamp.encode("latin-1", "replace"))
    if not any(hmac.compare_digest(received.encode(), f"sha256={hmac_sha256(s, *parts)}".encode()) for s in secrets):
        return "invalid"
    if signature.timestamp_header and now is not None:
        return "valid" if stamp.isdigit() and abs(int(stamp) * 1000 - now) <= TOLERANCE else "stale"
    return "valid"
