"""The proxy, as clients of every kind meet it: tunnels, TLS, plain requests, refusals and bounds."""

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

from mockserver.intercept.background import Background, intercepted
from mockserver.intercept.proxy import Bounds
from mockserver.settings import Settings
from tests.raw import Heard, connected, hear, hear_reply, say

HOST = "api.videotoprompt.org"
ASKED = json.dumps({"url": "https://example.com/a.mp4"})
HEADERS = {"Authorization": "Bearer key-1", "Content-Type": "application/json"}
HINT = "is not a provider's host; --allow-external lets it through"


class Trap:
    """What a test can do with an intercepted server."""

    def __init__(self, background: Background, said: list[str]) -> None:
        self.interceptor = background.interceptor
        self.said = said
        parts = urlsplit(self.interceptor.url)
        self.address = (str(parts.hostname), int(parts.port or 0))

    @property
    def trusting(self) -> ssl.SSLContext:
        """TLS of a client that trusts what it was told to."""
        return ssl.create_default_context(cafile=self.interceptor.environment()["SSL_CERT_FILE"])

    def tunnel(self, host: str = HOST, context: ssl.SSLContext | None = None) -> http.client.HTTPSConnection:
        """A connection as Python's clients make them through a proxy."""
        connection = http.client.HTTPSConnection(*self.address, timeout=10, context=context or self.trusting)
        connection.set_tunnel(host)
        return connection

    def control(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        headers = {"Content-Type": "application/json", **headers}
        with closing(http.client.HTTPConnection(*self.address, timeout=10)) as connection:
            connection.request(method, f"/_mock{path}", json.dumps(body), headers)
            with connection.getresponse() as reply:
                return json.load(reply)


@contextmanager
def trap(
    scenario: str = "default", bounds: Bounds | None = None, sandbox: str | None = None, **more: Any
) -> Iterator[Trap]:
    said: list[str] = []
    settings = Settings(scenario=scenario, **more)
    with intercepted(settings, sandbox=sandbox, say=said.append, bounds=bounds) as background:
        yield Trap(background, said)


def submit(connection: http.client.HTTPConnection, asked: str = ASKED) -> tuple[int, Any]:
    connection.request("POST", "/v1/analyze/url", asked, HEADERS)
    with connection.getresponse() as reply:
        return reply.status, json.load(reply)


def test_a_connection_is_kept_for_the_next_request() -> None:
    with trap() as t, closing(t.tunnel()) as connection:
        assert submit(connection)[0] == 202
        first = connection.sock
        assert [submit(connection)[0] for _ in range(20)] == [202] * 20
        assert connection.sock is first
        assert isinstance(first, ssl.SSLSocket)
        assert first.version() == "TLSv1.3"


def test_only_http_1_is_offered() -> None:
    with trap() as t:
        context = t.trusting
        context.set_alpn_protocols(["h2", "http/1.1"])
        with closing(t.tunnel(context=context)) as connection:
            connection.connect()
            assert connection.sock.selected_alpn_protocol() == "http/1.1"


def test_many_connections_at_once_are_each_answered() -> None:
    with trap() as t:

        def one(number: int) -> str:
            with closing(t.tunnel()) as connection:
                return str(submit(connection, json.dumps({"url": f"https://example.com/{number}.mp4"}))[1]["id"])

        with ThreadPoolExecutor(50) as pool:
            assert len(set(pool.map(one, range(200)))) == 200


def test_a_client_that_sends_its_first_request_with_its_handshake_is_answered() -> None:
    """The end of a handshake and the first request may come in one piece (RFC 8446 section 2)."""
    with trap() as t, connected(t.address) as raw:
        raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
        assert raw.recv(1024).startswith(b"HTTP/1.1 200 ")
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = t.trusting.wrap_bio(coming, going, server_hostname=HOST)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        raw.sendall(going.read())
        while True:
            coming.write(raw.recv(65_536))
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                continue
            break
        client.write(f"GET /nothing HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        raw.sendall(going.read())
        heard = b""
        while not heard:
            coming.write(raw.recv(65_536))
            with suppress(ssl.SSLWantReadError):  # nothing but tickets for later sessions
                heard = client.read()
        assert heard.startswith(b"HTTP/1.1 404 ")


STREAM = """
scenario: stream
clock: {mode: manual}
rules:
  - name: told
    operation: nanophoto.reverse_prompt
    stream: {text: one two three, pace: {first: 600ms, every: 50ms}}
"""


def test_a_stream_arrives_chunk_by_chunk() -> None:
    with trap(STREAM) as t, closing(t.tunnel("nanophoto.ai")) as connection:
        asked = json.dumps({"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"})
        connection.request("POST", "/api/sora-2/reverse-prompt", asked, HEADERS)
        reply = connection.getresponse()
        with reply:
            for text, passes in ((b"one ", "600ms"), (b"two ", "50ms"), (b"three", "50ms")):
                t.control("POST", "/clock", {"advance": passes})
                assert reply.read1() == text
            assert reply.read1() == b""


def test_a_reset_is_a_reset() -> None:
    with trap() as t, closing(t.tunnel()) as connection, pytest.raises(ConnectionResetError):
        submit(connection, json.dumps({"url": "https://example.com/mock-reset.mp4"}))


@pytest.mark.parametrize(
    ("scheme", "link"), [("http", "http://prompttovideo.com/"), ("https", "https://prompttovideo.com/")]
)
def test_a_request_that_names_its_whole_url_is_answered_and_its_links_keep_the_scheme(scheme: str, link: str) -> None:
    """RFC 9112 section 3.2.2: what a client sends to a proxy for http, and some for https."""
    with trap(clock="manual") as t:
        asked = b'{"prompt": "a kite", "quality": "free"}'
        fields = ("Proxy-Connection: keep-alive", "Connection: keep-alive, X-Hop", "X-Hop: 1")
        made = say(t.address, through(f"{scheme}://prompttovideo.com/api/v1/generate", asked, *fields))
        assert made.head["connection"] == "close"
        t.control("POST", "/clock", {"advance": "1h"})
        number = json.loads(made.body)["video_id"]
        told = say(t.address, through(f"{scheme}://prompttovideo.com/api/v1/video/{number}/status"))
        assert json.loads(told.body)["video_url"].startswith(link)


def through(url: str, body: bytes = b"", *fields: str) -> bytes:
    """A request as it is sent to a proxy."""
    head = [f"{'POST' if body else 'GET'} {url} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    head += ["Authorization: Bearer key-1", *fields]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def test_the_next_request_on_a_connection_may_not_be_for_another_host() -> None:
    """After one request the connection is over, so that what was not looked at is not answered either."""
    with trap() as t:
        heard = say(t.address, through("http://nanophoto.ai/nothing") + through("http://example.com/"))
        assert heard.data.count(b"HTTP/1.1 ") == 1
        assert heard.ended == "FIN"


def test_the_proxy_is_the_sandbox_server_too() -> None:
    with trap() as t:
        assert t.control("GET", "/health") == {"status": "ok"}
        assert say(t.address, b"GET /videotoprompt/v1/nothing HTTP/1.0\r\n\r\n").status == 404


def test_requests_that_name_no_sandbox_go_to_the_interceptors_own() -> None:
    default = {"X-Mock-Sandbox": "default"}
    with trap(sandbox="alice") as t:
        t.control("POST", "/sandboxes", {"name": "alice"}, **default)
        with closing(t.tunnel()) as connection:
            assert submit(connection)[0] == 202
        assert len(t.control("GET", "/jobs")["jobs"]) == 1
        assert t.control("GET", "/jobs", **default)["jobs"] == []


@contextmanager
def neighbour(reply: bytes) -> Iterator[tuple[str, int]]:
    """Another server of this machine, which answers whatever it is sent, once, and tells what that was."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def answer() -> bytes:
            connection, _ = listener.accept()
            with connection:
                asked = connection.recv(65_536)
                connection.sendall(asked + reply)
            return asked

        answered = pool.submit(answer)
        yield listener.getsockname()
        assert answered.result(10)


def test_what_is_on_this_machine_is_let_through_untouched() -> None:
    big = bytes(range(256)) * 20_000
    with trap() as t, neighbour(big) as (host, port), connected(t.address) as raw:
        raw.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
        assert raw.recv(1024) == b"HTTP/1.1 200 Connection established\r\n\r\n"
        raw.sendall(b"\x00any bytes\xff")
        heard = hear(raw)
        assert (heard.data, heard.ended) == (b"\x00any bytes\xff" + big, "FIN")


def test_a_plain_request_to_this_machine_is_passed_on_without_what_is_the_proxys() -> None:
    with trap() as t, neighbour(b"") as (_, port):
        asked = through(f"http://localhost:{port}/a?b=c", b"body", "Proxy-Authorization: Basic eA==", "X-Mine: 1")
        heard = say(t.address, asked).data.decode()
        assert heard.startswith("POST /a?b=c HTTP/1.1\r\n")
        assert "\r\nX-Mine: 1\r\n" in heard
        assert "Proxy-Authorization" not in heard
        assert heard.endswith("\r\nConnection: close\r\n\r\nbody")


def test_where_nobody_listens_the_proxy_says_so() -> None:
    with trap() as t:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        heard = say(t.address, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        assert heard.status == 502
        assert f"127.0.0.1:{port}: ".encode() in heard.body


REFUSED = [
    (b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", 403, f"example.com:443 {HINT}"),
    (b"CONNECT api.videotoprompt.org.example.com:443 HTTP/1.1\r\n\r\n", 403, HINT),
    (b"GET http://169.254.169.254/latest HTTP/1.1\r\n\r\n", 403, f"169.254.169.254:80 {HINT}"),
    (b"GET http://user@nanophoto.ai/ HTTP/1.1\r\n\r\n", 400, "does not say a host and a port"),
    (b"CONNECT nanophoto.ai HTTP/1.1\r\n\r\n", 400, "does not say a host and a port"),
    (b"CONNECT nanophoto.ai:0 HTTP/1.1\r\n\r\n", 400, "does not say a host and a port"),
    (b"GET ftp://nanophoto.ai/ HTTP/1.1\r\n\r\n", 400, "only http:// and https://"),
    (b"GET https://127.0.0.1/ HTTP/1.1\r\n\r\n", 400, "CONNECT"),
    (b"CONNECT nanophoto.ai:443 HTTP/1.1\r\n\r\nearly", 400, "before it is there"),
    (b"\x16\x03\x01 hello\r\n\r\n", 400, "no HTTP/1.1 request"),
    (b"GET /\r\n\r\n", 400, "no HTTP/1.1 request"),
    (b"GET http://nanophoto.ai/ HTTP/1.1\r\nX: 1\r\n folded\r\n\r\n", 400, "no HTTP/1.1 request"),
    (b"GET http://nanophoto.ai/ HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n", 400, "no HTTP/1.1 request"),
    (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431, "too large"),
]


@pytest.mark.parametrize(("sent", "status", "told"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_is_told_why(sent: bytes, status: int, told: str) -> None:
    with trap() as t:
        heard = refusal(t, sent)
        assert heard.status == status
        assert told in heard.body.decode()
        assert heard.data.startswith(f"HTTP/1.1 {status} {heard.body.decode().strip()}\r\n".encode())
        assert len(t.said) == 1


def refusal(t: Trap, sent: bytes) -> Heard:
    with connected(t.address) as raw:
        raw.sendall(sent)
        return hear_reply(raw)


def test_a_refusal_is_said_once_and_counted_each_time() -> None:
    with trap() as t:
        for _ in range(3):
            refusal(t, b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        assert t.said == [f"refused: example.com:443 {HINT}"]
        assert t.interceptor.refused == {"example.com:443": 3}


def test_a_client_with_authorities_of_its_own_is_pointed_out() -> None:
    with trap() as t, closing(t.tunnel(context=ssl.create_default_context(cafile=None, cadata=OTHER))) as connection:
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.connect()
        # The proxy has heard of it by the time that it answers again.
        with closing(t.tunnel()) as another:
            assert submit(another)[0] == 202
        assert len(t.said) == 1
        assert t.said[0].startswith(f"a client of {HOST} did not accept the certificate: ")


def test_a_connection_too_many_is_refused_until_another_ends() -> None:
    with trap(bounds=Bounds(connections=2)) as t:
        with closing(t.tunnel()) as first, connected(t.address) as second:
            assert submit(first)[0] == 202
            second.sendall(b"GET ")
            with connected(t.address) as third:
                assert hear(third).status == 503
        with closing(t.tunnel()) as next_one:
            assert submit(next_one)[0] == 202


def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    with trap(bounds=Bounds(head_timeout=0.1)) as t, connected(t.address) as raw:
        raw.sendall(b"CONNECT ")
        assert hear(raw).status == 408


def test_a_handshake_that_does_not_come_is_not_waited_for() -> None:
    with trap(bounds=Bounds(handshake_timeout=0.1)) as t, connected(t.address) as raw:
        raw.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        heard = hear(raw)
        assert heard.status == 200
        assert heard.ended in ("FIN", "RST")


def test_a_client_that_goes_away_early_does_no_harm() -> None:
    with trap() as t:
        for sent in (b"", b"CONN", f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode(), b"GET http://nanophoto.ai/"):
            with connected(t.address) as raw:
                raw.sendall(sent)
        with closing(t.tunnel()) as connection:
            assert submit(connection)[0] == 202
        assert t.said == []


def test_the_end_of_the_interceptor_ends_tunnels_and_files() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with trap() as t:
            directory = t.interceptor.directory
            raw = socket.create_connection(t.address, 10)
            raw.sendall(f"CONNECT 127.0.0.1:{listener.getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
            assert raw.recv(1024).startswith(b"HTTP/1.1 200 ")
        with raw:
            assert hear(raw).ended in ("FIN", "RST")
        assert not directory.exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(t.address, 10)


def test_webhooks_do_not_go_to_the_interceptor() -> None:
    with trap(clock="manual") as t:
        for port in t.interceptor.ports:
            webhook = {"url": f"http://127.0.0.1:{port}/v1/analyze/url", "secret": "s"}
            t.control("PATCH", "/accounts/key-1", {"webhook": webhook})
            with closing(t.tunnel()) as connection:
                submit(connection, json.dumps({"url": f"https://example.com/{port}.mp4"}))
            t.control("POST", "/clock", {"advance": "1m"})
            newest = t.control("GET", "/deliveries")["deliveries"][0]
            assert "this sandbox server itself" in newest["attempts"][0]["error"]


def _other() -> str:
    import trustme

    return trustme.CA().cert_pem.bytes().decode()


OTHER = _other()


def test_the_files_are_for_their_owner_alone() -> None:
    with trap() as t:
        directory = t.interceptor.directory
        assert directory.stat().st_mode & 0o077 == 0
        assert sorted(each.name for each in Path(directory).iterdir()) == [
            ".curlrc",
            "authorities.pem",
            "nothing",
            "wgetrc",
        ]
