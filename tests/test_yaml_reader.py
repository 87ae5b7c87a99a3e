"""Strict YAML: the data that it reads, and the positions of keys and values."""

import json
import pickle
import string
import subprocess
import sys
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.source import yaml_reader
from mockserver.source.document import Document
from mockserver.source.yaml_reader import parse

PARSERS = {"python": yaml_reader._PythonParser, "default": yaml_reader._Parser}


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers that PyYAML can use: its own and libyaml's."""
    monkeypatch.setattr(yaml_reader, "_Parser", PARSERS[request.param])
    return str(request.param)


# --- data ---


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("tRue", "tRue"),
        ("0", 0),
        ("-17", -17),
        ("+17", 17),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", "0b101"),
        ("-0x1F", "-0x1F"),
        ("1_000", "1_000"),
        ("9223372036854775807", 2**63 - 1),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("1.5s", "1.5s"),
        ("13s ± 2s", "13s ± 2s"),
        ("0..90", "0..90"),
        ("60%", "60%"),
        (".", "."),
        ("-", [None]),
        ("=", "="),
        ("<<", "<<"),
        ('"5"', "5"),
        ("'null'", "null"),
        ('""', ""),
        ("|\n  5\n", "5\n"),
        ("free-*", "free-*"),
    ],
)
def test_plain_values_follow_the_core_schema_of_yaml_1_2(parser: str, text: str, value: object) -> None:
    data = parse(text, "f.yaml").data
    assert data == value
    assert type(data) is type(value)


def test_a_document_becomes_plain_data(parser: str) -> None:
    text = """
    %YAML 1.2
    ---
    rules:
    - name: first          # a comment
      when: {body.prompt: {contains: "a: b"}, empty: }
    - [1, 2.5, [], {}, on: yes]
    text: |
      | # | Shot |
      tab	inside
    ...
    """.replace("\n    ", "\n").lstrip()
    assert parse(text, "f.yaml").data == {
        "rules": [
            {"name": "first", "when": {"body.prompt": {"contains": "a: b"}, "empty": None}},
            [1, 2.5, [], {}, {"on": "yes"}],
        ],
        "text": "| # | Shot |\ntab\tinside\n",
    }


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "--- \n...\n"])
def test_an_empty_document_is_null_and_has_a_position(parser: str, text: str) -> None:
    document = parse(text, "f.yaml")
    assert document.data is None
    assert document.position(()) is not None


def test_bytes_are_utf_8_and_can_begin_with_a_byte_order_mark(parser: str) -> None:
    document = parse("\ufeffname: Zürich 🎬\nnext: 1\r\nlast: 2".encode(), "f.yaml")
    assert document.data == {"name": "Zürich 🎬", "next": 1, "last": 2}
    assert document.position(("name",), key=True) == (1, 1)
    assert document.position(("last",)) == (3, 7)


# --- positions ---

STORY = """\
scenario: busy
rules:
  - name: first
    fault: {kind: reset, "phase": after}
  - - deep
    - b: 1
empty:
text: |
  two
  lines
"""


@pytest.mark.parametrize(
    ("loc", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("scenario",), (1, 11), (1, 1)),
        (("rules",), (3, 3), (2, 1)),
        (("rules", 0), (3, 5), (3, 5)),
        (("rules", 0, "name"), (3, 11), (3, 5)),
        (("rules", 0, "fault"), (4, 12), (4, 5)),
        (("rules", 0, "fault", "phase"), (4, 35), (4, 26)),
        (("rules", 1, 0), (5, 7), (5, 7)),
        (("rules", 1, 1, "b"), (6, 10), (6, 7)),
        (("text",), (8, 7), (8, 1)),
    ],
)
def test_every_key_and_value_has_a_position(
    parser: str, loc: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
) -> None:
    document = parse(STORY, "f.yaml")
    assert document.position(loc) == value
    assert document.position(loc, key=True) == key


