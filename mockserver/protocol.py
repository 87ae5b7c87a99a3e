"""The HTTP protocol of the server: uvicorn's, with the connection handed along for faults on the wire."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mockserver.wire.mischief import CONNECTION


class Protocol(HttpToolsProtocol):
    """uvicorn's httptools protocol; each request's scope also carries its transport."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: self.transport}  # type: ignore[dict-item]
