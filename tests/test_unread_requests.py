"""Requests that are not valid HTTP, or arrive incomplete, are in the journal with the reply that they got."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.serving.deadlines import ConnectionLimits
from tests.live import Live, live
from tests.raw import exchange, request

QUICK = ConnectionLimits(head_timeout=0.3, body_timeout=0.3, linger=0.2, every=0.05)
ANALYZE = "/videotoprompt/v1/analyze/url"
URL = b'{"url": "https://example.com/a.mp4"}'


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live({"extends": "default"}, QUICK) as server:
        yield server


def newest(server: Live, path: str = "/_mock/journal") -> dict[str, Any]:
    entry: dict[str, Any] = server.client.get(f"{path}?kind=request&limit=1").json()["entries"][0]
    return entry


def test_a_head_that_is_too_large(server: Live) -> None:
    received = exchange(server.address, request("POST", f"{ANALYZE}?page=1", URL, f"X: {'y' * 70_000}"))
    entry = newest(server)
    assert (entry["method"], entry["path"]) == ("POST", "/v1/analyze/url")
    assert server.client.get("/_mock/journal/latest").json()["query"] == "page=1"
    assert (entry["provider"], entry["status"]) == ("videotoprompt", 431)
    assert entry["note"] == "the request was not accepted: The head of the request is too large"
    assert entry["reply"]["body"] == received.body.decode()
    assert "key-1" not in json.dumps(entry)


def test_a_head_that_is_late(server: Live) -> None:
    exchange(server.address, f"GET {ANALYZE} HTTP/1.1\r\nHost: localhost\r\nX-Sl".encode())
    entry = newest(server)
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/v1/analyze/url", 408)
    assert entry["request"]["headers"]["host"] == "localhost"


def test_a_body_that_is_late_has_one_entry_with_its_operation(server: Live) -> None:
    before = newest(server)["number"]
    exchange(server.address, request("POST", ANALYZE, URL)[:-5])
    entry = newest(server)
    assert entry["number"] == before + 1
    assert (entry["operation"], entry["status"]) == ("videotoprompt.analyze_url", 408)
    assert entry["note"] == "the request was not accepted: The body of the request did not arrive in time"


@pytest.mark.parametrize(
    ("data", "method", "path", "status"),
    [
        (b"FETCH /nanophoto/api/x HTTP/1.1\r\nHost: localhost\r\n\r\n", "FETCH", "/api/x", 404),
        (b"GET /nanophoto/api/x HTTP/1.1\r\nno colon\r\n\r\n", "GET", "/api/x", 400),
        (b"GET /nowhere HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET", "/nowhere", 400),
        (b"\x16\x03\x01\x00\xa5\x01\x00", None, None, 400),
    ],
    ids=["unknown method", "no colon", "two hosts", "TLS"],
)
def test_what_is_not_valid_http(server: Live, data: bytes, method: str | None, path: str | None, status: int) -> None:
    assert exchange(server.address, data).status == status
    entry = newest(server)
    assert (entry.get("method"), entry.get("path"), entry["status"]) == (method, path, status)
    assert entry["note"].startswith("the request was not accepted: ")


def test_it_is_in_the_journal_of_the_sandbox_that_it_names(server: Live) -> None:
    assert server.client.post("/_mock/sandboxes", json={"name": "alice"}).status_code == 201
    exchange(server.address, f"GET /~alice{ANALYZE} HTTP/1.1\r\nHost: localhost\r\nbroken\r\n\r\n".encode())
    assert newest(server, "/~alice/_mock/journal")["status"] == 400


def test_requests_before_it_keep_their_entries(server: Live) -> None:
    two = request("GET", "/videotoprompt/v1/analyses/x") + b"GET / HTTP/9\r\n\r\n"
    assert exchange(server.address, two).data.count(b"HTTP/1.1 ") == 2
    entries = server.client.get("/_mock/journal?kind=request&limit=2").json()["entries"]
    assert [entry["status"] for entry in entries] == [400, 404]


def test_the_control_api_has_no_entries(server: Live) -> None:
    before = newest(server)["number"]
    assert exchange(server.address, b"GET /_mock/jobs HTTP/1.1\r\nno colon\r\n\r\n").status == 400
    assert newest(server)["number"] == before
