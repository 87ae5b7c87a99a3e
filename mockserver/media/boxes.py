"""Creates the boxes of an MP4 file."""

from struct import pack


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of the four-byte type `kind` with `parts` as its payload (ISO 14496-12, section 4.2).

    Raises `struct.error` for a payload of 4 GiB or more, because 64-bit sizes are not supported.
    """
    payload = b"".join(parts)
    return pack(">I4s", 8 + len(payload), kind) + payload


def full_box(kind: bytes, flags: int, *parts: bytes) -> bytes:
    """Return a box that starts with version 0 and 24 bits of `flags` (ISO 14496-12, section 4.2)."""
    return box(kind, pack(">I", flags), *parts)
