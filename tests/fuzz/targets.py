"""What is fuzzed: functions that take any bytes, and raise AssertionError if the server does not handle them well."""

import asyncio
import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from mockserver.app import create_app
from mockserver.bundle import judged, text
from mockserver.bundle.archive import PARTS, unpacked
from mockserver.bundle.difference import differences
from mockserver.bundle.invalid import InvalidBundle
from mockserver.clock import let_others_run
from mockserver.core.faults import Refusal
from mockserver.kit.catalogue import catalogue_of
from mockserver.media.reader import VideoProbe, probe
from mockserver.providers import registry
from mockserver.scenario.library import Library
from mockserver.serving.http_server import HttpServer
from mockserver.settings import Settings
from mockserver.source.document import SourceError, SourceErrors
from mockserver.source.yaml_reader import parse
from mockserver.wire import large_json
from mockserver.wire.body import parse_json
from mockserver.wire.multipart import Upload, read_upload
from tests.bundling import packed, parts
from tests.pieces import Pieces, post

CORPUS = Path(__file__).parent / "corpus"
SCENARIO = {"scenario": "fuzz", "clock": {"mode": "manual"}, "accounts": [{"key": "*", "plan": "pro"}]}
BOUNDARY = "----x7MA4YWxk"
_PATIENCE = 5.0
# A message never quotes more than a part of the input.
_MAX_MESSAGE = 4_000
# 501: an unknown method or transfer coding. 503: the provider's own overload.
_ALLOWED_5XX = (501, 503)


class Log(logging.Handler):
    """Collects the errors that the server logs. It logs one for each exception that it did not expect."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def _nothing_logged() -> Iterator[None]:
    log, loggers = Log(), [logging.getLogger(name) for name in ("mockserver", "asyncio")]
    for each in loggers:
        each.addHandler(log)
    try:
        yield
    finally:
        for each in loggers:
            each.removeHandler(log)
    assert not log.lines, log.lines


# The HTTP protocol: any bytes on a connection, in two pieces.


def protocol(data: bytes) -> None:
    """Every reply is complete, valid HTTP, and none is an internal error. The connection ends after its client's."""
    with _nothing_logged():
        received = asyncio.run(_over_a_socket_pair(data))
    _check_replies(received, data)


async def _over_a_socket_pair(data: bytes) -> bytes:
    app = create_app(Settings(), scenario=SCENARIO)
    server = HttpServer(app)
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    await server.startup([])
    await loop.connect_accepted_socket(server.connection, theirs)
    reader, writer = await asyncio.open_connection(sock=ours)
    async with asyncio.timeout(_PATIENCE):
        try:
            for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
                writer.write(piece)
                await writer.drain()
                await let_others_run()
            if writer.can_write_eof():
                writer.write_eof()
            received = await reader.read()
        except ConnectionError:
            received = b""
    writer.close()
    server.end()
    await server.shutdown()
    assert not server.shared.connections
    assert not server.shared.tasks
    return received


def _check_replies(received: bytes, data: bytes) -> None:
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        assert separator, head
        status_line, *fields = head.split(b"\r\n")
        match = re.fullmatch(rb"HTTP/1\.1 ([1-5][0-9]{2}) [ -~]*", status_line)
        assert match, status_line
        status = int(match[1])
        assert status < 500 or status in _ALLOWED_5XX, head
        assert all(re.fullmatch(rb"[!-9;-~]+: [\t -~]*", field) for field in fields), head
        if status < 200:
            received = rest
            continue
        headers = {name.lower(): value for name, _, value in (field.partition(b": ") for field in fields)}
        if b"transfer-encoding" in headers:
            return  # its end is not looked for
        length = int(headers.get(b"content-length", b"0"))
        if b"HEAD" in data and not rest.startswith((b"{", b"[")):
            length = 0
        assert len(rest) >= length or b"HEAD" in data, head
        received = rest[length:]


# Documents.


def yaml_reader(data: bytes) -> None:
    """A document is read into plain data, or refused with one error that has a position and a limited length."""
    message = ""
    try:
        json.dumps(parse(data, "fuzz.yaml").data)
    except SourceError as error:
        message = str(error)
    assert not message or message.startswith("fuzz.yaml:")
    assert len(message) < _MAX_MESSAGE


@cache
def _library() -> Library:
    known = registry.providers()
    return Library(catalogue_of(known.summaries), known.values())


