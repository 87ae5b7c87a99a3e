"""The files of the page at `/_mock/`. They are read and compressed when they are first asked for.

They contain nothing about the sandbox, so they need no token, and a link on another site may open the page. Everything
that the page shows comes from the control API, which checks each request of the page.
"""

import gzip
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from mockserver.control.boundary import Boundary
from mockserver.control.errors import ControlError
from mockserver.kit.operations import Header, Reply
from mockserver.wire.request import Request

_FILES = Path(__file__).parents[1] / "page"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept-encoding"),
)


class _File(NamedTuple):
    """A file of the page, as it is sent."""

    kind: str
    plain: bytes
    compressed: bytes
    etag: str


class Page:
    """Answers requests for the files of the page."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary
        self._read: dict[str, _File] = {}

    def answer(self, path: str, request: Request) -> Reply | None:
        """Return the reply to a request for the page or a file of it; None if `path`, below `/_mock`, is neither."""
        name = _name(path)
        if name is None:
            return None
        try:
            self._boundary.check_page(request.headers)
        except ControlError as error:
            return Reply(error.status, error.detail.encode(), content_type="text/plain; charset=utf-8")
        if path == "/" and not request.path.endswith("/"):
            return _redirect(request.path.rpartition("/")[2] + "/")
        if path == "/latest":
            return _redirect("./#/latest")
        file = self._file(name)
        return None if file is None else _reply(file, request)

    def _file(self, name: str) -> _File | None:
        file = self._read.get(name)
        if file is None:
            path = _FILES / name
            kind = _TYPES.get(path.suffix)
            if kind is None or not path.is_file():
                return None
            plain = path.read_bytes()
            etag = f'"{blake2b(plain, digest_size=9).hexdigest()}"'
            file = self._read[name] = _File(f"{kind}; charset=utf-8", plain, gzip.compress(plain, 9, mtime=0), etag)
        return file


def _name(path: str) -> str | None:
    """Return the name of a file of the page, from the path below `/_mock`."""
    if path in ("/", "/latest"):
        return "index.html"
    name = path.removeprefix("/page/")
    parts = name.split("/")
    safe = all(part and not part.startswith(".") and part.replace(".", "").isalnum() for part in parts)
    return name if name != path and safe and len(parts) <= 2 else None


def _reply(file: _File, request: Request) -> Reply:
    headers: list[Header] = [*_HEADERS, (b"etag", file.etag.encode())]
    if request.headers.get("if-none-match") == file.etag:
        return Reply(304, b"", headers, content_type=file.kind)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers.append((b"content-encoding", b"gzip"))
        return Reply(200, file.compressed, headers, content_type=file.kind)
    return Reply(200, file.plain, headers, content_type=file.kind)


def _redirect(to: str) -> Reply:
    return Reply(302, b"", [(b"location", to.encode("latin-1")), *_HEADERS], content_type="text/plain; charset=utf-8")
