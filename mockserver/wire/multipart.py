"""Uploads: multipart bodies (RFC 7578), read as a stream. Files are measured and inspected, but not stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from mockserver.clock import let_others_run
from mockserver.core.faults import Refusal
from mockserver.media.reader import VideoFacts, VideoProbe
from mockserver.wire.body import drain
from mockserver.wire.request import Connection, Request

MAX_FIELD_BYTES = 65_536
MAX_PARTS = 64
_MAX_HEADER_BYTES = 8_192
# Bytes that are parsed before other requests get a turn. They can have 8,192 boxes of an MP4 file, which take about 12
# milliseconds.
_PIECE = 65_536


@dataclass(slots=True)
class Upload:
    """The content of an upload, each by the name of its part: text fields, and facts, digests and names of files.

    A digest is the hexadecimal BLAKE2b of the file's bytes.
    """

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, VideoFacts] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


async def read_upload(request: Request, connection: Connection, largest_file: int | None) -> Upload:
    """Read a multipart body.

    Raises Refusal: `unsupported_media_type` for another content type, `invalid_request` for a body that is malformed
    or has too many or too large fields, and `too_large` as soon as a file exceeds `largest_file` bytes.
    """
    try:
        parser = _Parser(_boundary(request.headers), largest_file)
        if request.body is not None:
            await _feed(parser, request.body)
        else:
            while (piece := await connection.read()) is not None:
                await _feed(parser, piece)
    except Refusal:
        if request.body is None:
            await drain(connection)
        raise
    return parser.finish()


async def _feed(parser: "_Parser", data: bytes) -> None:
    for at in range(0, len(data), _PIECE):
        if at:
            await let_others_run()
        parser.feed(data[at : at + _PIECE] if len(data) > _PIECE else data)


def _boundary(headers: Mapping[str, str]) -> bytes:
    from python_multipart.multipart import parse_options_header

    content_type, options = parse_options_header(headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if content_type != b"multipart/form-data":
        raise Refusal("unsupported_media_type", "Content-Type must be multipart/form-data")
    if not 1 <= len(boundary) <= 70:
        raise Refusal("invalid_request", "The multipart Content-Type has no usable boundary")
    return boundary


class _Parser:
    """Builds an Upload from the callbacks of the multipart library."""

    def __init__(self, boundary: bytes, largest_file: int | None) -> None:
        from python_multipart.multipart import MultipartParser

        self._upload = Upload()
        self._largest = largest_file
        self._parts = 0
        self._begun = False
        self._ended = False
        callbacks: Any = {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, data: bytes) -> None:
        from python_multipart.exceptions import MultipartParseError

        if not self._begun:
            # The parser would skip what follows a line break up to the end of the piece, so that the outcome would
            # depend on how the body is split.
            data = data.lstrip(b"\r\n")
            self._begun = bool(data)
        try:
            self._parser.write(data)
        except MultipartParseError:
            # The parser's own message has a position within the piece, so it would depend on how the body is split.
            raise Refusal("invalid_request", "The multipart body is malformed") from None

    def finish(self) -> Upload:
        if not self._ended:
            raise Refusal("invalid_request", "The multipart body ends before its last boundary")
        return self._upload

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Refusal("invalid_request", f"The multipart body has more than {MAX_PARTS} parts")
        self._name, self._value, self._header = b"", b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._probe: VideoProbe | None = None
        self._text = bytearray()
        self._size = 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._check_size(self._header)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_size(self._value)

    def _check_size(self, text: bytes) -> None:
        if len(text) > _MAX_HEADER_BYTES:
            raise Refusal("invalid_request", "A header of a multipart part is too long")

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _headers_finished(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        # Every part has a name (RFC 7578 section 4.2).
        if b"name" not in options:
            raise Refusal("invalid_request", "A part of the multipart body has no name")
        self._name = options[b"name"]
        if b"filename" in options:
            self._probe, self._digest = VideoProbe(), blake2b(digest_size=16)
            self._upload.names[self._decode(self._name)] = self._decode(options[b"filename"])[:255]

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._probe is None:
            self._text += data[start:end]
            if len(self._text) > MAX_FIELD_BYTES:
                raise Refusal("invalid_request", f"The field {self._decode(self._name)!r} is too long")
            return
        piece = data[start:end]
        self._probe.feed(piece)
        self._digest.update(piece)
        if self._largest is not None and self._size > self._largest:
            raise Refusal("too_large", f"The file is larger than {self._largest} bytes")

    def _part_end(self) -> None:
        name = self._decode(self._name)
        if self._probe is not None:
            self._upload.files[name] = self._probe.finish()
            self._upload.digests[name] = self._digest.hexdigest()
        else:
            self._upload.fields[name] = self._decode(bytes(self._text))

    def _end(self) -> None:
        self._ended = True

    def _decode(self, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal("invalid_request", "A field of the multipart body is not UTF-8") from None
