"""Request bodies: read up to a limit, and parsed as JSON, form fields or a query string."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.faults import Refusal
from mockserver.wire.body import (
    MAX_DRAINED,
    MAX_FORM_FIELDS,
    media_type,
    parse_form,
    parse_json,
    parse_query,
    read_body,
)
from mockserver.wire.request import Disconnected
from tests.pieces import Pieces, post


class Client(Pieces):
    """Sends its chunks one by one. If it is not `complete`, it then disconnects."""

    def __init__(self, *chunks: bytes, complete: bool = True) -> None:
        super().__init__(chunks, complete=complete)


async def read(client: Client, limit: int = 10, declared: str | None = None) -> bytes | bytearray:
    """Read a body with `declared` as its Content-Length."""
    headers = {} if declared is None else {"content-length": declared}
    return await read_body(post(headers), client, limit)  # type: ignore[arg-type]


async def refusal_of(client: Client, limit: int = 10, declared: str | None = None) -> Refusal:
    """Read a body that must be refused, and return the refusal."""
    with pytest.raises(Refusal) as caught:
        await read(client, limit, declared)
    return caught.value


# --- reading ---


@pytest.mark.parametrize(
    "chunks",
    [(b"",), (b"0123456789",), (b"01234", b"56789"), (b"", b"0123456789", b""), tuple(b"%d" % n for n in range(10))],
)
async def test_a_body_is_read_whole_up_to_the_limit(chunks: Iterable[bytes]) -> None:
    assert await read(Client(*chunks)) == b"".join(chunks)


@pytest.mark.parametrize(
    "chunks", [(b"0123456789a",), (b"0123456789", b"a"), (b"0", b"123456789a"), (b"0" * 1_000, b"1")]
)
async def test_a_body_over_the_limit_is_refused(chunks: Iterable[bytes]) -> None:
    client = Client(*chunks)
    refusal = await refusal_of(client)
    assert (refusal.kind, refusal.case) == ("too_large", "body_too_large")
    assert str(refusal) == "too_large: The request body is larger than 10 bytes"
    assert client.left == []


async def test_a_body_that_has_arrived_with_the_head_has_the_same_limit() -> None:
    connection: Any = Client()
    assert await read_body(post(body=b"0123456789"), connection, 10) == b"0123456789"
    with pytest.raises(Refusal, match="too_large: The request body is larger than 10 bytes"):
        await read_body(post(body=b"0123456789a"), connection, 10)


@pytest.mark.parametrize("chunks", [(), (b"0123",), (b"0123", b"45")])
async def test_a_body_that_is_cut_off_raises_disconnected(chunks: Iterable[bytes]) -> None:
    with pytest.raises(Disconnected):
        await read(Client(*chunks, complete=False))


@pytest.mark.parametrize("declared", ["11", "0011", "999999999999999999"])
async def test_a_declared_length_over_the_limit_is_refused_and_the_body_drained(declared: str) -> None:
    client = Client(b"a" * 100, b"b" * 100)
    assert (await refusal_of(client, declared=declared)).kind == "too_large"
    assert client.left == []


@pytest.mark.parametrize(
    "declared",
    [None, "10", "5", "0", "", "²", "1²", "-11", "1e3", "eleven", "\u0661\u0661", pytest.param("9" * 5_000, id="long")],
)
async def test_any_other_declared_length_is_ignored(declared: str | None) -> None:
    assert await read(Client(b"01234", b"56789"), declared=declared) == b"0123456789"
    assert (await refusal_of(Client(b"01234", b"56789a"), declared=declared)).kind == "too_large"


async def test_draining_stops_after_a_number_of_bytes() -> None:
    client = Client(*[b"x" * 1_048_576] * 20)
    assert (await refusal_of(client, declared="99999999")).kind == "too_large"
    assert 20 - len(client.left) == MAX_DRAINED // 1_048_576


async def test_draining_stops_when_the_client_disconnects() -> None:
    assert (await refusal_of(Client(b"a" * 100, complete=False))).kind == "too_large"
    assert (await refusal_of(Client(complete=False), declared="100")).kind == "too_large"


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=6), st.integers(0, 20))
async def test_the_sum_of_the_chunks_decides_whether_a_body_is_refused(chunks: list[bytes], limit: int) -> None:
    body = b"".join(chunks)
    if len(body) <= limit:
        assert await read(Client(*chunks), limit) == body
    else:
        assert (await refusal_of(Client(*chunks), limit)).kind == "too_large"


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
def test_json_is_parsed(body: bytes, data: object) -> None:
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
def test_invalid_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(body)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":['])
@pytest.mark.parametrize("closed", [True, False])
def test_nesting_of_any_depth_is_refused_without_a_crash(opening: bytes, closed: bool) -> None:
    closing = opening.translate(bytes.maketrans(b"[{", b"]}"), b'":a')[::-1]
    body = opening * 100_000 + (b"1" + closing * 100_000 if closed else b"")
    with pytest.raises(ValueError):
        parse_json(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(values)
def test_any_json_value_is_parsed(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=40) | st.text('[]{}",:0123456789eE+-.\\u truefalsn', max_size=40).map(str.encode))
def test_any_bytes_give_a_json_value_or_a_value_error(body: bytes) -> None:
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
def test_form_and_query_fields_are_texts(body: bytes, fields: dict[str, str]) -> None:
    assert parse_form(body) == fields
    assert dict(parse_query(body)) == fields


def test_the_number_of_fields_is_limited() -> None:
    assert len(parse_form(b"&".join(b"f%d=1" % n for n in range(MAX_FORM_FIELDS)))) == MAX_FORM_FIELDS
    with pytest.raises(ValueError):
        parse_form(b"a&" * MAX_FORM_FIELDS + b"a")
    assert dict(parse_query(b"a&" * MAX_FORM_FIELDS + b"a")) == {}


def test_bytes_that_are_not_utf_8_are_an_error_in_a_form_but_replaced_in_a_query() -> None:
    with pytest.raises(ValueError):
        parse_form(b"a=\xff")
    assert dict(parse_query(b"a=\xff&b=2")) == {"a": "\ufffd", "b": "2"}


@given(st.binary(max_size=60))
def test_any_query_gives_texts_that_can_be_encoded(query: bytes) -> None:
    fields = parse_query(query)
    assert len(fields) <= query.count(b"&") + 1
    for name, value in fields.items():
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
def test_a_media_type_is_read_without_its_parameters(header: str | None, kind: str) -> None:
    assert media_type(header) == kind
