"""Outgoing calls over real sockets, to small receivers on loopback."""

import asyncio
import itertools
import shutil
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# What a receiver does with a request that it has read. Returns whether it reads another request.
Action = Callable[["Receiver", asyncio.StreamWriter], Awaitable[bool]]


class Receiver:
    """A server on loopback that records the bytes of requests. The last action is repeated."""

    def __init__(self, *actions: Action) -> None:
        self.actions = itertools.chain(actions[:-1], itertools.repeat(actions[-1]))
        self.requests: list[bytes] = []
        self.connections = 0
        self.called = asyncio.Event()  # set when a request has arrived
        self.released = asyncio.Event()  # set to end a hang
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
                self.requests.append(head + await reader.readexactly(int(fields.get(b"content-length", b"0"))))
                self.called.set()
                if not await next(self.actions)(self, writer):
                    break
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def receiving(
    *actions: Action, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    receiver = Receiver(*actions)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(receiver.handle(reader, writer)))

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.close()
        await asyncio.gather(*tasks)
        await server.wait_closed()


def says(*pieces: bytes, close: bool = False) -> Action:
    async def say(receiver: Receiver, writer: asyncio.StreamWriter) -> bool:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return not close

    return say


def hangs(first: bytes = b"") -> Action:
    async def hang(receiver: Receiver, writer: asyncio.StreamWriter) -> bool:
        writer.write(first)
        await receiver.released.wait()
        return False

    return hang


async def resets(receiver: Receiver, writer: asyncio.StreamWriter) -> bool:
    # With a linger time of zero the system sends RST instead of FIN.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


