"""Files over HTTP: conditions and ranges, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.kit.operations import Reply
from mockserver.wire.ranges import ByteRange, File, file_reply, parse_range

FILE = File(bytes(range(100)), "video/mp4")
ETAG = FILE.etag


def ask(method: str = "GET", **headers: str) -> Reply:
    return file_reply(FILE, method, {name.replace("_", "-"): value for name, value in headers.items()})


def header(reply: Reply, name: str) -> str | None:
    return next((value.decode() for known, value in reply.headers if known == name.encode()), None)


def test_the_whole_file_says_that_parts_can_be_had() -> None:
    reply = ask()
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
def test_a_part_is_what_was_asked_for_and_says_where_it_lies(value: str, first: int, last: int) -> None:
    reply = ask(range=value)
    assert (reply.status, reply.body) == (206, FILE.data[first : last + 1])
    assert header(reply, "content-range") == f"bytes {first}-{last}/100"
    assert header(reply, "etag") == ETAG


@pytest.mark.parametrize("value", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 5000 + "-"])
def test_a_part_beyond_the_end_is_416_with_the_size(value: str) -> None:
    reply = ask(range=value)
    assert (reply.status, reply.body) == (416, b"")
    assert header(reply, "content-range") == "bytes */100"


@pytest.mark.parametrize(
    "value",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5", "bytes=9-5", "bytes=--5", "bytes=1-2-3", "bytes=+1-2",
        "bytes=1.5-2", "bytes=٣-٤", "items=0-9", "=0-9", "bytes=0-9,20-29", "bytes=,",
    ],
)  # fmt: skip
def test_what_is_no_single_range_of_bytes_gets_the_whole(value: str) -> None:
    reply = ask(range=value)
    assert (reply.status, reply.body) == (200, FILE.data)


def test_head_has_no_ranges() -> None:
    reply = ask("HEAD", range="bytes=0-9")
    assert (reply.status, reply.body) == (200, FILE.data)


@pytest.mark.parametrize("value", [ETAG, f"W/{ETAG}", "*", f'"other", {ETAG}', f'W/"other",{ETAG}'])
def test_who_has_the_file_already_gets_304_without_a_body(value: str) -> None:
    reply = ask(if_none_match=value, range="bytes=0-9")
    assert (reply.status, reply.body) == (304, b"")
    assert header(reply, "etag") == ETAG


@pytest.mark.parametrize("value", ['"other"', "", "nonsense", ETAG.strip('"')])
def test_who_has_another_file_gets_this_one(value: str) -> None:
    assert ask(if_none_match=value).status == 200


@pytest.mark.parametrize(("value", "status"), [(ETAG, 200), ("*", 200), ('"other"', 412), (f"W/{ETAG}", 412)])
def test_if_match_wants_this_very_file(value: str, status: int) -> None:
    assert ask(if_match=value).status == status


@pytest.mark.parametrize(
    ("value", "status"),
    [(ETAG, 206), ('"other"', 200), (f"W/{ETAG}", 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)],
)
def test_if_range_goes_on_only_with_the_same_bytes(value: str, status: int) -> None:
    assert ask(range="bytes=0-9", if_range=value).status == status


def test_the_same_bytes_have_the_same_tag_and_others_another() -> None:
    assert File(b"a", "x/y").etag == File(b"a", "x/y").etag != File(b"b", "x/y").etag


@given(value=st.text(max_size=40) | st.from_regex(r"\Abytes=[0-9]{0,4}-[0-9]{0,4}\Z"), size=st.integers(0, 300))
def test_whatever_is_asked_for_a_part_lies_within_the_file(value: str, size: int) -> None:
    part = parse_range(value, size)
    if part is not None and part.satisfiable:
        assert 0 <= part.first <= part.last < size == part.size


def test_an_empty_file_has_no_parts() -> None:
    for value in ("bytes=0-", "bytes=-1", "bytes=0-0"):
        part = parse_range(value, 0)
        assert part is not None
        assert not part.satisfiable
    assert parse_range("bytes=3-5", 10) == ByteRange(3, 5, 10)