@pytest.mark.parametrize(
    ("loc", "place"),
    [
        (("nowhere",), (1, 1)),
        (("rules", 7, "name"), (3, 3)),
        (("rules", 0, "fault", "nope", "deeper"), (4, 12)),
        (("scenario", 0), (1, 11)),
    ],
)
def test_a_missing_part_has_the_position_of_its_nearest_parent(
    loc: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    assert parse(STORY, "f.yaml").position(loc) == place
    assert parse(STORY, "f.yaml").position(loc, key=True) == place


def test_a_document_creates_errors_with_positions() -> None:
    document = parse(STORY, "f.yaml")
    error = document.error(("rules", 0, "fault", "kind"), "unknown fault 'reset'", "; did you mean 'rest'?")
    assert str(error) == "f.yaml:4:19: unknown fault 'reset'; did you mean 'rest'?"
    assert (error.name, error.line, error.column) == ("f.yaml", 4, 19)
    assert error.suggestion == "did you mean 'rest'?"
    assert error.path == ("rules", 0, "fault", "kind")
    assert str(document.error(("rules",), "no rules", key=True)) == "f.yaml:2:1: no rules"


@pytest.mark.parametrize(
    ("loc", "text"),
    [
        ((), "request: it is wrong"),
        (("rules", 0, "when"), "request: rules.0.when: it is wrong"),
        (("when", "body.prompt", "a b"), "request: when.'body.prompt'.a b: it is wrong"),
        (("", "a\nb"), "request: ''.'a\\nb': it is wrong"),
    ],
)
def test_errors_of_data_without_a_text_give_a_path_instead_of_a_line(loc: tuple[str | int, ...], text: str) -> None:
    document = Document.of({"rules": [{}]}, "request")
    error = document.error(loc, "it is wrong")
    assert document.position(loc) is None
    assert (error.line, error.column) == (None, None)
    assert str(error) == text


def test_an_error_can_be_pickled() -> None:
    error = parse(STORY, "f.yaml").error(("rules",), "no", "; try yes")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.line, copy.suggestion) == (str(error), 2 + 1, "try yes")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
KEYS = st.text(string.ascii_letters, min_size=1).filter(lambda key: key.lower() not in ("null", "true", "false"))


def trees(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20)


class Quoting(yaml.SafeDumper):
    """PyYAML's dumper writes YAML 1.1, where other words are special: quote every string, and write no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@given(trees(st.text()), st.booleans(), st.sampled_from([True, False, None]))
def test_dumped_data_is_read_back(data: Any, allow_unicode: bool, flow: bool | None) -> None:
    text = yaml.dump(data, Dumper=Quoting, allow_unicode=allow_unicode, default_flow_style=flow)
    assert parse(text, "f.yaml").data == data
    assert parse(text.encode(), "f.yaml").data == data


@given(trees(KEYS.filter(str.isascii)), st.sampled_from([None, 2]))
def test_json_is_yaml(data: Any, indent: int | None) -> None:
    text = json.dumps(data, indent=indent)
    if "\\ud" not in text:  # libyaml does not join surrogate pairs
        assert parse(text.replace("\x7f", ""), "f.yaml").data == json.loads(text.replace("\x7f", ""))


@given(trees(KEYS), st.sampled_from([True, False, None]))
def test_positions_point_at_the_text_of_keys(data: Any, flow: bool | None) -> None:
    text = yaml.dump(data, default_flow_style=flow, allow_unicode=True, Dumper=Quoting).replace("\x7f", "")
    document = parse(text, "f.yaml")
    lines = text.split("\n")
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document.data)]
    while waiting:
        loc, value = waiting.pop()
        if isinstance(value, list):
            waiting += [((*loc, index), item) for index, item in enumerate(value)]
        if isinstance(value, dict):
            waiting += [((*loc, key), item) for key, item in value.items()]
        if loc and isinstance(loc[-1], str):
            place = document.position(loc, key=True)
            assert place is not None
            assert lines[place.line - 1][place.column - 1 :].startswith((f'"{loc[-1]}"', f'? "{loc[-1]}'))


def test_a_document_can_be_read_after_the_modules_were_imported_again() -> None:
    """pytester does this between two runs in one process."""
    code = """
import sys
from mockserver.source.yaml_reader import parse
parse("a: 1", "f.yaml")
for name in [name for name in sys.modules if name.partition(".")[0] in ("yaml", "mockserver")]:
    del sys.modules[name]
from mockserver.source.yaml_reader import parse
print(parse("a: [1, {b: 2}]", "f.yaml").data)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout == "{'a': [1, {'b': 2}]}\n"
