"""Strict YAML: which texts are refused, with which messages, and that no text can harm the process."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.source import yaml_reader
from mockserver.source.yaml_reader import MAX_BYTES, MAX_DEPTH, MAX_NODES, Document, SourceError, parse

PARSERS = {"python": yaml_reader._PythonParser, "default": yaml_reader._Parser}


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers that PyYAML can use: its own and libyaml's."""
    monkeypatch.setattr(yaml_reader, "_Parser", PARSERS[request.param])
    return str(request.param)


def refusal(text: str | bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        parse(text, "f.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        # More than plain data.
        ("a: 1\nb: 2\na: 3", "3:1", "duplicate key 'a'; the first one is at 1:1"),
        ("a: {b: 1, 'b': 2}", "1:11", "duplicate key 'b'; the first one is at 1:5"),
        ("a: &x 1\nb: 2", "1:4", "'&x' is an anchor"),
        ("operation: *_url", "1:12", "'*_url' is an alias, and aliases are not supported; put it in quotes"),
        ("a: !!python/object:os.system x", "1:4", "'!!python/object:os.system' is a tag"),
        ("a: !!str 5", "1:4", "'!!str' is a tag"),
        ("a: !mine 5", "1:4", "'!mine' is a tag"),
        ("a: ! 5", "1:4", "'!' is a tag"),
        ("a: 1\n---\nb: 2", "2:1", "a second document begins here"),
        ("5: a", "1:1", "a key must be a string, not 5; put it in quotes"),
        ("a: {true: 1}", "1:5", "a key must be a string, not true"),
        ("~: 1", "1:1", "a key must be a string, not null"),
        ("? [a]\n: 1", "1:3", "a key must be a string, not a list or a mapping"),
        ("{{a: 1}: 2}", "1:2", "a key must be a string, not a list or a mapping"),
        # Numbers that JSON or 64 bits cannot hold.
        ("a: .inf", "1:4", "infinity and NaN are not supported; put it in quotes"),
        ("a: -.INF", "1:4", "infinity"),
        ("a: .nan", "1:4", "NaN"),
        ("a: 9223372036854775808", "1:4", "does not fit into 64 bits"),
        ("a: 0xfffffffffffffffff", "1:4", "does not fit into 64 bits"),
        ("a: 1e400", "1:4", "too large"),
        # Characters.
        (b"a: 1\nb: \xe9", "2:4", "the byte 0xe9 is not valid UTF-8; save the document as UTF-8"),
        ("a: 1".encode("utf-16"), "1:1", "the document is in UTF-16; save it as UTF-8"),
        ("a: 1\nb: x\x07y", "2:5", "U+0007 is not allowed in YAML; in double quotes it can be written as \\u0007"),
        ("a: b\u2028c", "1:5", "U+2028 is not allowed in YAML"),
        ("a: b\ufeff", "1:5", "U+FEFF"),
        ("a: b\ud800", "1:5", "U+D800 is not allowed in YAML"),
        ("a:\n\tb: 1", "2:1", "a tab is not allowed here; indent with spaces"),
        ("-\ta", "1:2", "a tab is not allowed here"),
        # Directives.
        ("%YAML 1.1\n---\na: 1", "1:1", "a line cannot begin with '%'"),
        ("%TAG ! !\n---\na: 1", "1:1", "a line cannot begin with '%'"),
        ("a: 1\n...\n%TAG ! !\n---\na: 1", "3:1", "a line cannot begin with '%'"),
        # Syntax, in words.
        ("a: b: c", "1:5", "a ':' is not allowed here"),
        ("a: 1\n b: 2", "2:3", "a ':' is not allowed here"),
        ("a: - b", "1:4", "a list cannot begin here"),
        ("a: 1\nb: 'c\nd: 1", "2:4", "this quote is not closed"),
        ('a: "\\q"', "1:", "unknown escape in double quotes"),
        ("a: [1, 2\n", "1:4", "this bracket is not closed"),
        ("a: {b", "1:4", "this bracket is not closed"),
        ("a: [", "1:4", "this bracket is not closed"),
        ("a: {b: [c: ", "1:8", "this bracket is not closed"),
        ("a: {b: [c: 1, d], e: 2\n\n# end\n", "1:4", "this bracket is not closed"),
        ("a: ['x' 1]", "1:9", "expected ',' or the closing bracket"),
        ("a: @b", "1:4", "a plain value cannot begin with '@'; put it in quotes"),
        ("a: *", "1:4", "'*' begins an alias, and aliases are not supported; put it in quotes"),
        ("a:\n  b: 1\n c: 2", "3:2", "this line does not fit the lines above it"),
        ("- a\n-b", "2:1", "this is neither 'key: value' nor '- item'"),
        ("'a' b", "1:5", "unexpected content after the value; put the whole string in quotes"),
        ("a: > x", "1:", "the text of '|' or '>' must begin on the next line"),
    ],
)
def test_an_error_is_reported_with_its_position(parser: str, text: str | bytes, place: str, message: str) -> None:
    error = refusal(text)
    assert str(error).startswith(f"f.yaml:{place}")
    assert message in error.message


