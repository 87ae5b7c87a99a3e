"""Fuzzing: seeds of a corpus, changed in random places, for each target.

`make test` runs a few examples of each target, always the same. `make fuzz` runs many random ones; a failing one is
printed, and belongs into the corpus when it is fixed.
"""

import os
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.wire import large_json
from tests.fuzz.targets import CORPUS, TARGETS, seeds

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
# Examples of each target in `make test`. Those of the protocol and of the control API each start a server.
SHORT = {"bundle": 40, "protocol": 15, "control": 8, "scenario": 30}
TOKENS: dict[str, tuple[bytes, ...]] = {
    "protocol": (
        b"\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n", b"Host: localhost\r\n", b"Content-Length: 5\r\n", b"0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\n",
    ),
    "yaml_reader": (
        b"- ", b": ", b"\n  ", b"'", b'"', b"#", b"[", b"{", b"&a", b"*a", b"!!", b"|\n", b"? ",
        b"%", b"\t",
    ),
    "scenario": (b"- ", b": ", b"\n  ", b"${", b"*", b"..", b"/", b"1e9", b"-1", b"99999999999s", b"null", b"\xc2\xb1"),
    "large_body": (b'"', b"\\", b"\\u0000", b"\\ud83d", b"\\ude00", b"[", b"]", b"{", b"}", b":", b",", b"1e999"),
    "multipart": (
        b"\r\n", b"------x7MA4YWxk", b"--", b"Content-Disposition: form-data", b'name="', b'filename="', b";",
    ),
    "mp4": (b"\0\0\0\x08free", b"\0\0\0\0", b"\0\0\0\x01", b"moov", b"mvhd", b"mdat", b"ftyp", b"\xff" * 8, b"mvex"),
    "control": (
        b'"', b"{", b"}", b"null", b"-1", b"1e999", b"\\u0000", b"[]", b"..", b"%00", b"?limit=", b"\n", b"9" * 30,
    ),
    "bundle": (
        b'"', b"{", b"}", b"null", b"-1", b"[]", b"[[", b"true", b"\n", b"1.5", b"9" * 30, b'{"base64":"%"}',
        b"PK\x05\x06",
    ),
}  # fmt: skip

_NEW = st.binary(max_size=8) | st.text(string.printable, max_size=4).map(str.encode)


@st.composite
def changed(draw: st.DrawFn, target: str) -> bytes:
    """Return a seed with up to six changes: bytes or tokens that are inserted, replaced, removed or repeated."""
    corpus = seeds(target)
    data = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 20)))
        change = draw(st.sampled_from(("token", "bytes", "remove", "repeat", "splice")))
        if change == "token":
            data = data[:at] + draw(st.sampled_from(TOKENS[target])) + data[at:]
        elif change == "bytes":
            data = (
                data[:at]
                + draw(st.binary(max_size=8) | st.text(string.printable, max_size=4).map(str.encode))
                + data[end:]
            )
        elif change == "remove":
            data = data[:at] + data[end:]
        elif change == "repeat":
            data = data[:end] + data[at:end] * draw(st.sampled_from((1, 2, 30))) + data[end:]
        else:
            data = data[:at] + draw(st.sampled_from(corpus))[at:]
    return data[:20_000]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_json, "PIECE", 16)
    monkeypatch.setattr(large_json, "LONG_STRING", 6)


@pytest.mark.parametrize(
    ("target", "name"), [(target, path.name) for target in TARGETS for path in sorted((CORPUS / target).iterdir())]
)
def test_the_corpus(target: str, name: str) -> None:
    TARGETS[target]((CORPUS / target / name).read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_changed_seeds(target: str) -> None:
    examples = EXAMPLES or SHORT.get(target, 60)

    @settings(
        max_examples=examples, derandomize=not EXAMPLES, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    @given(changed(target))
    def fuzz(data: bytes) -> None:
        try:
            TARGETS[target](data)
        except Exception as error:
            raise AssertionError(f"{target}({data!r})") from error

    fuzz()
