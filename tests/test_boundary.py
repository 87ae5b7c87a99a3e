"""The boundary of the control API: it refuses requests of web pages of other origins, and checks the token."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.control import adapter
from mockserver.control.boundary import Boundary, WrongTokens
from mockserver.control.errors import ControlError
from mockserver.openapi import document
from mockserver.serving.listening import with_token
from mockserver.serving.serve import banner
from mockserver.settings import Settings, SettingsError, load
from tests.conversation import Conversation
from tests.live import Live, live, live_server
from tests.raw import exchange

LOCAL = {"host": "localhost:8080"}
OPEN_TO_ALL = Boundary()


def operations() -> Iterator[tuple[str, str, Any]]:
    """Yield the method, the path and the OpenAPI declaration of every operation."""
    for path, item in document("control")["paths"].items():
        for method, operation in item.items():
            yield method, path.replace("{", "").replace("}", ""), operation


def refused(boundary: Boundary = OPEN_TO_ALL, path: str = "/journal", **headers: str) -> int | None:
    """Return the status of the refusal of a request with these headers, or None."""
    request_headers = {**LOCAL, **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        boundary.check(path, request_headers)
    except ControlError as error:
        return error.status
    return None


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8080", "LOCALHOST:1", "localhost.", "127.0.0.1:8080", "127.8.9.10", "[::1]:8080",
        "192.168.1.7:8080", "[fe80::1]", "app.localhost",
    ],
)  # fmt: skip
@pytest.mark.parametrize("token", ["", "s3cret"])
def test_the_control_api_answers_to_localhost_and_ip_addresses(host: str, token: str) -> None:
    assert refused(Boundary(token), host=host, x_mock_token="s3cret") is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "a.b", "evil", "evil:8080",
        "mockserver", "host.docker.internal:8080", "testserver", "mock.test", "localhostx", "xlocalhost", "localhost..",
        ".localhost.evil", "2130706433", "0x7f.0.0.1", "127.1", "[::1", "::1", "[::1]evil", "[fe80::1%eth0]",
        "localhost@evil", "evil#localhost", "evil/localhost", "localhost:80:80", "localhost, evil",
        "localhost evil", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("token", ["", "s3cret"])
def test_a_name_that_was_rebound_to_this_machine_is_refused_also_with_the_token(host: str, token: str) -> None:
    assert refused(Boundary(token), host=host, x_mock_token="s3cret") == 403
    assert refused(Boundary(token), host=host, x_mock_token="s3cret", origin=f"http://{host}") == 403


def test_names_that_are_allowed_are_answered_with_every_port() -> None:
    boundary = Boundary("", "", ("mockserver", "Host.Docker.Internal"))
    for host in ("mockserver", "MOCKSERVER:8080", "host.docker.internal:9", "mockserver."):
        assert refused(boundary, host=host) is None
    assert refused(boundary, host="mockserver.evil.example") == 403


def test_the_refusal_of_a_host_says_which_option_allows_it() -> None:
    with pytest.raises(ControlError) as caught:
        OPEN_TO_ALL.check("/journal", {"host": "ci-box:8080"})
    assert "--allow-host ci-box (MOCKSERVER_ALLOW_HOSTS=ci-box)" in caught.value.detail


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:3000"},
        {"origin": "null"},
        {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
        {"origin": "file://"},
        {"origin": "chrome-extension://localhost:8080"},
    ],
)
@pytest.mark.parametrize("path", ["/journal", "/health"])
def test_requests_of_other_sites_are_refused(headers: dict[str, Any], path: str) -> None:
    assert refused(path=path, **headers) == 403


def test_requests_of_its_own_pages_and_of_plain_clients_are_accepted() -> None:
    assert refused() is None
    assert refused(sec_fetch_site="none") is None
    assert refused(sec_fetch_site="same-origin", origin="http://localhost:8080") is None


def test_the_host_of_the_public_url_is_accepted() -> None:
    public = Boundary(public_url="https://mock.example.org/base")
    assert refused(public, host="mock.example.org", origin="https://mock.example.org") is None
    assert refused(public, host="mock.example.org:443", origin="https://mock.example.org") is None
    assert refused(public, host="internal:8080", origin="https://mock.example.org") == 403
    assert refused(public, host="other.example.org") == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x_mock_token": "wrong"}, 401),
        ({"x_mock_token": "s3cret "}, 401),
        ({"x_mock_token": ""}, 401),
        ({"authorization": "Basic s3cret"}, 401),
        ({"x_mock_token": "s3cret"}, None),
        ({"authorization": "Bearer s3cret"}, None),
        ({"authorization": "bearer  s3cret"}, None),
        ({"authorization": "Bearer api-key", "x_mock_token": "s3cret"}, None),
        ({"x_mock_token": "s3cret", "host": "mock.ci.example"}, 403),
        ({"x_mock_token": "s3cret", "sec_fetch_site": "cross-site"}, 403),
    ],
)
def test_requests_need_the_token_if_there_is_one(headers: dict[str, Any], status: int | None) -> None:
    assert refused(Boundary("s3cret"), **headers) == status


def test_probes_need_no_token_and_no_known_host() -> None:
    assert refused(Boundary("s3cret"), "/health", host="mock.cluster.example") is None
    assert refused(Boundary("s3cret"), "/ready") is None


def test_ten_wrong_tokens_a_second_are_answered_at_once_and_the_others_in_turn() -> None:
    wrong = WrongTokens()
    assert [wrong.delay(100.0) for _ in range(10)] == [0.0] * 10
    assert [round(wrong.delay(100.0), 3) for _ in range(3)] == [0.1, 0.2, 0.3]
    assert round(wrong.delay(100.2), 3) == 0.2
    assert wrong.delay(102.0) == 0.0


def test_the_reply_to_a_wrong_token_waits_for_ten_seconds_at_most() -> None:
    wrong = WrongTokens()
    assert max(wrong.delay(0.0) for _ in range(100_000)) <= 10.0
    assert wrong.delay(20.0) == 0.0


async def test_only_wrong_tokens_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def wait(connection: object, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(adapter, "_wait", wait)
    monkeypatch.setattr(adapter, "monotonic", lambda: 100.0)
    async with Conversation(None, Settings(token="s3cret")) as t:
        for _ in range(12):
            assert (await t.get("/_mock/clock", headers={"X-Mock-Token": "wrong"})).status_code == 401
            assert (await t.get("/_mock/clock", headers={"X-Mock-Token": "s3cret"})).status_code == 200
            assert (await t.get("/_mock/clock", headers={"Authorization": ""})).status_code == 401
    assert [bool(seconds) for seconds in waits] == [False] * 10 + [True] * 2


async def test_every_operation_but_the_probes_needs_the_token() -> None:
    async with Conversation(None, Settings(token="s3cret")) as t:
        for method, path, operation in operations():
            reply = await t.client.request(method, f"/_mock{path}", json={})
            name = operation["operationId"]
            assert reply.status_code == (200 if name in ("health", "ready") else 401), name
            if reply.status_code == 401:
                assert reply.headers["www-authenticate"] == "Bearer"
        assert (await t.get("/_mock/journal", headers={"X-Mock-Token": "s3cret"})).status_code == 200


async def test_a_token_is_never_shown_in_the_journal() -> None:
    async with Conversation(None, Settings(token="s3cret-and-long")) as t:
        await t.get("/videotoprompt/v1/analyze/ana_x", headers={"X-Mock-Token": "s3cret-and-long"})
        assert (
            "s3cret-and-long" not in (await t.get("/_mock/journal", headers={"X-Mock-Token": "s3cret-and-long"})).text
        )


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_writes_refuse_the_content_types_that_an_html_form_can_send(kind: str) -> None:
    async with Conversation() as t:
        for method, path, operation in operations():
            if "requestBody" in operation:
                headers = {"Content-Type": kind} if kind else {}
                reply = await t.client.request(method, f"/_mock{path}", content=b"{}", headers=headers)
                assert reply.status_code == 415, operation["operationId"]


async def test_no_reply_has_cors_headers() -> None:
    async with Conversation() as t:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        preflight = await t.client.request("OPTIONS", "/_mock/reset", headers=headers)
        plain = await t.get("/_mock/journal")
        for reply in (preflight, plain):
            assert not [name for name in reply.headers if name.startswith("access-control-")]
        assert preflight.status_code == 403


async def test_stored_payloads_are_returned_as_json_that_browsers_do_not_render() -> None:
    """A stored payload may be an attacker's script."""
    script = "<script>alert(1)</script>"

    async with Conversation() as t:
        await t.post("/videotoprompt/v1/analyze/url", {"url": f"https://example.com/{script}"})
        for path in ("/_mock/journal", "/_mock/jobs", "/_mock/deliveries", f"/_mock/{script}", "/_mock/accounts/<b>"):
            reply = await t.get(path)
            assert reply.headers["content-type"] in ("application/json", "application/problem+json")
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert reply.headers["cross-origin-resource-policy"] == "same-origin"
            assert reply.headers["cache-control"] == "no-store"