# --- limits and hostile texts ---


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_limits_are_exact(parser: str) -> None:
    assert parse(nested(MAX_DEPTH), "f.yaml").data
    assert "nested deeper than 32 levels" in refusal(nested(MAX_DEPTH + 1)).message
    assert len(parse("- \n" * (MAX_NODES - 1), "f.yaml").data) == MAX_NODES - 1
    assert "more than 50000 keys and values" in refusal("- \n" * MAX_NODES).message
    assert "longer than 1048576 bytes" in refusal("a" * (MAX_BYTES + 1)).message
    assert "longer than 1048576 bytes" in refusal("é" * (MAX_BYTES // 2 + 1)).message
    assert "longer than 1048576 bytes" in refusal(b"a" * (MAX_BYTES + 1)).message


def test_the_largest_text_is_read() -> None:
    assert parse("a" * MAX_BYTES, "f.yaml").data == "a" * MAX_BYTES


BOMB = "a: &a [x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(100))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested deeper"),
        ("{a: " * 50_000, "nested deeper"),
        ("[\n" * 100_000, "nested deeper"),
        ("- " * 100_000, "nested deeper"),
        ("{? " + "[ " * 100_000, "a key must be a string"),
        ("{" * 100_000, "a key must be a string"),
        ("? " * 100_000, "a key must be a string"),
        ("&a " * 60_000, "anchor"),
        ("! " * 100_000, "tag"),
        ("!" * 200_000, "tag"),
        ("!<" * 100_000, "tag"),
        ("!<%ED%A0%80> a", "f.yaml"),
        ("".join(f"%TAG !a{i}! !b\n" for i in range(10_000)), "a line cannot begin with '%'"),
        ("%YAML 1." + "9" * 100_000 + "\n--- a", "a line cannot begin with '%'"),
        ('"' + "a" * 200_000, "this quote is not closed"),
        ("'" + "\n b" * 50_000, "this quote is not closed"),
        ('"\\UFFFFFFFF"', "f.yaml"),
        ('"\\ud800"', "f.yaml"),
        ("9" * 200_000, "does not fit into 64 bits"),
        ("1." + "9" * 200_000, "has more than 64 characters"),
        ("? " + "a" * 200_000 + "\n: 1\n? " + "a" * 200_000 + "\n: 2", "duplicate key"),
        (BOMB, "anchor"),
        ('"' + "a" * 10_000_000 + '"', "longer than"),
    ],
    ids=lambda value: value[:12],
)
def test_a_hostile_text_gives_one_short_error(parser: str, text: str, message: str) -> None:
    error = refusal(text)
    assert message in str(error)
    assert len(str(error)) < 300


PIECES = [
    *"[]{}:,-?&*!|>'\"#%@` \n\r\tab0~.\\=<",
    "é",
    "\x85",
    "\ufeff",
    "\ud800",
    "- ",
    ": ",
    "\\u",
    "...",
    "%YAML 1.2\n",
]
NASTY = st.lists(st.sampled_from(PIECES)).map("".join)


def outcome(text: str | bytes) -> Document | SourceError:
    try:
        return parse(text, "f.yaml")
    except SourceError as error:
        return error


@given(NASTY | st.text() | st.binary())
def test_any_text_is_read_or_refused_with_a_position(text: str | bytes) -> None:
    for chosen in PARSERS.values():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml_reader, "_Parser", chosen)
            result = outcome(text)
        if isinstance(result, Document):
            assert json.loads(json.dumps(result.data, allow_nan=False)) == result.data
        else:
            assert result.position is not None
            assert min(result.position) >= 1
            assert result.message
