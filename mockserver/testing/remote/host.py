"""A server that runs elsewhere, and in which tests create sandboxes of their own."""

import socket
from pathlib import Path
from typing import Any, NoReturn

from mockserver.core.compile import Program
from mockserver.coverage.report import Report
from mockserver.settings import Settings
from mockserver.testing.errors import MockServerError
from mockserver.testing.host import Host, ScenarioLike
from mockserver.testing.remote.connection import Connection, Refused
from mockserver.testing.socket_server import HOST, SocketServer

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

_HERE = ("app", "call_router")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ANY = "0.0.0.0"  # noqa: S104 - receivers that another machine has to reach


class RemoteHost(Host):
    """A server at a URL. Its event loop in this process only serves the receivers of webhooks.

    `receiver_host` is the name of this machine for the server, if it cannot be found out, for example because the
    server is in a container. The sandboxes add their coverage to `reports` if `collects_coverage`.
    """

    remote = True

    def __init__(
        self, url: str, token: str = "", settings: Settings | None = None, receiver_host: str | None = None
    ) -> None:
        self.connection = Connection(url, token)
        self._receiver_host = receiver_host
        self._known: list[Program] = []
        self.collects_coverage = False
        self.reports: list[Report] = []
        super().__init__(settings)

    def _begin(self, settings: Settings) -> None:
        """Check that the server answers. Raises MockServerError."""
        try:
            self.connection.get("/_mock/clock")
        except BaseException:
            self.connection.close()
            self._loop.stop()
            raise

    def __getattr__(self, name: str) -> Any:
        """Refuse what only a server in this process has."""
        if name in _HERE:
            self.only_here()
        raise AttributeError(name)

    def only_here(self, what: str = "this") -> NoReturn:
        """Raise MockServerError for something that needs a server in this process."""
        raise MockServerError(
            f"{what} needs a server in the process of the tests, and this one runs elsewhere ({self.connection.url}). "
            "Unset MOCKSERVER_URL for such tests"
        )

    @property
    def base(self) -> str:
        """The URL of the server."""
        return self.connection.url

    @property
    def socket_server(self) -> SocketServer:
        """There is none. Raises MockServerError."""
        self.only_here()

    def program(self, scenario: ScenarioLike | None, base_directory: Path | None = None) -> Program:
        """Return the program of a scenario: one of this machine, or one that the server has under this name."""
        wanted = "default" if scenario is None else scenario
        try:
            return super().program(wanted, base_directory)
        except MockServerError:
            if not isinstance(wanted, str) or "\n" in wanted or "/" in wanted:
                raise
            try:
                text = self.connection.text(f"/_mock/scenarios/{wanted}")
            except Refused:
                text = None
            if text is None:
                raise
        program = self._library.program_of_text(text, wanted)
        self._known.append(program)
        return program

    def sendable(self, program: Program) -> str | dict[str, Any]:
        """Return what the control API calls a scenario: its name if the server has it, or else all of it."""
        if any(program is each for each in self._known) or self._is_bundled(program):
            return program.name
        data: dict[str, Any] = program.source.model_dump(mode="json", by_alias=True, exclude_unset=True)
        # What it extends is in it already, and the server may not have that scenario.
        data.pop("extends", None)
        return data

    def _is_bundled(self, program: Program) -> bool:
        return self._programs.get((program.name, 0)) is program and self._library.is_bundled(program.name)

    @property
    def receiver_address(self) -> tuple[str, str]:
        """The host of the URLs of receivers, and the address on which they listen."""
        if self._receiver_host is not None:
            return self._receiver_host, _ANY
        if self.connection.host in _LOOPBACK:
            return HOST, HOST
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Nothing is sent: this only chooses the address of this machine on the way to the server.
            try:
                probe.connect((self.connection.host, 9))
            except OSError as error:
                raise MockServerError(f"no way to {self.connection.host} was found for webhooks: {error}") from None
            own = str(probe.getsockname()[0])
        return own, own

    def coverage(self) -> Report:
        """Return the coverage of the sandboxes that were closed."""
        return Report.merged(self.reports)

    def close(self) -> None:
        """Close the connection. The sandboxes have been deleted before."""
        self.connection.close()
        self._loop.stop()
