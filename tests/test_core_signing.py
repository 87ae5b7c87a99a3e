"""Signatures: HMAC-SHA256 over exact bytes, compared with the vectors of RFC 4231 and the formula of RFC 2104."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.signing import hmac_sha256

# RFC 4231 section 4. Secrets are strings here, so the cases whose keys are not UTF-8 (3, 6 and 7) are left out.
VECTORS = {
    "4.2, test case 1": (
        "\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    "4.3, test case 2": (
        "Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    "4.5, test case 4": (
        "".join(map(chr, range(1, 26))),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
}


@pytest.mark.parametrize("vector", VECTORS)
def test_signatures_equal_the_vectors_of_rfc_4231(vector: str) -> None:
    secret, data, signature = VECTORS[vector]
    assert hmac_sha256(secret, data) == signature


def test_a_truncated_signature_is_the_beginning_of_a_whole_one() -> None:
    """RFC 4231 section 4.6, test case 5: only the first 128 bits are given."""
    assert hmac_sha256("\x0c" * 20, b"Test With Truncation").startswith("a3b6167473100ee06e0c796c2955552b")


def by_formula(key: bytes, data: bytes) -> str:
    """RFC 2104 section 2: H(K XOR opad, H(K XOR ipad, text)), a key longer than a block being hashed first."""
    key = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = sha256(bytes(b ^ 0x36 for b in key) + data).digest()
    return sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()


@given(st.text(max_size=100), st.binary(max_size=300))
def test_signatures_follow_the_formula_for_any_secret_and_bytes(secret: str, data: bytes) -> None:
    assert hmac_sha256(secret, data) == by_formula(secret.encode(), data)


@given(st.lists(st.binary(max_size=20), max_size=4))
def test_parts_are_signed_like_their_concatenation(parts: list[bytes]) -> None:
    assert hmac_sha256("whsec_mockserver", *parts) == hmac_sha256("whsec_mockserver", b"".join(parts))
