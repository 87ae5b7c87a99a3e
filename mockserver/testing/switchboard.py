"""Where the server's outgoing calls go: into an application of the test's own, or out by a socket."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from mockserver.clock import monotonic
from mockserver.courier import Sender
from mockserver.outgoing.call import CallResult, OutgoingCall
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy

# Seconds of real time that a call to a receiver which was told to hang is given up after: nobody waits for the ten
# that a provider would wait.
HANGS_UP = 0.05


class Switchboard:
    """The sender of one server in this process."""

    def __init__(self, *, allow_public: bool = False) -> None:
        self._allow_public = allow_public
        self._own_ports: frozenset[int] = frozenset()
        self._dialer: Dialer | None = None
        self._inside: dict[str, Sender] = {}
        self._hangs: dict[str, Callable[[], bool]] = {}

    def own(self, port: int) -> None:
        """Never call this port of this machine: it is the server's own."""
        self._own_ports |= {port}
        self._dialer = None

    def connect(self, authority: str, sender: Sender) -> None:
        """Hand calls to `authority` (a host, with its port if it has one) to `sender`."""
        self._inside[authority.lower()] = sender

    def watch(self, authority: str, hangs: Callable[[], bool]) -> None:
        """Ask `hangs` before each call to `authority` whether it will be left without an answer."""
        self._hangs[authority.lower()] = hangs

    def forget(self, authority: str) -> None:
        """Treat `authority` as any other from now on."""
        self._inside.pop(authority.lower(), None)
        self._hangs.pop(authority.lower(), None)

    async def send(self, call: OutgoingCall) -> CallResult:
        """Make one call. Never raises: what went wrong is in the result."""
        authority = urlsplit(call.url).netloc.lower()
        inside = self._inside.get(authority)
        if inside is not None:
            return await inside.send(call)
        hangs = self._hangs.get(authority)
        if hangs is not None and hangs():
            call = replace(call, timeout=HANGS_UP)
        return await self._out().send(call)

    def _out(self) -> Dialer:
        if self._dialer is None:
            self._dialer = Dialer(EgressPolicy(self._allow_public, self._own_ports), monotonic)
        return self._dialer

    async def close(self) -> None:
        """Close every connection."""
        if self._dialer is not None:
            await self._dialer.aclose()
