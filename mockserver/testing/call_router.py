"""Routes the server's outgoing calls to applications of a test, or to sockets."""

from collections.abc import Callable
from urllib.parse import urlsplit

from mockserver.clock import monotonic
from mockserver.outgoing.call import CallResult, OutgoingCall, Sender
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy

# Seconds of real time after which a call to a hanging receiver times out, so that tests need not wait for ten seconds.
HANG_TIMEOUT = 0.05


class CallRouter:
    """Sends the outgoing calls of one server in this process."""

    def __init__(self, *, allow_public: bool = False) -> None:
        # The dialer checks this set at every call, so it can change while connections stay open.
        self._own_ports: set[int] = set()
        self._dialer = Dialer(EgressPolicy(allow_public, self._own_ports), monotonic)
        self._applications: dict[str, Sender] = {}
        self._receivers: dict[str, Callable[[], bool]] = {}

    def add_own_ports(self, *ports: int) -> None:
        """Refuse calls to these ports of this machine, because the server listens on them."""
        self._own_ports.update(ports)

    def remove_own_ports(self, *ports: int) -> None:
        """Allow calls to these ports again, because the server no longer listens on them."""
        self._own_ports.difference_update(ports)

    def add_application(self, authority: str, sender: Sender) -> None:
        """Send calls to `authority` (a host, with its port if it has one) with `sender`."""
        self._applications[authority.lower()] = sender

    def add_receiver(self, authority: str, will_hang: Callable[[], bool]) -> None:
        """Use a short timeout for calls to `authority` for which `will_hang` returns true."""
        self._receivers[authority.lower()] = will_hang

    def remove(self, authority: str) -> None:
        """Remove the application or receiver at `authority`."""
        self._applications.pop(authority.lower(), None)
        self._receivers.pop(authority.lower(), None)

    async def send(self, call: OutgoingCall) -> CallResult:
        """Make one call. Never raises: errors are in the result."""
        authority = urlsplit(call.url).netloc.lower()
        application = self._applications.get(authority)
        if application is not None:
            return await application.send(call)
        will_hang = self._receivers.get(authority)
        if will_hang is not None and will_hang():
            call = call._replace(timeout=HANG_TIMEOUT)
        return await self._dialer.send(call)

    async def close(self) -> None:
        """Close every connection."""
        await self._dialer.aclose()
