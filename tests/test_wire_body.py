"""Bodies: read to their limit and not a byte further, and parsed into data that is safe to go on with."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.faults import Refusal
from mockserver.wire.body import (
    DRAINED,
    FORM_FIELDS,
    MOST_VALUES,
    media_type,
    parse_form,
    parse_json,
    parse_query,
    read_body,
)
from mockserver.wire.request import Disconnected
from tests.pieces import Pieces, post


class Client(Pieces):
    """Sends its chunks one by one, and then goes away."""

    def __init__(self, *chunks: bytes, complete: bool = True) -> None:
        super().__init__(chunks, complete=complete)


def read(client: Client, limit: int = 10, declared: str | None = None) -> bytes:
    headers = {} if declared is None else {"content-length": declared}
    return asyncio.run(read_body(post(headers), client, limit))  # type: ignore[arg-type]


def refused(client: Client, limit: int = 10, declared: str | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(client, limit, declared)
    return caught.value


# --- reading ---


@pytest.mark.parametrize(
    "chunks",
    [(b"",), (b"0123456789",), (b"01234", b"56789"), (b"", b"0123456789", b""), tuple(b"%d" % n for n in range(10))],
)
def test_a_body_is_read_whole_up_to_its_limit(chunks: Iterable[bytes]) -> None:
    assert read(Client(*chunks)) == b"".join(chunks)


@pytest.mark.parametrize(
    "chunks", [(b"0123456789a",), (b"0123456789", b"a"), (b"0", b"123456789a"), (b"0" * 1_000, b"1")]
)
def test_one_byte_more_is_too_many(chunks: Iterable[bytes]) -> None:
    client = Client(*chunks)
    refusal = refused(client)
    assert (refusal.kind, refusal.case) == ("too_large", "body_too_large")
    assert str(refusal) == "too_large: The request body is larger than 10 bytes"
    assert client.left == []


def test_a_body_that_has_arrived_is_measured_alike() -> None:
    connection: Any = Client()
    assert asyncio.run(read_body(post(body=b"0123456789"), connection, 10)) == b"0123456789"
    with pytest.raises(Refusal, match="too_large: The request body is larger than 10 bytes"):
        asyncio.run(read_body(post(body=b"0123456789a"), connection, 10))


@pytest.mark.parametrize("chunks", [(), (b"0123",), (b"0123", b"45")])
def test_a_client_that_goes_away_is_not_a_short_body(chunks: Iterable[bytes]) -> None:
    with pytest.raises(Disconnected):
        read(Client(*chunks, complete=False))


@pytest.mark.parametrize("declared", ["11", "0011", "999999999999999999"])
def test_a_declared_length_beyond_the_limit_is_refused_and_the_body_drained(declared: str) -> None:
    client = Client(b"a" * 100, b"b" * 100)
    assert refused(client, declared=declared).kind == "too_large"
    assert client.left == []


@pytest.mark.parametrize(
    "declared",
    [None, "10", "5", "0", "", "²", "1²", "-11", "1e3", "eleven", "\u0661\u0661", pytest.param("9" * 5_000, id="long")],
)
def test_any_other_declared_length_is_not_what_decides(declared: str | None) -> None:
    assert read(Client(b"01234", b"56789"), declared=declared) == b"0123456789"
    assert refused(Client(b"01234", b"56789a"), declared=declared).kind == "too_large"


def test_draining_has_an_end() -> None:
    client = Client(*[b"x" * 1_048_576] * 20)
    refused(client, declared="99999999")
    assert 20 - len(client.left) == DRAINED // 1_048_576


def test_draining_ends_when_the_client_goes_away() -> None:
    assert refused(Client(b"a" * 100, complete=False)).kind == "too_large"
    assert refused(Client(complete=False), declared="100").kind == "too_large"


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=6), st.integers(0, 20))
def test_any_chunks_are_read_or_refused_by_their_sum(chunks: list[bytes], limit: int) -> None:
    whole = b"".join(chunks)
    if len(whole) <= limit:
        assert read(Client(*chunks), limit) == whole
    else:
        assert refused(Client(*chunks), limit).kind == "too_large"


# --- JSON ---


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        (b" null\n", None),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"é😀"'.encode(), "é😀"),
        (b'"\\u0000"', "\x00"),
        (b"-0.0", -0.0),
        (b"1e3", 1000.0),
        (b"1.7e308", 1.7e308),
        (b"12345678901234567890123", 12345678901234567890123),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[" * 100 + b"]" * 100, json.loads("[" * 100 + "]" * 100)),
    ],
)
def test_json_is_data(body: bytes, data: object) -> None:
    assert parse_json(body) == data


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}x",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"[1,]",
        b"01",
        b"1.",
        b"tru",
        b"NaN",
        b"[NaN]",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b'{"a": [0, {"b": -1e999}]}',
        b"1" * 400 + b".0",
        b"2" * 5_000,
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'{"\\ud800": 1}',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"\xc3"',
        b'"\n"',
        b'"\x00"',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b"\x00",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_safe_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(body)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":['])
@pytest.mark.parametrize("closed", [True, False])
def test_nesting_of_any_depth_is_refused_without_a_crash(opening: bytes, closed: bool) -> None:
    closing = opening.translate(bytes.maketrans(b"[{", b"]}"), b'":a')[::-1]
    body = opening * 100_000 + (b"1" + closing * 100_000 if closed else b"")
    with pytest.raises(ValueError):
        parse_json(body)


def test_a_large_body_may_be_text_but_not_a_million_small_values() -> None:
    """The bound is a guess from samples, so neither side of it is asked for exactly."""
    text = "a film, " * (MOST_VALUES // 2) + "Zm9v" * MOST_VALUES
    assert parse_json(json.dumps({"prompt": text}).encode()) == {"prompt": text}
    with pytest.raises(ValueError):
        parse_json(b"[" + b"0," * 2 * MOST_VALUES + b"0]")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(values)
def test_all_json_data_is_read(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=40) | st.text('[]{}",:0123456789eE+-.\\u truefalsn', max_size=40).map(str.encode))
def test_any_bytes_are_data_or_a_value_error(body: bytes) -> None:
    try:
        data = parse_json(body)
    except ValueError:
        return
    json.dumps(data, allow_nan=False).encode()


# --- forms and queries ---


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=&b", {"a": "", "b": ""}),
        (b"a=x+y%20z%2B", {"a": "x y z+"}),
        (b"a=%C3%A9", {"a": "é"}),
        ("a=é".encode(), {"a": "é"}),
        (b"a=%FF%ED%A0%80", {"a": "\ufffd" * 4}),
        (b"a=1;b=2", {"a": "1;b=2"}),
    ],
)
def test_form_fields_are_texts(body: bytes, fields: dict[str, str]) -> None:
    assert parse_form(body) == fields
    assert dict(parse_query(body)) == fields


def test_form_fields_have_a_limit() -> None:
    assert len(parse_form(b"&".join(b"f%d=1" % n for n in range(FORM_FIELDS)))) == FORM_FIELDS
    with pytest.raises(ValueError):
        parse_form(b"a&" * FORM_FIELDS + b"a")
    assert dict(parse_query(b"a&" * FORM_FIELDS + b"a")) == {}


def test_a_form_that_is_no_utf_8_is_a_value_error_and_a_query_goes_on() -> None:
    with pytest.raises(ValueError):
        parse_form(b"a=\xff")
    assert dict(parse_query(b"a=\xff&b=2")) == {"a": "\ufffd", "b": "2"}


@given(st.binary(max_size=60))
def test_any_query_can_be_read(query: bytes) -> None:
    for name, value in parse_query(query).items():
        (name + value).encode()


# --- media types ---


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        (" application/json ;x", "application/json"),
        (";", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_media_type_stands_before_its_parameters(header: str | None, kind: str) -> None:
    assert media_type(header) == kind
