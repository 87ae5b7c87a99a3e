"""The boxes that an MP4 file is made of."""

from struct import pack


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of the four-byte type `kind` around `parts` (ISO 14496-12, section 4.2).

    A payload of 4 GiB or more raises `struct.error`: nothing here writes 64-bit sizes.
    """
    payload = b"".join(parts)
    return pack(">I4s", 8 + len(payload), kind) + payload


def full_box(kind: bytes, flags: int, *parts: bytes) -> bytes:
    """A box that starts with version 0 and 24 bits of `flags` (ISO 14496-12, section 4.2)."""
    return box(kind, pack(">I", flags), *parts)
