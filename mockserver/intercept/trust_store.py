"""Trust stores for Java: the trusted certificates as an unencrypted PKCS #12 file (RFC 7292)."""

import re
import ssl
from collections.abc import Iterator

# Java reads a store with a password. This one contains only certificates, which are public.
PASSWORD = "changeit"

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# Tags of DER (X.690). The last one is `[0]` of a sequence.
_INTEGER, _OCTETS, _OID, _BMP_TEXT, _SEQUENCE, _SET, _CONTEXT = 0x02, 0x04, 0x06, 0x1E, 0x30, 0x31, 0xA0


def _der(tag: int, *parts: bytes) -> bytes:
    """Return a value in DER: its tag, its length, and its parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _oid(encoded: str) -> bytes:
    return _der(_OID, bytes.fromhex(encoded))


_DATA = _oid("2a864886f70d010701")  # 1.2.840.113549.1.7.1
_CERTIFICATE_BAG = _oid("2a864886f70d010c0a0103")  # 1.2.840.113549.1.12.10.1.3
_X509 = _oid("2a864886f70d01091601")  # 1.2.840.113549.1.9.22.1
_FRIENDLY_NAME = _oid("2a864886f70d010914")  # 1.2.840.113549.1.9.20
# Java trusts a certificate only with this attribute of Oracle's: trustedKeyUsage, 2.16.840.1.113894.746875.1.1. Its
# value is anyExtendedKeyUsage, 2.5.29.37.0.
_TRUSTED = _der(_SEQUENCE, _oid("6086480186f966adca7b0101"), _der(_SET, _oid("551d2500")))


def trust_store(pem: bytes) -> bytes:
    """Return a PKCS #12 file with all certificates of a PEM file, as trusted ones. It has no MAC and no encryption."""
    bags = b"".join(_bag(number, certificate) for number, certificate in enumerate(_certificates(pem)))
    contents = _der(_SEQUENCE, _content(_der(_SEQUENCE, bags)))
    return _der(_SEQUENCE, _der(_INTEGER, b"\x03"), _content(contents))


def _content(data: bytes) -> bytes:
    """Return a ContentInfo with data (RFC 5652 section 4)."""
    return _der(_SEQUENCE, _DATA, _der(_CONTEXT, _der(_OCTETS, data)))


def _bag(number: int, certificate: bytes) -> bytes:
    value = _der(_SEQUENCE, _X509, _der(_CONTEXT, _der(_OCTETS, certificate)))
    name = _der(_BMP_TEXT, f"authority-{number}".encode("utf-16-be"))
    attributes = _der(_SET, _der(_SEQUENCE, _FRIENDLY_NAME, _der(_SET, name)), _TRUSTED)
    return _der(_SEQUENCE, _CERTIFICATE_BAG, _der(_CONTEXT, value), attributes)


def _certificates(pem: bytes) -> Iterator[bytes]:
    for match in _PEM.finditer(pem.decode("ascii", "replace")):
        try:
            yield ssl.PEM_cert_to_DER_cert(match[0])
        except ValueError:  # a certificate of the user's file that nothing else can read either
            continue
