"""Shows a bundle on the page of a server in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from mockserver.bundle.contents import Bundle
from mockserver.control.viewing import view
from mockserver.kit.catalogue import catalogue
from mockserver.scenario.library import Library
from mockserver.settings import Settings
from mockserver.testing.host import Host

_NAME = "bundle"


@contextmanager
def viewed(bundle: Bundle, port: int = 0) -> Iterator[str]:
    """Serve a page that shows a bundle. Yields its URL. Raises InvalidBundle, and CannotListen for a port in use."""
    host = Host(Settings(), port)
    try:
        library = Library(catalogue(host.providers), host.providers)
        host.run(view(bundle, _NAME, host.app.sandboxes, library))
        yield f"{host.base}/~{_NAME}/_mock/"
    finally:
        host.close()
