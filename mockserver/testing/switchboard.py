"""Where the server's outgoing calls go: into an application of the test's own, or out by a socket."""

from collections.abc import Callable
from urllib.parse import urlsplit

from mockserver.clock import monotonic
from mockserver.outgoing.call import CallResult, OutgoingCall, Sender
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy

# Seconds of real time that a call to a receiver which was told to hang is given up after: nobody waits for the ten
# that a provider would wait.
HANGS_UP = 0.05


class Switchboard:
    """The sender of one server in this process."""

    def __init__(self, *, allow_public: bool = False) -> None:
        # Looked into at every call, so that ports come and go under a dialer that keeps its connections.
        self._own_ports: set[int] = set()
        self._dialer = Dialer(EgressPolicy(allow_public, self._own_ports), monotonic)
        self._inside: dict[str, Sender] = {}
        self._hangs: dict[str, Callable[[], bool]] = {}

    def own(self, *ports: int) -> None:
        """Never call these ports of this machine: they are the server's own."""
        self._own_ports.update(ports)

    def disown(self, *ports: int) -> None:
        """These ports may be somebody else's from now on."""
        self._own_ports.difference_update(ports)

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
            call = call._replace(timeout=HANGS_UP)
        return await self._dialer.send(call)

    async def close(self) -> None:
        """Close every connection."""
        await self._dialer.aclose()
