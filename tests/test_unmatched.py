"""Requests with a path that no provider has: the reply suggests a similar path, and the journal has the request."""

import pytest
import requests

from mockserver import MockServer

BODY = {"url": "https://example.com/hike.mp4"}


def detail_of(mock: MockServer, path: str, **headers: str) -> str:
    """Send a request to a path of the server's root, and return the detail of the 404."""
    root = mock.url("videotoprompt", "").removesuffix("/videotoprompt").partition("/~")[0]
    reply = requests.post(f"{root}{path}", json=BODY, headers=headers, timeout=10)
    assert reply.status_code == 404
    return str(reply.json()["detail"])


@pytest.mark.parametrize(
    ("path", "closest"),
    [
        ("/videotopromt/v1/analyze/url", "/videotoprompt/v1/analyze/url"),
        ("/analyze/url", "/v1/analyze/url"),
        ("/api/sora-2/reverse-prompts", "/api/sora-2/reverse-prompt"),
    ],
)
def test_a_similar_path_is_suggested_in_the_reply_the_journal_and_the_report(
    mockserver: MockServer, path: str, closest: str
) -> None:
    assert detail_of(mockserver, f"/~{mockserver.name}{path}?x=1").endswith(f" Did you mean {closest}?")
    (request,) = mockserver.requests()
    assert (request.provider, request.operation, request.method, request.path) == ("", None, "POST", path)
    assert (request.status, request.query, request.note) == (
        404,
        {"x": "1"},
        f"no provider has this path; closest: {closest}",
    )
    line = f"POST {path}: no provider has this path; closest: {closest}"
    assert f"unmatched requests:\n  {line}" in mockserver.report()


def test_a_long_path_that_is_similar_to_none_gets_no_suggestion(mockserver: MockServer) -> None:
    path = "/" + "/v1" * 10_000
    assert detail_of(mockserver, f"/~{mockserver.name}{path}").endswith("or with /_mock.")
    assert mockserver.requests()[0].note == "no provider has this path"


@pytest.mark.parametrize("selector", ["header", "bearer key", "key of Descrideo"])
def test_a_header_or_a_key_alone_selects_the_sandbox(mockserver: MockServer, selector: str) -> None:
    headers = {
        "header": {"X-Mock-Sandbox": mockserver.name},
        "bearer key": {"Authorization": f"Bearer {mockserver.key('prompttovideo')}"},
        "key of Descrideo": {"X-API-Key": mockserver.key("descrideo")},
    }[selector]
    detail_of(mockserver, "/nothing/like/it", **headers)
    assert [request.path for request in mockserver.requests()] == ["/nothing/like/it"]


def test_a_sandbox_that_does_not_exist_has_no_journal(mockserver: MockServer) -> None:
    assert detail_of(mockserver, "/~nobody/nothing").startswith("No provider has the path '/nothing'")
    assert detail_of(mockserver, "/~/nothing").startswith("No provider has the path '/nothing'")
    assert mockserver.requests() == []


def test_a_request_without_a_sandbox_is_in_the_journal_of_the_default_one() -> None:
    with MockServer() as mock:
        detail_of(mock, "/favicon.txt")
        assert [request.path for request in mock.requests(status=404)] == ["/favicon.txt"]
        reply = requests.get(mock.url("nanophoto").replace("/nanophoto", "/_mock/journal"), timeout=10).json()
        assert (reply["entries"][0]["path"], "provider" in reply["entries"][0]) == ("/favicon.txt", False)
