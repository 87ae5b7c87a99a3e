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
    """The provider whose signature a call has, or a part of it. `headers` are by name in lower case."""
    for provider in providers:
        signature = provider.signature
        if signature is None:
            continue
        if signature.header.lower() in headers or (signature.timestamp_header or "").lower() in headers:
            return provider
    return None


def verdict(signature: Signature, headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now: int) -> Verdict:
    """Whether a call is signed by one of the secrets. `headers` are by name in lower case; `now` is in milliseconds."""
    given, stamp = headers.get(signature.header.lower()), headers.get((signature.timestamp_header or "").lower(), "")
    if given is None:
        return "missing"
    parts = (body, stamp.encode("latin-1", "replace"))
    if not any(hmac.compare_digest(given.encode(), f"sha256={hmac_sha256(s, *parts)}".encode()) for s in secrets):
        return "invalid"
    if signature.timestamp_header and (not stamp.isdigit() or abs(int(stamp) * 1000 - now) > TOLERANCE):
        return "stale"
    return "valid"
