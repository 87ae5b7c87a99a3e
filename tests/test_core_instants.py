"""Instants: RFC 3339 texts and milliseconds since the epoch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.instants import parse_rfc3339, rfc3339, rfc3339_with_millis


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2025-06-01T12:00:00Z", 1_748_779_200_000),
        ("2025-06-01T14:00:00+02:00", 1_748_779_200_000),
        ("2025-06-01T12:00:00.250Z", 1_748_779_200_250),
        ("2025-06-01T12:00:00.123456Z", 1_748_779_200_123),
        ("8999-12-31T23:59:59Z", 221_845_391_999_000),
    ],
)
def test_an_instant_is_read_as_milliseconds(written: str, at: int) -> None:
    assert parse_rfc3339(written) == at


@pytest.mark.parametrize(
    "written", ["", "noon", "2025-06-01T12:00:00", "2025-06-01", "2025-02-30T00:00:00Z", "1748779200"]
)
def test_an_invalid_instant_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match=r"expected an instant such as 2025-06-01T12:00:00Z, got "):
        parse_rfc3339(written)


@pytest.mark.parametrize("written", ["1969-12-31T23:59:59.999Z", "9000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_years_before_1970_and_after_8999_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="expected an instant in the years 1970 to 8999"):
        parse_rfc3339(written)


@given(st.integers(0, 221_845_391_999_999))
def test_an_instant_is_formatted_to_the_second(at: int) -> None:
    assert parse_rfc3339(rfc3339(at)) == at - at % 1000


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_748_779_200_007, "2025-06-01T12:00:00.007Z"),
        (1_999, "1970-01-01T00:00:01.999Z"),
    ],
)
def test_an_instant_is_written_with_milliseconds(at: int, written: str) -> None:
    assert rfc3339_with_millis(at) == written
    assert parse_rfc3339(written) == at
