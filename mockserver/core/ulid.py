"""ULIDs: identifiers that sort by when they were made."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TIME_LENGTH, RANDOM_LENGTH = 10, 16


def ulid_time(at: int) -> str:
    """The first ten characters of a ULID made at `at` (milliseconds, 48 bits); sixteen random ones follow."""
    return "".join(_CROCKFORD[at >> 5 * i & 31] for i in reversed(range(TIME_LENGTH)))