# --- Serving ---


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9", "mock.localhost"])
def test_no_token_is_generated_for_a_loopback_host(host: str) -> None:
    assert with_token(Settings(host=host)).token == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "mock.example"])
def test_a_token_is_generated_for_other_hosts(host: str) -> None:
    one, other = with_token(Settings(host=host)), with_token(Settings(host=host))
    assert len(one.token) >= 20
    assert one.token != other.token
    assert with_token(Settings(host=host, token="mine")).token == "mine"


def test_a_server_without_a_token_can_be_asked_for_on_any_host() -> None:
    assert with_token(Settings(host="0.0.0.0", token="none")).token == ""


def test_the_banner_says_how_the_token_is_sent() -> None:
    settings = Settings(host="0.0.0.0", token="s3cret")
    lines = list(banner(settings, 8080, create_app(settings)))
    assert any(line.strip() == "with the header X-Mock-Token: s3cret" for line in lines)
    plain = list(banner(replace(settings, token=""), 8080, create_app()))
    assert not any("X-Mock-Token" in line for line in plain)


@pytest.mark.parametrize(("name", "value"), [("head_timeout", "0"), ("body_timeout", "-1"), ("head_timeout", "soon")])
def test_deadlines_must_be_positive_numbers(name: str, value: str) -> None:
    assert load({}, {"MOCKSERVER_HEAD_TIMEOUT": "3", "MOCKSERVER_BODY_TIMEOUT": "4"}).head_timeout == 3
    with pytest.raises(SettingsError, match=f"(?i){name}"):
        load({}, {f"MOCKSERVER_{name.upper()}": value})


