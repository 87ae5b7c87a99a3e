"""Large JSON bodies are parsed in pieces, into the same data as by a parser that takes the whole text at once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.wire import large_json
from mockserver.wire.body import LARGE_BODY, parse_json, parse_large_json, shortened

# Texts in which escape sequences, surrogates and marks are frequent, so that pieces often end near one.
texts = st.text(st.sampled_from('ab"\\/\n\x00\x01é€\U0001f600 '), max_size=40) | st.text(max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


@pytest.fixture(autouse=True, scope="module")
def _small_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "PIECE", 16)
        patch.setattr(large_json, "LONG_STRING", 6)
        patch.setattr(large_json, "_STRINGS", 2)
        yield


def parsed(text: bytes) -> tuple[Any, int]:
    """Return the data, and the number of times that others got a turn."""
    steps, turns = large_json.parsed(text, json.loads), 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, turns
        turns += 1


@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_data_survives_any_split(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert parsed(text)[0] == value
    assert parsed(b" \n" * 40 + text + b"\t")[0] == value


@given(st.text(st.sampled_from('[]{}",:\\ud83dDE00nx 1é'), max_size=60).map(str.encode) | st.binary(max_size=60))
def test_a_text_is_refused_in_pieces_exactly_if_it_is_refused_as_a_whole(text: bytes) -> None:
    def outcome(parse: Any) -> Any:
        try:
            return parse(text)
        except ValueError:
            return ValueError

    assert outcome(parsed_strictly) == outcome(parse_json)


def parsed_strictly(text: bytes) -> Any:
    steps = large_json.parsed(text, parse_json)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'"%b"' % (b"a" * 1_600), id="letters"),
        pytest.param(b'"%b"' % (b"\\n" * 800), id="escapes"),
        pytest.param(b'"%b"' % (b"\\ud83d\\ude00" * 140), id="pairs of surrogates"),
        pytest.param(b'"%b"' % ("\U0001f600" * 400).encode(), id="characters of four bytes"),
        pytest.param(b'"%b"' % (b'\\"' * 800), id="quotes"),
        pytest.param(b" " * 1_600 + b"0", id="white space"),
        pytest.param(b"[%b0]" % (b'"",' * 500), id="empty strings"),
    ],
)
def test_others_get_a_turn_after_each_piece(text: bytes) -> None:
    data, turns = parsed(text)
    assert data == json.loads(text)
    assert turns >= len(text) // 16


@pytest.mark.parametrize(
    "text",
    [
        b'"' + b"a" * 100,
        b'"' + b"a" * 99 + b"\\",
        b'"' + b"a" * 99 + b'\\"',
        b'"' + b"a" * 40 + b'\\x"',
        b'"' + b"a" * 40 + b'\\ud83d"',
        b'"' + b"a" * 40 + b'\\ud83d\\n"',
        b'"' + b"a" * 40 + b'\n"',
        b'"' + b"\x80" * 200 + b'"',
        b'["' + b"a" * 40 + b'" "' + b"a" * 40 + b'"]',
    ],
)
def test_a_long_string_that_is_not_valid_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        parsed(text)


async def test_limits_of_a_large_body() -> None:
    most = large_json.MAX_VALUES
    assert len(await parse_large_json(b"[" + b"0," * (most - 1) + b"0]")) == most
    for hostile in (
        b"[" + b"0," * (most + 1) + b"0]",
        b"[" + b'"",' * (most + 1) + b"0]",
        # The values are where a sample would not find them.
        b'{"a": "' + b"A" * 1_000_000 + b'", "b": [' + b"0," * (most + 1) + b"0]}",
        b" " * large_json.MAX_REST + b"{}",
    ):
        assert len(hostile) > LARGE_BODY // 2
        with pytest.raises(ValueError, match="a large body can have at most 20,000 values, in 1,048,576 bytes"):
            await parse_large_json(hostile)


async def test_commas_in_a_string_are_not_values() -> None:
    text = "a film, " * large_json.MAX_VALUES
    assert parse_json(json.dumps({"prompt": text}).encode()) == {"prompt": text}


async def test_a_large_string_must_be_ascii_and_a_name_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_json, "MAX_NOT_ASCII", 100)
    monkeypatch.setattr(large_json, "MAX_NAME", 100)
    assert await parse_large_json(b'["%b"]' % (b"a" * 200)) == ["a" * 200]
    with pytest.raises(ValueError, match="a string that is not ASCII can have at most 100 bytes"):
        await parse_large_json('["%s"]'.replace("%s", "é" * 60).encode())
    with pytest.raises(ValueError, match="a name can have at most 100 characters"):
        await parse_large_json(b'{"%b": 0}' % (b"a" * 101))


async def test_a_shortened_body_differs_if_the_body_does() -> None:
    body = bytes(100_000)
    assert await shortened(body) == await shortened(bytearray(body))
    assert await shortened(body) != await shortened(body[:-1] + b"1")
    assert len(await shortened(body)) == 4_096 + 16
