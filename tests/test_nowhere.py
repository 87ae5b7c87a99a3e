"""Requests that reach no provider are told what is near, and are in the journal of the sandbox that they name."""

import pytest
import requests

from mockserver import MockServer

ASKED = {"url": "https://example.com/hike.mp4"}


def asked(mock: MockServer, path: str, **headers: str) -> str:
    """What the server says of a request for a path of its own, of no provider."""
    root = mock.url("videotoprompt", "").removesuffix("/videotoprompt").partition("/~")[0]
    reply = requests.post(f"{root}{path}", json=ASKED, headers=headers, timeout=10)
    assert reply.status_code == 404
    return str(reply.json()["detail"])


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/videotopromt/v1/analyze/url", "/videotoprompt/v1/analyze/url"),
        ("/analyze/url", "/v1/analyze/url"),
        ("/api/sora-2/reverse-prompts", "/api/sora-2/reverse-prompt"),
    ],
)
def test_what_is_near_is_said_and_written_down(mockserver: MockServer, path: str, near: str) -> None:
    assert asked(mockserver, f"/~{mockserver.name}{path}?x=1").endswith(f" Did you mean {near}?")
    (request,) = mockserver.requests()
    assert (request.provider, request.operation, request.method, request.path) == ("", None, "POST", path)
    assert (request.status, request.query, request.note) == (
        404,
        {"x": "1"},
        f"no provider has this path; closest: {near}",
    )
    told = mockserver.report()
    assert f"unmatched requests:\n  POST {path}: no provider has this path; closest: {near}" in told


def test_where_nothing_is_near_it_says_so_quickly(mockserver: MockServer) -> None:
    path = "/" + "/v1" * 10_000
    assert asked(mockserver, f"/~{mockserver.name}{path}").endswith("or with /_mock.")
    assert mockserver.requests()[0].note == "no provider has this path"


@pytest.mark.parametrize("how", ["header", "bearer key", "key of Descrideo"])
def test_the_sandbox_is_known_by_a_header_or_by_a_key_alone(mockserver: MockServer, how: str) -> None:
    given = {
        "header": {"X-Mock-Sandbox": mockserver.name},
        "bearer key": {"Authorization": f"Bearer {mockserver.key('prompttovideo')}"},
        "key of Descrideo": {"X-API-Key": mockserver.key("descrideo")},
    }[how]
    asked(mockserver, "/nothing/like/it", **given)
    assert [request.path for request in mockserver.requests()] == ["/nothing/like/it"]


def test_a_sandbox_that_does_not_exist_has_no_journal(mockserver: MockServer) -> None:
    assert asked(mockserver, "/~nobody/nothing").startswith("No provider has the path '/nothing'")
    assert asked(mockserver, "/~/nothing").startswith("No provider has the path '/nothing'")
    assert mockserver.requests() == []


def test_without_a_name_it_is_the_default_sandbox() -> None:
    with MockServer() as mock:
        asked(mock, "/favicon.txt")
        assert [request.path for request in mock.requests(status=404)] == ["/favicon.txt"]
        reply = requests.get(mock.url("nanophoto").replace("/nanophoto", "/_mock/journal"), timeout=10).json()
        assert (reply["entries"][0]["path"], "provider" in reply["entries"][0]) == ("/favicon.txt", False)