def test_a_page_of_another_origin_is_refused_over_a_real_connection() -> None:
    with live_server(create_app()) as base, httpx2.Client(base_url=base) as client:
        assert client.post("/_mock/reset", json={}, headers={"Origin": "https://evil.example"}).status_code == 403
        assert client.get("/_mock/journal", headers={"Host": "evil.example"}).status_code == 403
        assert client.get("/_mock/journal", headers={"Host": "evil"}).status_code == 403
        assert client.get("/_mock/journal").status_code == 200


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live({}) as live_server:
        yield live_server


@pytest.mark.parametrize("fields", [b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: a\r\nhOST: localhost\r\n"])
@pytest.mark.parametrize("path", [b"/_mock/journal", b"/_mock/health", b"/videotoprompt/v1/analyze/ana_1", b"/"])
def test_a_request_needs_exactly_one_host(server: Live, path: bytes, fields: bytes) -> None:
    received = exchange(server.address, b"GET %b HTTP/1.1\r\n%b\r\n" % (path, fields))
    assert (received.status, received.ended) == (400, "FIN")
    assert b"The request must have one Host header" in received.body


def test_an_http_1_0_request_needs_no_host_but_has_at_most_one(server: Live) -> None:
    assert exchange(server.address, b"GET /_mock/health HTTP/1.0\r\n\r\n").status == 200
    assert exchange(server.address, b"GET /_mock/health HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n").status == 400


@pytest.mark.parametrize(("authority", "status"), [(b"evil:8080", 403), (b"localhost", 200), (b"u@[::1]:8080", 200)])
def test_the_host_of_a_whole_url_replaces_the_header(server: Live, authority: bytes, status: int) -> None:
    for host in (b"localhost", b"evil"):
        line = b"GET http://%b/_mock/clock?x HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"
        assert exchange(server.address, (line % (authority, host)).replace(b"?x", b"")).status == status
