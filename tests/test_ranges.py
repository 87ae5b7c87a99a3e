"""Files over HTTP: conditional requests and ranges, as in RFC 9110."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.kit.operations import Reply
from mockserver.wire.ranges import ByteRange, File, file_reply, parse_range

FILE = File(bytes(range(100)), "video/mp4")
ETAG = FILE.etag


def reply_to(method: str = "GET", **headers: str) -> Reply:
    return file_reply(FILE, method, {name.replace("_", "-"): value for name, value in headers.items()})


def header(reply: Reply, name: str) -> str | None:
    return next((value.decode() for key, value in reply.headers if key == name.encode()), None)


def test_a_reply_with_the_whole_file_says_that_ranges_are_accepted() -> None:
    reply = reply_to()
    assert (reply.status, reply.body, reply.content_type) == (200, FILE.data, "video/mp4")
    assert header(reply, "accept-ranges") == "bytes"
    assert header(reply, "etag") == ETAG
    assert header(reply, "cache-control") == "public, max-age=3600"
    assert header(reply, "content-range") is None


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-49", 0, 49),
        ("bytes=50-", 50, 99),
        ("bytes=99-99", 99, 99),
        ("bytes=90-1000", 90, 99),
        ("bytes=-1", 99, 99),
        ("bytes=-100", 0, 99),
        ("bytes=-1000", 0, 99),
        ("bytes=00000000000000000000000000005-6", 5, 6),
        ("bytes=5-" + "9" * 5000, 5, 99),
        ("Bytes=0-9", 0, 9),
        ("bytes= 0-9 ,", 0, 9),
    ],
)
def test_a_range_of_a_file_is_206_with_its_position(value: str, first: int, last: int) -> None:
    reply = reply_to(range=value)
    assert (reply.status, reply.body) == (206, FILE.data[first : last + 1])
    assert header(reply, "content-range") == f"bytes {first}-{last}/100"
    assert header(reply, "etag") == ETAG


@pytest.mark.parametrize("value", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 5000 + "-"])
def test_a_range_beyond_the_end_is_416_with_the_size(value: str) -> None:
    reply = reply_to(range=value)
    assert (reply.status, reply.body) == (416, b"")
    assert header(reply, "content-range") == "bytes */100"


@pytest.mark.parametrize(
    "value",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5", "bytes=9-5", "bytes=--5", "bytes=1-2-3", "bytes=+1-2",
        "bytes=1.5-2", "bytes=٣-٤", "items=0-9", "=0-9", "bytes=0-9,20-29", "bytes=,",
    ],
)  # fmt: skip
def test_an_invalid_range_or_several_ranges_get_the_whole_file(value: str) -> None:
    reply = reply_to(range=value)
    assert (reply.status, reply.body) == (200, FILE.data)


def test_head_ignores_the_range() -> None:
    reply = reply_to("HEAD", range="bytes=0-9")
    assert (reply.status, reply.body) == (200, FILE.data)


@pytest.mark.parametrize("value", [ETAG, f"W/{ETAG}", "*", f'"other", {ETAG}', f'W/"other",{ETAG}'])
def test_if_none_match_with_the_tag_of_the_file_is_304_without_a_body(value: str) -> None:
    reply = reply_to(if_none_match=value, range="bytes=0-9")
    assert (reply.status, reply.body) == (304, b"")
    assert header(reply, "etag") == ETAG


@pytest.mark.parametrize("value", ['"other"', "", "nonsense", ETAG.strip('"')])
def test_if_none_match_with_another_tag_is_200(value: str) -> None:
    assert reply_to(if_none_match=value).status == 200


@pytest.mark.parametrize(("value", "status"), [(ETAG, 200), ("*", 200), ('"other"', 412), (f"W/{ETAG}", 412)])
def test_if_match_needs_the_strong_tag_of_the_file(value: str, status: int) -> None:
    assert reply_to(if_match=value).status == status


@pytest.mark.parametrize(
    ("value", "status"),
    [(ETAG, 206), ('"other"', 200), (f"W/{ETAG}", 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)],
)
def test_the_range_is_used_only_if_if_range_has_the_strong_tag_of_the_file(value: str, status: int) -> None:
    assert reply_to(range="bytes=0-9", if_range=value).status == status


def test_the_tag_depends_on_the_bytes() -> None:
    assert File(b"a", "x/y").etag == File(b"a", "x/y").etag != File(b"b", "x/y").etag


@given(value=st.text(max_size=40) | st.from_regex(r"\Abytes=[0-9]{0,4}-[0-9]{0,4}\Z"), size=st.integers(0, 300))
def test_a_satisfiable_range_lies_within_the_file(value: str, size: int) -> None:
    byte_range = parse_range(value, size)
    if byte_range is not None and byte_range.satisfiable:
        assert 0 <= byte_range.first <= byte_range.last < size == byte_range.size


def test_no_range_of_an_empty_file_is_satisfiable() -> None:
    for value in ("bytes=0-", "bytes=-1", "bytes=0-0"):
        byte_range = parse_range(value, 0)
        assert byte_range is not None
        assert not byte_range.satisfiable
    assert parse_range("bytes=3-5", 10) == ByteRange(3, 5, 10)
