"""Routes: from a path and a method to the operation that serves it."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.wire.routes import Match, Routes


@dataclass(frozen=True)
class Served:
    """An operation, as far as routes are concerned."""

    method: str
    path: str


LIST = Served("GET", "/v1/videos")
MAKE = Served("POST", "/v1/videos")
SHOW = Served("GET", "/v1/videos/{id}")
DROP = Served("DELETE", "/v1/videos/{id}")
FILE = Served("GET", "/v1/videos/{id}/files/{name}.mp4")
QUEUE = Served("GET", "/v1/videos/queue")
LATE = Served("POST", "/v1/videos/{id}/replay")
ODD = Served("POST", "/v1/a.b+c({id})")
ROUTES = Routes([LIST, MAKE, SHOW, DROP, FILE, QUEUE, LATE, ODD])


def found(path: str) -> Match[Served]:
    match = ROUTES.find(path)
    assert match is not None
    return match


def test_a_path_has_its_operations_by_method() -> None:
    match = found("/v1/videos")
    assert (match.operation("GET"), match.operation("POST"), match.operation("PUT")) == (LIST, MAKE, None)
    assert match.parameters == {}


def test_a_template_gives_its_parameters() -> None:
    match = found("/v1/videos/ana_1")
    assert (match.operation("GET"), match.operation("DELETE"), match.parameters) == (SHOW, DROP, {"id": "ana_1"})
    assert found("/v1/videos/7/files/big.mp4").parameters == {"id": "7", "name": "big"}
    assert found("/v1/videos/7/replay").operation("POST") == LATE


def test_a_path_without_parameters_goes_before_a_template() -> None:
    assert found("/v1/videos/queue").operation("GET") == QUEUE
    assert found("/v1/videos/queues").operation("GET") == SHOW


def test_head_is_served_by_get() -> None:
    """RFC 9110 section 9.3.2."""
    assert found("/v1/videos").operation("HEAD") == LIST
    assert found("/v1/videos/7").operation("HEAD") == SHOW
    assert found("/v1/videos/7/replay").operation("HEAD") is None


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/videos", "GET, HEAD, POST"), ("/v1/videos/7", "DELETE, GET, HEAD"), ("/v1/videos/7/replay", "POST")],
)
def test_the_methods_of_a_path_are_told(path: str, allowed: str) -> None:
    """RFC 9110 section 10.2.1."""
    assert found(path).allowed == allowed


@pytest.mark.parametrize("method", ["get", "", "OPTIONS", "TRACE"])
def test_methods_are_told_apart_exactly(method: str) -> None:
    assert found("/v1/videos").operation(method) is None


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
def test_other_paths_lead_nowhere(path: str) -> None:
    assert ROUTES.find(path) is None


def test_what_is_not_a_parameter_stands_for_itself() -> None:
    assert found("/v1/a.b+c(7)").parameters == {"id": "7"}


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
    assert found(f"/v1/videos/{written}").parameters == {"id": value}


@given(st.text())
def test_any_path_leads_somewhere_or_nowhere(path: str) -> None:
    match = ROUTES.find("/v1/videos/" + path)
    assert match is None or match.methods
    ROUTES.find(path)
