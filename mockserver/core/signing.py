"""HMAC signatures over exact bytes."""

import hmac
from hashlib import sha256


def hmac_sha256(secret: str, *parts: bytes) -> str:
    """Return the HMAC-SHA256 (RFC 2104) of the joined parts, in lower-case hexadecimal."""
    return hmac.new(secret.encode(), b"".join(parts), sha256).hexdigest()
