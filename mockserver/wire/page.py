"""Which requests are for the page, and what answers them."""

from typing import Protocol

from mockserver.kit.operations import Reply
from mockserver.wire.request import Request


class Page(Protocol):
    """Answers requests for the files of the page."""

    def answer(self, path: str, request: Request) -> Reply | None: ...


def is_page(path: str, request: Request) -> bool:
    """Return true for a request for a file of the page. `path` is the path below `/_mock`."""
    return request.method in ("GET", "HEAD") and (path in ("/", "/latest") or path.startswith("/page/"))


def wants_page(request: Request) -> bool:
    """Return true for a request of a browser that opens an address. Programs do not ask for HTML."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