def scenario(data: bytes) -> None:
    """A scenario is compiled, or refused with errors of a limited length."""
    message = ""
    try:
        _library().program_of_text(data, "fuzz.yaml")
    except (SourceErrors, SourceError) as error:
        message = str(error)
    assert len(message) < 20 * _MAX_MESSAGE


def large_body(data: bytes) -> None:
    """A JSON text is parsed in pieces into the same data as at once, and refused in pieces if it is refused at once."""
    assert _outcome(lambda: _in_pieces(data)) == _outcome(lambda: parse_json(data))


def _in_pieces(data: bytes) -> Any:
    steps = large_json.parsed(data, parse_json)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _outcome(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except ValueError:
        return ValueError


# Uploads.


def multipart(data: bytes) -> None:
    """An upload is read or refused, and the outcome does not depend on the pieces that it arrives in."""
    whole = _upload([data])
    assert _upload([data[:7], data[7:100], data[100:]]) == whole
    if len(data) < 2_000:
        assert _upload([data[at : at + 1] for at in range(len(data))]) == whole


def _upload(pieces: list[bytes]) -> Upload | str:
    request = post({"content-type": f"multipart/form-data; boundary={BOUNDARY}"})
    try:
        return asyncio.run(read_upload(request, Pieces(pieces), 1_000_000))  # type: ignore[arg-type]
    except Refusal as refusal:
        return refusal.kind


def mp4(data: bytes) -> None:
    """The facts of a file do not depend on the pieces that it arrives in, and are within their bounds."""
    facts, video = probe(data), VideoProbe()
    for at in range(0, len(data), 13):
        video.feed(data[at : at + 13])
    assert video.finish() == facts
    assert facts.size == len(data)
    assert facts.duration_ms is None or facts.duration_ms >= 0


# The control API.


def control(data: bytes) -> None:
    """`METHOD /path type` in the first line, and then a body: the response is valid, and no internal error.

    The body of an error is a problem (RFC 9457).
    """
    first, _, body = data.partition(b"\n")
    method, path, kind = [*first.decode("latin-1").split(" ", 2), "", ""][:3]
    scope = {
        "type": "http",
        "method": "".join(c for c in method.upper() if c.isalpha())[:10] or "GET",
        "path": path,
        "raw_path": f"/_mock{path}".encode("latin-1").partition(b"?")[0],
        "query_string": path.partition("?")[2].encode("latin-1"),
        "headers": [(b"host", b"localhost"), (b"content-type", kind.encode("latin-1"))],
    }
    with _nothing_logged():
        status, response = asyncio.run(_in_process(scope, body))
    assert status < 500 or status in _ALLOWED_5XX, (status, response)
    if status >= 400 and scope["method"] != "HEAD":
        problem = json.loads(response)
        assert problem["status"] == status
        assert len(response) < 20 * _MAX_MESSAGE


async def _in_process(scope: Any, body: bytes) -> tuple[int, bytes]:
    app, sent = create_app(Settings(), scenario=SCENARIO), list[Any]()
    pieces = [{"type": "http.request", "body": body}]

    async def receive() -> Any:
        return pieces.pop() if pieces else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    async with asyncio.timeout(_PATIENCE):
        await app(scope, receive, send)
    await app.close()
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


def bundle(data: bytes) -> None:
    """Read a bundle: `data` is the file, or the name of one of its parts and, below it, the part."""
    name, _, part = data.partition(b"\n")
    good = _good_bundle()
    whole = packed({**parts(good), name.decode(): part}) if name.decode("latin-1") in PARTS else data
    try:
        read = unpacked(whole)
        providers = registry.providers()
        judged.verdict(read, providers)
        judged.coverage(read, providers)
        text.summary(read)
        for line in (*text.journal(read), *(line for entry in read.entries for line in text.entry_lines(entry))):
            assert isinstance(line, str)
        for difference in differences(unpacked(good), read):
            assert isinstance(difference, str)
    except InvalidBundle as error:
        message = str(error)
    else:
        return
    assert 0 < len(message) <= _MAX_MESSAGE, f"{len(message)} characters"
    assert message.isprintable()


@cache
def _good_bundle() -> bytes:
    return (CORPUS / "bundle" / "archive").read_bytes()


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (protocol, yaml_reader, scenario, large_body, multipart, mp4, control, bundle)
}


def seeds(target: str) -> list[bytes]:
    """Return the files of the corpus of a target, ordered by their names."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
