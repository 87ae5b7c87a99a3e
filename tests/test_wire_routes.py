"""Routes: from a path and a method to the operation that serves it."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.wire.routes import Match, Routes


@dataclass(frozen=True)
class Operation:
    """An operation with the attributes that routes use."""

    method: str
    path: str


LIST = Operation("GET", "/v1/videos")
CREATE = Operation("POST", "/v1/videos")
SHOW = Operation("GET", "/v1/videos/{id}")
DELETE = Operation("DELETE", "/v1/videos/{id}")
FILE = Operation("GET", "/v1/videos/{id}/files/{name}.mp4")
QUEUE = Operation("GET", "/v1/videos/queue")
REPLAY = Operation("POST", "/v1/videos/{id}/replay")
PUNCTUATED = Operation("POST", "/v1/a.b+c({id})")
ROUTES = Routes([LIST, CREATE, SHOW, DELETE, FILE, QUEUE, REPLAY, PUNCTUATED])


def match_of(path: str) -> Match[Operation]:
    match = ROUTES.find(path)
    assert match is not None
    return match


def test_a_match_has_the_operations_of_the_path_by_method() -> None:
    match = match_of("/v1/videos")
    assert (match.operation("GET"), match.operation("POST"), match.operation("PUT")) == (LIST, CREATE, None)
    assert match.parameters == {}


def test_a_match_has_the_parameters_of_the_template() -> None:
    match = match_of("/v1/videos/ana_1")
    assert (match.operation("GET"), match.operation("DELETE"), match.parameters) == (SHOW, DELETE, {"id": "ana_1"})
    assert match_of("/v1/videos/7/files/big.mp4").parameters == {"id": "7", "name": "big"}
    assert match_of("/v1/videos/7/replay").operation("POST") == REPLAY


def test_a_path_without_parameters_takes_precedence_over_a_template() -> None:
    assert match_of("/v1/videos/queue").operation("GET") == QUEUE
    assert match_of("/v1/videos/queues").operation("GET") == SHOW


def test_head_has_the_operation_of_get() -> None:
    """RFC 9110 section 9.3.2."""
    assert match_of("/v1/videos").operation("HEAD") == LIST
    assert match_of("/v1/videos/7").operation("HEAD") == SHOW
    assert match_of("/v1/videos/7/replay").operation("HEAD") is None


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/videos", "GET, HEAD, POST"), ("/v1/videos/7", "DELETE, GET, HEAD"), ("/v1/videos/7/replay", "POST")],
)
def test_a_match_has_the_allowed_methods(path: str, allowed: str) -> None:
    """RFC 9110 section 10.2.1."""
    assert match_of(path).allowed == allowed


@pytest.mark.parametrize("method", ["get", "", "OPTIONS", "TRACE"])
def test_other_methods_have_no_operation(method: str) -> None:
    assert match_of("/v1/videos").operation(method) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1",
        "/v1/videos/",
        "/v1//videos",
        "/v2/videos",
        "/v1/videos/7/",
        "/v1/videos/7/8",
        "/v1/videos/7/files/",
        "/v1/videos/7/files/big.mov",
        "/v1/videos/7/files/bigxmp4",
        "/v1/videos/7/files/.mp4",
        "/v1/videos/7/replay\n",
        "/v1/axb+c(7)",
        "/v1/a.bbc(7)",
        "/V1/videos",
    ],
)
def test_other_paths_have_no_match(path: str) -> None:
    assert ROUTES.find(path) is None


def test_punctuation_in_a_template_is_literal() -> None:
    assert match_of("/v1/a.b+c(7)").parameters == {"id": "7"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a%2Fb", "a/b"),
        ("%C3%A9", "é"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("%FF", "\ufffd"),
        ("%zz", "%zz"),
        ("~", "~"),
    ],
)
def test_parameters_are_decoded(written: str, value: str) -> None:
    assert match_of(f"/v1/videos/{written}").parameters == {"id": value}


@given(st.text())
def test_a_parameter_is_any_text_without_slashes(text: str) -> None:
    match = ROUTES.find(f"/v1/videos/{text}")
    if not text or "/" in text:
        assert match is None or match.operation("GET") != SHOW
    elif text != "queue":
        assert match is not None
        assert match.operation("GET") == SHOW
