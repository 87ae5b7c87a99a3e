"""The headers that report limits are on every reply, with the account's own figures if its key has arrived."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from mockserver.serving.deadlines import ConnectionLimits
from tests.conversation import Conversation
from tests.live import Live, live
from tests.raw import connected, exchange, receive, request

SUBMITS: dict[str, tuple[str, dict[str, Any]]] = {
    "videotoprompt": ("/videotoprompt/v1/analyze/url", {"url": "https://a.test/clip.mp4"}),
    "dumplingai": (
        "/dumplingai/api/v1/extract-video",
        {"inputMethod": "url", "video": "https://a.test/a.mp4", "prompt": "x"},
    ),
}
LIMITED = {
    "accounts": [
        {"key": "*invalid*", "refused": True},
        {"key": "*", "plan": "pro", "limits": {"requests_per_minute": 7}},
    ]
}
# The figures of an account of the smallest plan that has not made any requests.
UNUSED = {"videotoprompt": ("5", "5"), "dumplingai": ("60", "60")}
NAMES = {
    "videotoprompt": {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"},
    "dumplingai": {"x-ratelimit-limit", "x-ratelimit-remaining"},
}
JSON = {"Content-Type": "application/json"}
of_each = pytest.mark.parametrize("provider", SUBMITS)


def figures(head: Any) -> tuple[str | None, str | None]:
    """Return the limit, and the number of requests that are left, from the headers of a reply."""
    return head.get("x-ratelimit-limit"), head.get("x-ratelimit-remaining")


async def uncounted(t: Conversation, provider: str) -> dict[str, httpx2.Response]:
    """Send requests that are refused before they are counted."""
    path, send = SUBMITS[provider][0], t.client.request
    return {
        "unknown path": await send("GET", f"/{provider}/v1/none"),
        "root": await send("GET", f"/{provider}"),
        "unknown path, HEAD": await send("HEAD", f"/{provider}/v1/none"),
        "method": await send("PATCH", path),
        "options": await send("OPTIONS", path),
    }


@of_each
async def test_requests_that_are_not_counted_report_the_figures_of_the_account(provider: str) -> None:
    path, body = SUBMITS[provider]
    async with Conversation(LIMITED) as t:
        assert figures((await t.post(path, body)).headers) == ("7", "6")
        for case, reply in (await uncounted(t, provider)).items():
            assert reply.status_code in (404, 405), case
            assert figures(reply.headers) == ("7", "6"), case
            assert {*reply.headers} >= NAMES[provider], case
        assert figures((await t.post(path, body)).headers) == ("7", "5")


@of_each
async def test_without_a_valid_key_the_figures_are_those_of_an_unused_account(provider: str) -> None:
    async with Conversation(LIMITED) as t:
        for authorization in ("", "Basic x", "Bearer invalid"):
            t.client.headers["Authorization"] = authorization
            for case, reply in (await uncounted(t, provider)).items():
                assert figures(reply.headers) == UNUSED[provider], case
            unauthorized = await t.post(*SUBMITS[provider])
            assert (unauthorized.status_code, figures(unauthorized.headers)) == (401, UNUSED[provider])


@of_each
async def test_bodies_that_are_refused_count(provider: str) -> None:
    path, body = SUBMITS[provider]
    async with Conversation(LIMITED) as t:
        replies = [
            await t.client.post(path, content=b"{", headers=JSON),
            await t.client.post(path, content=b"{}", headers=JSON),
            await t.client.post(path, content=b"x", headers={"Content-Type": "text/plain"}),
            await t.client.post(path, content=b"", headers={**JSON, "Content-Length": str(2**31)}),
        ]
        assert [figures(reply.headers) for reply in replies] == [("7", str(left)) for left in (6, 5, 4, 3)]
        statuses = [(await t.post(path, body)).status_code for _ in range(4)]
        assert statuses[3] == 429
        assert figures((await t.post(path, body)).headers) == ("7", "0")


async def test_the_token_endpoint_reports_the_limit_that_it_does_not_use() -> None:
    async with Conversation(LIMITED) as t:
        with_key = await t.client.post("/videotoprompt/oauth/token", data={"grant_type": "x"})
        assert (with_key.status_code, figures(with_key.headers)) == (401, ("7", "7"))
        t.client.headers["Authorization"] = ""
        without_key = await t.client.post("/videotoprompt/oauth/token", data={"grant_type": "x"})
        assert figures(without_key.headers) == ("5", "5")


@of_each
async def test_a_sandbox_that_does_not_exist_has_an_unused_account(provider: str) -> None:
    async with Conversation(LIMITED) as t:
        reply = await t.get(f"/~nobody{SUBMITS[provider][0]}")
        assert (reply.status_code, figures(reply.headers)) == (404, UNUSED[provider])


async def test_the_figures_are_those_of_the_sandbox_of_the_key() -> None:
    async with Conversation({"accounts": [{"key": "*", "plan": "free"}]}) as t:
        await t.post("/_mock/sandboxes", {"name": "other", "scenario": {"scenario": "other", **LIMITED}})
        t.client.headers["Authorization"] = "Bearer sbx-other"
        assert figures((await t.get("/videotoprompt/v1/none")).headers) == ("7", "7")


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    limits = ConnectionLimits(head_timeout=0.05, body_timeout=0.05, every=0.02, linger=0.5)
    with live(LIMITED, limits) as live_server:
        yield live_server


def incomplete(path: str) -> dict[str, tuple[bytes, int]]:
    """Return requests that are refused before they are complete, with their status. All of them have a key."""
    late = request("POST", path, b"{}")
    chunked = request("POST", path, b"", "Transfer-Encoding: chunked", "Content-Type: application/json")
    return {
        "late body": (late[:-1], 408),
        "bad chunk": (chunked + b"xyz\r\n", 400),
        "late head": (request("POST", path).removesuffix(b"\r\n"), 408),
        "head too large": (request("GET", path, b"", f"X-Long: {'x' * 70_000}"), 431),
        "too many fields": (request("GET", path, b"", *("A: b",) * 101), 431),
        "not HTTP": (request("GET", path, b"", "Content-Length: x"), 400),
        "a field without a colon": (request("GET", path, b"", "no colon"), 400),
        "an unknown version": (request("GET", path).replace(b"HTTP/1.1", b"HTTP/9.9"), 400),
        "a space in the target": (request("GET", path + "/a b"), 400),
        "lines that end with LF only": (request("GET", path, b"", "no colon").replace(b"\r\n", b"\n"), 400),
        "a space before the method": (b" " + request("GET", path), 400),
        "unknown method": (request("BREW", path), 405),
        "unknown method and path": (request("BREW", path + "/none"), 404),
        "target not ASCII": (request("GET", path + "/?q=").replace(b"?q=", b"?q=\xe9"), 400),
    }


@of_each
@pytest.mark.parametrize("case", incomplete("/"))
def test_requests_that_are_refused_before_they_are_complete(server: Live, provider: str, case: str) -> None:
    server.client.post("/_mock/reset", json={"what": "counters"})
    path, body = SUBMITS[provider]
    server.client.post(path, json=body, headers={"Authorization": "Bearer key-1"})
    data, status = incomplete(path)[case]
    reply = exchange(server.address, data)
    # A request whose body is late was counted when its head arrived.
    left = "5" if case == "late body" else "6"
    assert (reply.status, *figures(reply.head)) == (status, "7", left)
    assert {*reply.head} >= {*NAMES[provider], "date"}


def test_a_key_that_has_not_arrived_is_not_known(server: Live) -> None:
    with connected(server.address) as connection:
        connection.sendall(b"GET /videotoprompt/v1/analyze/url HTTP/1.1\r\nHost: localhost\r\nAuthoriz")
        reply = receive(connection)
    assert (reply.status, *figures(reply.head)) == (408, "5", "5")
