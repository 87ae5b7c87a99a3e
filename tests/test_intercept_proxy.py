"""The intercepting proxy: tunnels, TLS, plain requests, refusals and limits."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver.intercept.background import BackgroundServer, background_server
from mockserver.intercept.proxy import ProxyLimits
from mockserver.settings import Settings
from tests.raw import Received, connected, exchange, receive, receive_reply

HOST = "api.videotoprompt.org"
BODY = json.dumps({"url": "https://example.com/a.mp4"})
HEADERS = {"Authorization": "Bearer key-1", "Content-Type": "application/json"}
HINT = "is not a provider's host; use --allow-external to allow other hosts"


class Intercepting:
    """An intercepting server, as a test uses it. `notices` are the messages for the user."""

    def __init__(self, server: BackgroundServer, notices: list[str]) -> None:
        self.interceptor = server.interceptor
        self.notices = notices
        parts = urlsplit(self.interceptor.url)
        self.address = (str(parts.hostname), int(parts.port or 0))

    @property
    def client_context(self) -> ssl.SSLContext:
        """The TLS context of a client that trusts the proxy's certificate authority."""
        return ssl.create_default_context(cafile=self.interceptor.environment()["SSL_CERT_FILE"])

    def tunnel(self, host: str = HOST, context: ssl.SSLContext | None = None) -> http.client.HTTPSConnection:
        """Return a connection through the proxy, as Python's clients open it."""
        connection = http.client.HTTPSConnection(*self.address, timeout=10, context=context or self.client_context)
        connection.set_tunnel(host)
        return connection

    def control(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        headers = {"Content-Type": "application/json", **headers}
        with closing(http.client.HTTPConnection(*self.address, timeout=10)) as connection:
            connection.request(method, f"/_mock{path}", json.dumps(body), headers)
            with connection.getresponse() as reply:
                return json.load(reply)


@contextmanager
def intercepting(
    scenario: str = "default", limits: ProxyLimits | None = None, sandbox: str | None = None, **more: Any
) -> Iterator[Intercepting]:
    notices: list[str] = []
    settings = Settings(scenario=scenario, **more)
    with background_server(settings, sandbox=sandbox, notify=notices.append, limits=limits) as server:
        yield Intercepting(server, notices)


def submit(connection: http.client.HTTPConnection, body: str = BODY) -> tuple[int, Any]:
    connection.request("POST", "/v1/analyze/url", body, HEADERS)
    with connection.getresponse() as reply:
        return reply.status, json.load(reply)


def test_a_connection_is_kept_for_the_next_request() -> None:
    with intercepting() as t, closing(t.tunnel()) as connection:
        assert submit(connection)[0] == 202
        first = connection.sock
        assert [submit(connection)[0] for _ in range(20)] == [202] * 20
        assert connection.sock is first
        assert isinstance(first, ssl.SSLSocket)
        assert first.version() == "TLSv1.3"


def test_alpn_selects_http_1_1() -> None:
    with intercepting() as t:
        context = t.client_context
        context.set_alpn_protocols(["h2", "http/1.1"])
        with closing(t.tunnel(context=context)) as connection:
            connection.connect()
            assert connection.sock.selected_alpn_protocol() == "http/1.1"


def test_many_concurrent_connections_are_answered() -> None:
    with intercepting() as t:

        def one(number: int) -> str:
            with closing(t.tunnel()) as connection:
                return str(submit(connection, json.dumps({"url": f"https://example.com/{number}.mp4"}))[1]["id"])

        with ThreadPoolExecutor(50) as pool:
            assert len(set(pool.map(one, range(200)))) == 200


def test_a_first_request_that_arrives_with_the_end_of_the_handshake_is_answered() -> None:
    """Both may arrive in one piece (RFC 8446 section 2)."""
    with intercepting() as t, connected(t.address) as raw:
        raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
        assert raw.recv(1024).startswith(b"HTTP/1.1 200 ")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = t.client_context.wrap_bio(incoming, outgoing, server_hostname=HOST)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        raw.sendall(outgoing.read())
        while True:
            incoming.write(raw.recv(65_536))
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                continue
            break
        client.write(f"GET /nothing HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        raw.sendall(outgoing.read())
        received = b""
        while not received:
            incoming.write(raw.recv(65_536))
            with suppress(ssl.SSLWantReadError):  # only tickets for later sessions have arrived
                received = client.read()
        assert received.startswith(b"HTTP/1.1 404 ")


STREAM = """
scenario: stream
clock: {mode: manual}
rules:
  - name: three words
    operation: nanophoto.reverse_prompt
    stream: {text: one two three, pace: {first: 600ms, every: 50ms}}
"""


def test_a_stream_arrives_chunk_by_chunk() -> None:
    with intercepting(STREAM) as t, closing(t.tunnel("nanophoto.ai")) as connection:
        body = json.dumps({"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"})
        connection.request("POST", "/api/sora-2/reverse-prompt", body, HEADERS)
        reply = connection.getresponse()
        with reply:
            for text, duration in ((b"one ", "600ms"), (b"two ", "50ms"), (b"three", "50ms")):
                t.control("POST", "/clock", {"advance": duration})
                assert reply.read1() == text
            assert reply.read1() == b""


def test_a_reset_reaches_the_client_as_a_reset() -> None:
    with intercepting() as t, closing(t.tunnel()) as connection, pytest.raises(ConnectionResetError):
        submit(connection, json.dumps({"url": "https://example.com/mock-reset.mp4"}))


@pytest.mark.parametrize(
    ("scheme", "link"), [("http", "http://prompttovideo.com/"), ("https", "https://prompttovideo.com/")]
)
def test_a_request_with_an_absolute_url_is_answered_with_links_of_the_same_scheme(scheme: str, link: str) -> None:
    """RFC 9112 section 3.2.2: clients send absolute URLs to a proxy for http, and some for https."""
    with intercepting(clock="manual") as t:
        body = b'{"prompt": "a kite", "quality": "free"}'
        fields = ("Proxy-Connection: keep-alive", "Connection: keep-alive, X-Hop", "X-Hop: 1")
        submitted = exchange(t.address, proxy_request(f"{scheme}://prompttovideo.com/api/v1/generate", body, *fields))
        assert submitted.head["connection"] == "close"
        t.control("POST", "/clock", {"advance": "1h"})
        number = json.loads(submitted.body)["video_id"]
        status = exchange(t.address, proxy_request(f"{scheme}://prompttovideo.com/api/v1/video/{number}/status"))
        assert json.loads(status.body)["video_url"].startswith(link)


def proxy_request(url: str, body: bytes = b"", *fields: str) -> bytes:
    """Return a request as a client sends it to a proxy."""
    head = [f"{'POST' if body else 'GET'} {url} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    head += ["Authorization: Bearer key-1", *fields]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def test_a_second_request_on_a_plain_connection_is_not_answered() -> None:
    """It could be for another host, so the connection is closed after the first request."""
    with intercepting() as t:
        received = exchange(
            t.address, proxy_request("http://nanophoto.ai/nothing") + proxy_request("http://example.com/")
        )
        assert received.data.count(b"HTTP/1.1 ") == 1
        assert received.ended == "FIN"


def test_the_proxy_is_also_the_sandbox_server() -> None:
    with intercepting() as t:
        assert t.control("GET", "/health") == {"status": "ok"}
        assert exchange(t.address, b"GET /videotoprompt/v1/nothing HTTP/1.0\r\n\r\n").status == 404


def test_requests_without_a_sandbox_go_to_the_sandbox_of_the_interceptor() -> None:
    default = {"X-Mock-Sandbox": "default"}
    with intercepting(sandbox="alice") as t:
        t.control("POST", "/sandboxes", {"name": "alice"}, **default)
        with closing(t.tunnel()) as connection:
            assert submit(connection)[0] == 202
        assert len(t.control("GET", "/jobs")["jobs"]) == 1
        assert t.control("GET", "/jobs", **default)["jobs"] == []


@contextmanager
def echo_server(reply: bytes) -> Iterator[tuple[str, int]]:
    """Run another server on this machine, which answers one request with the same bytes and `reply`."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def answer() -> bytes:
            connection, _ = listener.accept()
            with connection:
                request = connection.recv(65_536)
                connection.sendall(request + reply)
            return request

        answered = pool.submit(answer)
        yield listener.getsockname()
        assert answered.result(10)


def test_a_tunnel_to_this_machine_forwards_all_bytes_unchanged() -> None:
    big = bytes(range(256)) * 20_000
    with intercepting() as t, echo_server(big) as (host, port), connected(t.address) as raw:
        raw.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
        assert raw.recv(1024) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        raw.sendall(b"\x00any bytes\xff")
        received = receive(raw)
        assert (received.data, received.ended) == (b"\x00any bytes\xff" + big, "FIN")


def test_a_plain_request_to_this_machine_is_forwarded_without_hop_by_hop_fields() -> None:
    with intercepting() as t, echo_server(b"") as (_, port):
        fields = ("Proxy-Authorization: Basic eA==", "X-Mine: 1")
        received = exchange(t.address, proxy_request(f"http://localhost:{port}/a?b=c", b"body", *fields)).data.decode()
        assert received.startswith("POST /a?b=c HTTP/1.1\r\n")
        assert "\r\nX-Mine: 1\r\n" in received
        assert "Proxy-Authorization" not in received
        assert received.endswith("\r\nConnection: close\r\n\r\nbody")


def test_a_destination_that_does_not_listen_is_a_502() -> None:
    with intercepting() as t:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        received = exchange(t.address, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        assert received.status == 502
        assert f"127.0.0.1:{port}: ".encode() in received.body


REFUSED = [
    (b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", 403, f"example.com:443 {HINT}"),
    (b"CONNECT api.videotoprompt.org.example.com:443 HTTP/1.1\r\n\r\n", 403, HINT),
    (b"GET http://169.254.169.254/latest HTTP/1.1\r\n\r\n", 403, f"169.254.169.254:80 {HINT}"),
    (b"GET http://user@nanophoto.ai/ HTTP/1.1\r\n\r\n", 400, "has no valid host and port"),
    (b"CONNECT nanophoto.ai HTTP/1.1\r\n\r\n", 400, "has no valid host and port"),
    (b"CONNECT nanophoto.ai:0 HTTP/1.1\r\n\r\n", 400, "has no valid host and port"),
    (b"GET ftp://nanophoto.ai/ HTTP/1.1\r\n\r\n", 400, "must begin with http:// or https://"),
    (b"GET https://127.0.0.1/ HTTP/1.1\r\n\r\n", 400, "CONNECT"),
    (b"CONNECT nanophoto.ai:443 HTTP/1.1\r\n\r\nearly", 400, "before the tunnel was established"),
    (b"\x16\x03\x01 hello\r\n\r\n", 400, "is not valid HTTP/1.1"),
    (b"GET /\r\n\r\n", 400, "is not valid HTTP/1.1"),
    (b"GET http://nanophoto.ai/ HTTP/1.1\r\nX: 1\r\n folded\r\n\r\n", 400, "is not valid HTTP/1.1"),
    (b"GET http://nanophoto.ai/ HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n", 400, "is not valid HTTP/1.1"),
    (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431, "too large"),
]


@pytest.mark.parametrize(("request_", "status", "reason"), REFUSED, ids=range(len(REFUSED)))
def test_a_refusal_has_its_reason_in_the_status_line_and_the_body(request_: bytes, status: int, reason: str) -> None:
    with intercepting() as t:
        received = refusal(t, request_)
        assert received.status == status
        assert reason in received.body.decode()
        assert received.data.startswith(f"HTTP/1.1 {status} {received.body.decode().strip()}\r\n".encode())
        assert len(t.notices) == 1


def refusal(t: Intercepting, request: bytes) -> Received:
    with connected(t.address) as raw:
        raw.sendall(request)
        return receive_reply(raw)


def test_a_refusal_is_reported_once_and_counted_each_time() -> None:
    with intercepting() as t:
        for _ in range(3):
            refusal(t, b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        assert t.notices == [f"refused: example.com:443 {HINT}"]
        assert t.interceptor.refused == {"example.com:443": 3}


def test_a_client_that_does_not_trust_the_certificate_is_reported() -> None:
    with (
        intercepting() as t,
        closing(t.tunnel(context=ssl.create_default_context(cafile=None, cadata=OTHER))) as connection,
    ):
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.connect()
        # When the proxy answers another client, it has noticed the failed handshake.
        with closing(t.tunnel()) as another:
            assert submit(another)[0] == 202
        assert len(t.notices) == 1
        assert t.notices[0].startswith(f"a client of {HOST} did not accept the certificate: ")


def test_a_connection_beyond_the_limit_is_refused_until_another_ends() -> None:
    with intercepting(limits=ProxyLimits(connections=2)) as t:
        with closing(t.tunnel()) as first, connected(t.address) as second:
            assert submit(first)[0] == 202
            second.sendall(b"GET ")
            with connected(t.address) as third:
                received = receive(third)
                assert received.status == 503
                assert received.body == b"mockserver: the proxy has reached its limit of 2 connections\n"
        with closing(t.tunnel()) as next_one:
            assert submit(next_one)[0] == 202


def test_an_incomplete_head_times_out_with_408() -> None:
    with intercepting(limits=ProxyLimits(head_timeout=0.1)) as t, connected(t.address) as raw:
        raw.sendall(b"CONNECT ")
        received = receive(raw)
        assert (received.status, received.body) == (408, b"mockserver: the request did not arrive in time\n")


def test_a_connection_without_a_handshake_is_closed() -> None:
    with intercepting(limits=ProxyLimits(handshake_timeout=0.1)) as t, connected(t.address) as raw:
        raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        received = receive(raw)
        assert received.data == b"HTTP/1.1 200 Connection established\r\n\r\n"
        assert received.ended in ("FIN", "RST")


def test_the_proxy_still_answers_after_clients_disconnected_early() -> None:
    with intercepting() as t:
        for start in (b"", b"CONN", f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode(), b"GET http://nanophoto.ai/"):
            with connected(t.address) as raw:
                raw.sendall(start)
        with closing(t.tunnel()) as connection:
            assert submit(connection)[0] == 202
        assert t.notices == []


def test_closing_the_interceptor_closes_tunnels_and_removes_files() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with intercepting() as t:
            directory = t.interceptor.directory
            raw = socket.create_connection(t.address, 10)
            raw.sendall(f"CONNECT 127.0.0.1:{listener.getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
            assert raw.recv(1024).startswith(b"HTTP/1.1 200 ")
        with raw:
            assert receive(raw).ended in ("FIN", "RST")
        assert not directory.exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(t.address, 10)


def test_webhooks_to_the_interceptor_are_refused() -> None:
    with intercepting(clock="manual") as t:
        for port in t.interceptor.ports:
            webhook = {"url": f"http://127.0.0.1:{port}/v1/analyze/url", "secret": "s"}
            t.control("PATCH", "/accounts/key-1", {"webhook": webhook})
            with closing(t.tunnel()) as connection:
                submit(connection, json.dumps({"url": f"https://example.com/{port}.mp4"}))
            t.control("POST", "/clock", {"advance": "1m"})
            newest = t.control("GET", "/deliveries")["deliveries"][0]
            assert "this server itself" in newest["attempts"][0]["error"]


def _other() -> str:
    import trustme

    return trustme.CA().cert_pem.bytes().decode()


OTHER = _other()


def test_only_the_owner_can_open_the_directory_with_the_certificates() -> None:
    with intercepting() as t:
        directory = t.interceptor.directory
        assert directory.stat().st_mode & 0o077 == 0
        assert sorted(each.name for each in Path(directory).iterdir()) == [
            ".curlrc",
            "authorities.p12",
            "authorities.pem",
            "empty",
            "wgetrc",
        ]