async def floods(receiver: Receiver, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:  # until the connection is cut
        writer.write(b"x" * 65_536)
        await writer.drain()


class Names:
    """A resolver that uses a table. Names that are not in the table do not exist."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names

    async def __call__(self, name: str, port: int) -> Iterable[str]:
        if name not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.names[name]


@asynccontextmanager
async def dialling(policy: EgressPolicy | None = None, **options: Any) -> AsyncIterator[Dialer]:
    options = {"timer": itertools.count().__next__, "resolver": Names(), **options}
    dialer = Dialer(policy or EgressPolicy(), **options)
    try:
        yield dialer
    finally:
        await dialer.aclose()


def post(receiver: Receiver, path: str = "/hook", *, host: str = "127.0.0.1", **fields: Any) -> OutgoingCall:
    fields = {"body": b'{"a":1}', "timeout": 5.0, **fields}
    return OutgoingCall("POST", f"http://{host}:{receiver.port}{path}", **fields)


async def one_call(*actions: Action, **fields: Any) -> tuple[CallResult, Receiver]:
    async with receiving(*actions) as receiver, dialling() as dialer:
        return await dialer.send(post(receiver, **fields)), receiver


async def test_a_request_is_sent_byte_for_byte() -> None:
    headers = (("X-Sig", "sha256=AB"), ("content-TYPE", "application/json"), ("X-Sig", "2"), ("X-Latin", "\xe9"))

    async with receiving(says(OK)) as receiver, dialling() as dialer:
        result = await dialer.send(post(receiver, "/a/../b?x=%2f&y={z}#f", headers=headers, body=b'{ "a":\n1}'))

    assert receiver.requests == [
        b"POST /a/../b?x=%%2f&y={z} HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\n"
        b"X-Sig: sha256=AB\r\ncontent-TYPE: application/json\r\nX-Sig: 2\r\nX-Latin: \xe9\r\n"
        b'Content-Length: 9\r\n\r\n{ "a":\n1}' % receiver.port
    ]
    assert result == CallResult(
        "response", 200, (("Content-Length", "2"),), b"ok", address="127.0.0.1", elapsed_ms=1000.0
    )


async def test_host_and_content_length_are_not_added_twice() -> None:
    headers = (("host", "hooks.example"), ("content-length", "2"), ("X-Last", "1"))

    _, receiver = await one_call(says(OK), headers=headers, body=b"{}")

    assert receiver.requests == [
        b"POST /hook HTTP/1.1\r\nhost: hooks.example\r\ncontent-length: 2\r\nX-Last: 1\r\n\r\n{}"
    ]


async def test_an_empty_body_has_a_content_length_in_a_post_but_not_in_a_get() -> None:
    async with receiving(says(OK)) as receiver, dialling() as dialer:
        await dialer.send(post(receiver, body=b""))
        await dialer.send(OutgoingCall("GET", f"http://127.0.0.1:{receiver.port}"))

    assert b"\r\nContent-Length: 0\r\n" in receiver.requests[0]
    assert receiver.requests[1] == b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % receiver.port


async def test_a_large_body_arrives_whole() -> None:
    body = bytes(range(256)) * 8_192

    result, receiver = await one_call(says(OK), body=body)

    assert result.status == 200
    assert receiver.requests[0].endswith(body)


@pytest.mark.parametrize(
    "status", [b"500 Internal Server Error", b"404 Not Found", b"204 No Content", b"302 Found"], ids=str
)
async def test_any_status_is_a_reply(status: bytes) -> None:
    reply = b"HTTP/1.1 " + status + b"\r\nLOCATION: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"

    result, receiver = await one_call(says(reply))

    assert (result.kind, result.status, result.error) == ("response", int(status[:3]), None)
    assert result.headers[0] == ("LOCATION", "http://127.0.0.1:1/")
    assert len(receiver.requests) == 1  # not followed


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ([b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", OK], b"ok"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", b"3\r\n!!!\r\n0\r\n\r\n"], b"ok!!!"),
        ([b"HTTP/1.0 200 OK\r\n\r\nuntil the end"], b"until the end"),
        ([OK[:20], OK[20:-1], OK[-1:]], b"ok"),
        ([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b!!"], b"\x1f\x8b!!"),
    ],
    ids=["early hints", "chunked", "to the end", "in pieces", "gzip"],
)
async def test_a_reply_with_any_framing_is_read(pieces: list[bytes], body: bytes) -> None:
    result, _ = await one_call(says(*pieces, close=True))

    assert (result.kind, result.status, result.body, result.truncated) == ("response", 200, body, False)


@pytest.mark.parametrize(
    ("first", "seconds", "status", "error"),
    [(b"", 0.05, None, "no reply within 0.05 s"), (OK[:-1], 0.25, 200, "the reply was not complete within 0.25 s")],
    ids=["silent", "half"],
)
async def test_a_slow_receiver_is_a_timeout(first: bytes, seconds: float, status: int | None, error: str) -> None:
    async with receiving(hangs(first), says(OK)) as receiver, dialling() as dialer:
        slow = await dialer.send(post(receiver, timeout=seconds))
        fast = await dialer.send(post(receiver))

    assert (slow.kind, slow.status, slow.address, slow.error) == ("timeout", status, "127.0.0.1", error)
    assert fast.kind == "response"
    assert receiver.connections == 2  # the connection that hung is not reused


async def test_the_timeout_includes_resolving_the_name_and_connecting() -> None:
    never = asyncio.Event()

    async def waits(name: str, port: int) -> Any:
        await never.wait()

    async with dialling(resolver=waits) as dialer:
        name = await dialer.send(OutgoingCall("GET", "http://slow.example/", timeout=0.01))
    async with dialling(connect=waits) as dialer:
        connection = await dialer.send(OutgoingCall("GET", "http://10.0.0.1/", timeout=0.01))

    assert (name.kind, name.address) == ("timeout", None)
    assert (connection.kind, connection.address) == ("timeout", "10.0.0.1")


@pytest.mark.parametrize(
    ("action", "status", "error"),
    [
        (resets, None, "reset by peer"),
        (says(close=True), None, "without sending a response"),
        (says(OK[:-1], close=True), 200, "closed"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), None, "illegal"),
        (says(b"\x15\x03\x03\x00\x02\x02\x28\r\n\r\n"), None, "illegal"),
        (says(b"HTTP/1.1 999999 OK\r\n\r\n"), None, "illegal"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), None, "Content-Length"),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 200, "illegal"),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), None, "too long"),
    ],
    ids=["reset", "closed", "cut short", "ssh", "tls", "bad status", "bad length", "bad chunk", "endless header"],
)
async def test_an_invalid_reply_is_a_protocol_error(action: Action, status: int | None, error: str) -> None:
    async with receiving(action, says(OK)) as receiver, dialling() as dialer:
        bad, good = await dialer.send(post(receiver)), await dialer.send(post(receiver))

    assert (bad.kind, bad.status, bad.address) == ("protocol_error", status, "127.0.0.1")
    assert error in (bad.error or "")
    assert good.kind == "response"


@pytest.mark.parametrize("keep", [0, 1000, 100_000])
async def test_an_endless_reply_is_truncated(keep: int) -> None:
    async with receiving(floods, says(OK)) as receiver, dialling() as dialer:
        huge, next_one = await dialer.send(post(receiver, keep=keep)), await dialer.send(post(receiver))

    assert (huge.kind, huge.status, huge.body, huge.truncated) == ("response", 200, b"x" * keep, True)
    assert next_one.body == b"ok"


async def test_connections_are_reused() -> None:
    async with receiving(says(OK)) as receiver, dialling(resolver=Names(hook=["127.0.0.1"])) as dialer:
        by_address = [await dialer.send(post(receiver, keep=2)) for _ in range(20)]
        by_name = [await dialer.send(post(receiver, host="hook")) for _ in range(20)]

    assert {(r.kind, r.body, r.truncated) for r in by_address + by_name} == {("response", b"ok", False)}
    assert receiver.connections == 2
    assert len(receiver.requests) == 40


async def test_concurrent_calls_share_a_limited_number_of_connections() -> None:
    async with receiving(says(OK)) as receiver, dialling(connections=3) as dialer:
        results = await asyncio.gather(*[dialer.send(post(receiver)) for _ in range(30)])

    assert [(r.kind, r.body) for r in results] == [("response", b"ok")] * 30
    assert len(receiver.requests) == 30
    assert receiver.connections <= 3


async def test_waiting_for_a_place_is_not_time_of_the_receiver() -> None:
    async with receiving(hangs()) as silent, receiving(says(OK)) as receiver, dialling(connections=1) as dialer:
        first = asyncio.create_task(dialer.send(post(silent, timeout=0.3)))
        await silent.called.wait()
        result = await dialer.send(post(receiver, timeout=0.2))
        assert (await first).kind == "timeout"
        assert result.kind == "response"
        assert result.elapsed_ms == 1000  # two readings of the timer, both after the wait


async def test_each_receiver_has_its_own_connections_and_unused_ones_are_closed() -> None:
    now = 0.0
    async with receiving(says(OK)) as one, receiving(says(OK)) as other:
        dialer = Dialer(EgressPolicy(), lambda: now)
        for _ in range(3):
            await dialer.send(post(one))
            await dialer.send(post(other))
        assert len(dialer._pools) == 2
        now = 5.0
        await dialer.send(post(other))
        assert [port for _, _, port in dialer._pools] == [other.port]
        await dialer.aclose()


async def test_calls_that_timed_out_free_their_connections() -> None:
    async with receiving(hangs()) as silent, receiving(says(OK)) as receiver, dialling(connections=2) as dialer:
        late = await asyncio.gather(*[dialer.send(post(silent, timeout=0.05)) for _ in range(20)])
        assert {r.kind for r in late} == {"timeout"}
        assert (await dialer.send(post(receiver))).kind == "response"


async def test_a_connection_that_was_closed_or_got_unexpected_data_is_not_reused() -> None:
    async def sends_too_much(receiver: Receiver, writer: asyncio.StreamWriter) -> bool:
        writer.write(OK)
        await receiver.released.wait()
        writer.write(OK)
        return True

    for action in (says(OK, close=True), sends_too_much):
        async with receiving(action, says(OK)) as receiver, receiving(says(OK)) as other, dialling() as dialer:
            first = await dialer.send(post(receiver))
            receiver.released.set()
            await dialer.send(post(other))  # in the meantime the close or the data of the first receiver arrives
            second = await dialer.send(post(receiver))

        assert (first.kind, second.kind, receiver.connections) == ("response", "response", 2)


async def test_the_next_call_works_after_a_call_was_cancelled() -> None:
    async with receiving(hangs(), says(OK)) as receiver, dialling() as dialer:
        call = asyncio.ensure_future(dialer.send(post(receiver)))
        await receiver.called.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await dialer.send(post(receiver))).kind == "response"


async def test_closing_the_dialer_ends_calls_in_progress() -> None:
    async with receiving(hangs()) as receiver, dialling() as dialer:
        call = asyncio.ensure_future(dialer.send(post(receiver)))
        await receiver.called.wait()
        await dialer.aclose()
        assert (await call).kind == "protocol_error"


async def test_a_dialer_can_be_used_after_it_was_closed() -> None:
    async with receiving(says(OK)) as receiver, dialling() as dialer:
        await dialer.send(post(receiver))
        await dialer.aclose()
        assert (await dialer.send(post(receiver))).kind == "response"
        assert receiver.connections == 2


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_failed_connection_is_a_connect_error() -> None:
    port = closed_port()
    async with dialling(resolver=Names(empty=[])) as dialer:
        closed = await dialer.send(OutgoingCall("GET", f"http://127.0.0.1:{port}/"))
        unknown = await dialer.send(OutgoingCall("GET", "http://unknown.example/"))
        empty = await dialer.send(OutgoingCall("GET", "http://empty/"))

    assert closed.error == f"127.0.0.1 port {port}: Connection refused"
    assert unknown.error == "unknown.example: Name or service not known"
    assert empty.error == "empty has no address"
    assert {closed.kind, unknown.kind, empty.kind} == {"connect_error"}
    assert (closed.address, unknown.address) == ("127.0.0.1", None)


async def test_the_next_address_is_tried_when_one_does_not_connect() -> None:
    names = Names(both=["::1", "127.0.0.1"])
    async with receiving(says(OK)) as receiver, dialling(resolver=names) as dialer:
        result = await dialer.send(post(receiver, host="both"))

    assert (result.kind, result.address, len(receiver.requests)) == ("response", "127.0.0.1", 1)


async def test_ipv6_loopback_is_reached() -> None:
    try:
        async with receiving(says(OK), host="::1") as receiver, dialling() as dialer:
            result = await dialer.send(post(receiver, host="[::1]"))
    except OSError:
        pytest.skip("this machine has no IPv6")

    assert (result.kind, result.address) == ("response", "::1")
    assert b"\r\nHost: [::1]:%d\r\n" % receiver.port in receiver.requests[0]


async def test_the_own_port_is_refused_without_a_connection() -> None:
    async with receiving(says(OK)) as receiver:
        async with dialling(EgressPolicy(own_ports=frozenset({receiver.port}))) as dialer:
            result = await dialer.send(post(receiver))

        assert (result.kind, result.address, receiver.connections) == ("refused", None, 0)
        assert "this server itself" in (result.error or "")


async def test_cookies_and_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"

    async with receiving(says(cookie)) as receiver, dialling() as dialer:
        results = [await dialer.send(post(receiver)) for _ in range(2)]

    assert [r.kind for r in results] == ["response", "response"]
    assert receiver.requests[0] == receiver.requests[1]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", [("X-A", "b\r\nX-C: d")]),
        ("POST", [("X-A", "b\n")]),
        ("POST", [("X A", "b")]),
        ("POST", [("X-A", "\u20ac")]),
        ("POST", [("Content-Length", "1")]),
        ("POST", [("Content-Length", "99")]),
        ("PO ST", []),
        ("P\u00d6ST", []),
    ],
    ids=["crlf", "lf", "name", "euro", "too short", "too long", "method", "umlaut"],
)
async def test_a_call_that_is_not_valid_http_is_not_sent(method: str, headers: list[tuple[str, str]]) -> None:
    async with receiving(says(OK)) as receiver, dialling() as dialer:
        url = f"http://127.0.0.1:{receiver.port}/"
        result = await dialer.send(OutgoingCall(method, url, tuple(headers), b"{}", timeout=5))

    assert result.kind == "protocol_error"
    assert result.error
    assert receiver.requests == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate and key for receiver.test, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to create a certificate")
    directory = tmp_path_factory.mktemp("tls")
    key, cert = directory / "key.pem", directory / "cert.pem"
    what = ["-subj", "/CN=receiver.test", "-addext", "subjectAltName=DNS:receiver.test", "-days", "2"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]
    subprocess.run([openssl, "req", "-x509", *kind, *what, "-out", str(cert)], check=True, capture_output=True)
    both = directory / "both.pem"
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both


@asynccontextmanager
async def tls_receiving(certificate: Path, server_names: list[str | None]) -> AsyncIterator[Receiver]:
    """Run a receiver that uses TLS. It adds the server name of each handshake to `server_names`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: server_names.append(name)
    async with receiving(says(OK), tls=context) as receiver:
        yield receiver


def secure(receiver: Receiver, host: str = "receiver.test") -> OutgoingCall:
    return OutgoingCall("POST", f"https://{host}:{receiver.port}/", body=b"{}", timeout=5)


async def test_tls_uses_the_name_and_connects_to_the_address(certificate: Path) -> None:
    server_names: list[str | None] = []
    names = Names(**{"receiver.test.": ["127.0.0.1"]})
    async with (
        tls_receiving(certificate, server_names) as receiver,
        dialling(verify=False, resolver=names) as dialer,
    ):
        results = [await dialer.send(secure(receiver, "Receiver.test.")) for _ in range(3)]

    assert {(r.kind, r.address) for r in results} == {("response", "127.0.0.1")}
    assert server_names == ["receiver.test"]  # without the dot (RFC 6066 section 3), and one handshake for all three
    assert receiver.requests[0].startswith(b"POST / HTTP/1.1\r\nHost: receiver.test.:%d\r\n" % receiver.port)


async def test_a_self_signed_certificate_is_refused_unless_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(**{"receiver.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
    async with tls_receiving(certificate, []) as receiver:
        async with dialling(resolver=names) as dialer:
            untrusted = await dialer.send(secure(receiver))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with dialling(resolver=names) as dialer:
            trusted = await dialer.send(secure(receiver))
            # The address is the same and a connection is open, but the certificate is for another name.
            other_name = await dialer.send(secure(receiver, "other.test"))

    assert (untrusted.kind, untrusted.status) == ("connect_error", None)
    assert "the certificate is not trusted: self" in (untrusted.error or "")
    assert trusted.kind == "response"
    assert other_name.kind == "connect_error"
    assert "Hostname mismatch" in (other_name.error or "")
    assert len(receiver.requests) == 1


async def test_tls_to_a_receiver_without_tls_is_a_timeout() -> None:
    async with receiving(says(OK)) as receiver, dialling(verify=False) as dialer:
        call = OutgoingCall("GET", f"https://127.0.0.1:{receiver.port}/", timeout=0.05)
        assert (await dialer.send(call)).kind == "timeout"  # the receiver waits for the end of a line


def test_the_client_is_not_imported_before_the_first_call() -> None:
    code = "import sys, mockserver.outgoing.dial; print({'httpx2', 'httpcore2', 'h11', 'anyio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
