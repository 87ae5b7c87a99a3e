"""Values that look random and are a hash of what they are for."""

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, TypeVar

T = TypeVar("T")

_ULP = 2.0**-53
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# A ULID is ten characters of time and sixteen that are random.
ULID_TIME, ULID_RANDOM = 10, 16
_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"


class Seeded:
    """A source of values fixed by the parts it was made from.

    The same parts and the same name give the same value in every process and on every machine: nothing is
    drawn from a sequence, so a value never depends on which other values were asked for before it.
    """

    __slots__ = ("_root",)

    def __init__(self, *parts: str | int) -> None:
        self._root = blake2b(_joined(parts), digest_size=16).digest()

    def child(self, *name: str | int) -> "Seeded":
        """A source of its own, for the thing called `name`."""
        made = Seeded.__new__(Seeded)
        made._root = self.digest(*name)
        return made

    def digest(self, *name: str | int, size: int = 16) -> bytes:
        """`size` bytes (at most 64) for `name`."""
        return blake2b(_joined(name), digest_size=size, key=self._root).digest()

    def prefixed(self, *name: str | int, size: int = 16) -> "Prefixed":
        """What gives `digest(*name, *rest, size=size)` for one rest of a name after the other, for less."""
        return Prefixed(blake2b(_joined(name), digest_size=size, key=self._root))

    def bits(self, *name: str | int) -> int:
        """An integer of 64 bits."""
        return int.from_bytes(self.digest(*name, size=8), "big")

    def unit(self, *name: str | int) -> float:
        """A float, at least 0 and less than 1."""
        return (self.bits(*name) >> 11) * _ULP

    def integer(self, low: int, high: int, *name: str | int) -> int:
        """An integer from `low` to `high`, both included."""
        return low + self.bits(*name) % (high - low + 1)

    def choice(self, options: Sequence[T], *name: str | int) -> T:
        """One of `options`, which must not be empty."""
        return options[self.bits(*name) % len(options)]

    def sample(self, options: Sequence[T], count: int, *name: str | int) -> list[T]:
        """`count` different members of `options`, in a seeded order."""
        ranked = sorted(range(len(options)), key=lambda i: self.digest(*name, i, size=8))
        return [options[i] for i in ranked[:count]]

    def hexadecimal(self, length: int, *name: str | int) -> str:
        """`length` lower-case hexadecimal digits, at most 128."""
        return self.digest(*name, size=(length + 1) // 2).hex()[:length]

    def token(self, length: int, *name: str | int) -> str:
        """`length` lower-case letters and digits, at most 60."""
        return token_of(int.from_bytes(self.digest(*name, size=64), "big"), length)

    def crockford(self, length: int, *name: str | int) -> str:
        """`length` characters of Crockford's base 32, as ULIDs use; at most 60."""
        return crockford_of(int.from_bytes(self.digest(*name, size=64), "big"), length)


class Prefixed:
    """The digests of names that begin alike."""

    __slots__ = ("_begun",)

    def __init__(self, begun: Any) -> None:
        self._begun = begun

    def digest(self, *rest: str | int) -> bytes:
        """The digest of the name that ends with `rest`."""
        digest = self._begun.copy()
        digest.update(_joined(rest))
        made: bytes = digest.digest()
        return made

    def unit(self, *rest: str | int) -> float:
        """A float, at least 0 and less than 1, as `Seeded.unit` gives it; for digests of 8 bytes."""
        return (int.from_bytes(self.digest(*rest), "big") >> 11) * _ULP


def token_of(number: int, length: int) -> str:
    """A number as `length` lower-case letters and digits, the lowest first; what is beyond them is left out."""
    return _in_base(number, _LOWER, length)


def crockford_of(number: int, length: int) -> str:
    """A number as `length` characters of Crockford's base 32, the lowest first; what is beyond them is left out."""
    return _in_base(number, _CROCKFORD, length)


def ulid_time(at: int) -> str:
    """The first ten characters of a ULID made at `at` (milliseconds, 48 bits); sixteen random ones follow."""
    return "".join(_CROCKFORD[at >> 5 * i & 31] for i in reversed(range(ULID_TIME)))


def _joined(parts: Sequence[str | int]) -> bytes:
    # The length before each part keeps ("ab", "c") apart from ("a", "bc"); its mark keeps 1 apart from "1" and "#1".
    texts = [f"{len(p)}:{p}" if p.__class__ is str else f"{len(str(p))}#{p}" for p in parts]
    return "".join(texts).encode("utf-8", "surrogatepass")


@cache
def _pairs(alphabet: str) -> tuple[str, ...]:
    """Every two digits, the lower one first: dividing by the square of the base takes half the divisions."""
    return tuple(low + high for high in alphabet for low in alphabet)


def _in_base(number: int, alphabet: str, length: int) -> str:
    pairs, digits = _pairs(alphabet), []
    base = len(pairs)
    number %= len(alphabet) ** length  # the digits are the same, and small numbers divide faster
    for _ in range(0, length, 2):
        number, digit = divmod(number, base)
        digits.append(pairs[digit])
    return "".join(digits)[:length]
