"""Values that look random and are hashes of a seed and a name."""

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
    """A source of values that depend only on `parts` and on the name of the value.

    The same parts and name give the same value in every process and on every machine. Values are not drawn from a
    sequence, so a value never depends on which other values were drawn before it.
    """

    __slots__ = ("_root",)

    def __init__(self, *parts: str | int) -> None:
        self._root = blake2b(_joined(parts), digest_size=16).digest()

    def child(self, *name: str | int) -> "Seeded":
        """Return a separate source for `name`."""
        child = Seeded.__new__(Seeded)
        child._root = self.digest(*name)
        return child

    def digest(self, *name: str | int, size: int = 16) -> bytes:
        """Return `size` bytes (at most 64) for `name`."""
        return blake2b(_joined(name), digest_size=size, key=self._root).digest()

    def prefixed(self, *name: str | int, size: int = 16) -> "Prefixed":
        """Return a source of `digest(*name, *rest, size=size)` that is faster for many values of `rest`."""
        return Prefixed(blake2b(_joined(name), digest_size=size, key=self._root))

    def bits(self, *name: str | int) -> int:
        """Return an unsigned integer of 64 bits."""
        return int.from_bytes(self.digest(*name, size=8), "big")

    def unit(self, *name: str | int) -> float:
        """Return a float, at least 0 and less than 1."""
        return (self.bits(*name) >> 11) * _ULP

    def integer(self, low: int, high: int, *name: str | int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return low + self.bits(*name) % (high - low + 1)

    def choice(self, options: Sequence[T], *name: str | int) -> T:
        """Return one of `options`, which must not be empty."""
        return options[self.bits(*name) % len(options)]

    def sample(self, options: Sequence[T], count: int, *name: str | int) -> list[T]:
        """Return `count` different members of `options`, in a seeded order."""
        ranked = sorted(range(len(options)), key=lambda i: self.digest(*name, i, size=8))
        return [options[i] for i in ranked[:count]]

    def hexadecimal(self, length: int, *name: str | int) -> str:
        """Return `length` lower-case hexadecimal digits, at most 128."""
        return self.digest(*name, size=(length + 1) // 2).hex()[:length]

    def token(self, length: int, *name: str | int) -> str:
        """Return `length` lower-case letters and digits, at most 60."""
        return token_of(int.from_bytes(self.digest(*name, size=64), "big"), length)

    def crockford(self, length: int, *name: str | int) -> str:
        """Return `length` characters of Crockford's base 32, as used by ULIDs; at most 60."""
        return crockford_of(int.from_bytes(self.digest(*name, size=64), "big"), length)


class Prefixed:
    """The digests of names that have the same beginning."""

    __slots__ = ("_hash",)

    def __init__(self, hash_of_prefix: Any) -> None:
        self._hash = hash_of_prefix

    def digest(self, *rest: str | int) -> bytes:
        """Return the digest of the name that ends with `rest`."""
        whole = self._hash.copy()
        whole.update(_joined(rest))
        digest: bytes = whole.digest()
        return digest

    def unit(self, *rest: str | int) -> float:
        """Return the same float as `Seeded.unit`; only for digests of 8 bytes."""
        return (int.from_bytes(self.digest(*rest), "big") >> 11) * _ULP


def token_of(number: int, length: int) -> str:
    """Return the `length` lowest base-36 digits of a number, the lowest first, as lower-case letters and digits."""
    return _in_base(number, _LOWER, length)


def crockford_of(number: int, length: int) -> str:
    """Return the `length` lowest digits of a number in Crockford's base 32, the lowest first."""
    return _in_base(number, _CROCKFORD, length)


def ulid_time(at: int) -> str:
    """Return the ten time characters of a ULID created at `at` (milliseconds, 48 bits). Sixteen random ones follow."""
    return "".join(_CROCKFORD[at >> 5 * i & 31] for i in reversed(range(ULID_TIME)))


def _joined(parts: Sequence[str | int]) -> bytes:
    # The length before each part distinguishes ("ab", "c") from ("a", "bc"); its mark distinguishes 1, "1" and "#1".
    texts = [f"{len(p)}:{p}" if p.__class__ is str else f"{len(str(p))}#{p}" for p in parts]
    return "".join(texts).encode("utf-8", "surrogatepass")


@cache
def _pairs(alphabet: str) -> tuple[str, ...]:
    """Return all pairs of digits, the lower one first: dividing by the square of the base takes half the divisions."""
    return tuple(low + high for high in alphabet for low in alphabet)


def _in_base(number: int, alphabet: str, length: int) -> str:
    pairs, digits = _pairs(alphabet), []
    base = len(pairs)
    number %= len(alphabet) ** length  # the digits are the same, and small numbers divide faster
    for _ in range(0, length, 2):
        number, digit = divmod(number, base)
        digits.append(pairs[digit])
    return "".join(digits)[:length]
