"""Writes pictures as lossless WebP files (RFC 9649 section 3)."""

from struct import pack

from mockserver.media.bands import Bands, Row

_LONGEST = 4_096  # pixels of a copy
# The order in which the lengths of the code for lengths are written (section 3.7.2.1.2).
_LENGTHS_BEFORE_NINE = 13


class _Bits:
    """Bits, the lowest first."""

    def __init__(self) -> None:
        self.value, self.count = 0, 0
        self.parts: list[bytes] = []

    def put(self, value: int, count: int) -> None:
        self.value |= value << self.count
        self.count += count
        if self.count >= 512:
            whole = self.count // 8
            self.parts.append((self.value & (1 << 8 * whole) - 1).to_bytes(whole, "little"))
            self.value >>= 8 * whole
            self.count -= 8 * whole

    def finish(self) -> bytes:
        return b"".join([*self.parts, self.value.to_bytes(-(-self.count // 8), "little")])


def webp(picture: Bands) -> bytes:
    """Return a lossless WebP, at most 16,384 pixels wide and high. Repeated rows and pixels are copies."""
    bits = _Bits()
    bits.put(0x2F, 8)
    for size in (picture.width, picture.height):
        bits.put(size - 1, 14)
    bits.put(0, 4)  # no transparency, version 0
    bits.put(0, 3)  # no transform, no cache of colours, one set of codes
    green = _write_code(bits, 280)
    red = _write_code(bits, 256)
    blue = _write_code(bits, 256)
    _write_single(bits, 255)  # opacity
    # Two distances: 1 is the pixel above, and 2 the pixel to the left (section 3.6.2.2).
    _write_pair(bits, 0, 1)
    _write_pixels(bits, picture, (green, red, blue))
    data = bits.finish()
    data += b"\0" * (len(data) % 2)
    length = len(data)
    return b"RIFF" + pack("<I", 12 + length) + b"WEBPVP8L" + pack("<I", length) + data


_Code = list[tuple[int, int]]


def _write_code(bits: _Bits, symbols: int) -> _Code:
    """Write a prefix code in which all symbols have 8 or 9 bits, and return the bits of each symbol."""
    bits.put(0, 1)  # not a simple code
    nines = 2 * (symbols - 256)
    bits.put(_LENGTHS_BEFORE_NINE - 4, 4)
    # The code for lengths has two symbols, 8 and 9, which are at the places 11 and 12 of the order.
    for place in range(_LENGTHS_BEFORE_NINE):
        bits.put(int(place == 11 or (place == 12 and nines > 0)), 3)
    bits.put(0, 1)  # lengths for all symbols follow
    lengths = [8] * (symbols - nines) + [9] * nines
    if nines:
        for length in lengths:
            bits.put(length - 8, 1)
    code, value, before = [], 0, 8
    for length in lengths:
        value <<= length - before
        before = length
        code.append((int(f"{value:0{length}b}"[::-1], 2), length))
        value += 1
    return code


def _write_single(bits: _Bits, symbol: int) -> None:
    bits.put(0b101, 3)  # a simple code with one symbol of 8 bits
    bits.put(symbol, 8)


def _write_pair(bits: _Bits, first: int, second: int) -> None:
    bits.put(0b011, 3)  # a simple code with two symbols, the first one of one bit
    bits.put(first, 1)
    bits.put(second, 8)


def _write_pixels(bits: _Bits, picture: Bands, codes: tuple[_Code, _Code, _Code]) -> None:
    for count, row in picture.rows:
        _write_row(bits, picture, row, codes)
        _write_copy(bits, codes[0], picture.width * (count - 1), above=True)


def _write_row(bits: _Bits, picture: Bands, row: Row, codes: tuple[_Code, _Code, _Code]) -> None:
    for width, number in row:
        red, green, blue = picture.colors[number]
        for code, value in zip(codes, (green, red, blue), strict=True):
            bits.put(*code[value])
        _write_copy(bits, codes[0], width - 1, above=False)


def _write_copy(bits: _Bits, green: _Code, pixels: int, *, above: bool) -> None:
    """Write copies of the pixels above or to the left (section 3.6.2.2)."""
    while pixels > 0:
        length = min(pixels, _LONGEST)
        pixels -= length
        symbol, extra, count = _prefix(length)
        bits.put(*green[256 + symbol])
        bits.put(extra, count)
        bits.put(0 if above else 1, 1)


def _prefix(value: int) -> tuple[int, int, int]:
    """Return the prefix of a length, and its other bits with their number."""
    if value <= 4:
        return value - 1, 0, 0
    rest = value - 1
    high = rest.bit_length() - 1
    second = rest >> high - 1 & 1
    return 2 * high + second, rest & (1 << high - 1) - 1, high - 1
