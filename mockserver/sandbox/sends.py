"""Decides which deliveries are sent next: a queue for each receiver, and room for all of them.

How it works
------------

**Queues.** Each sandbox has a queue for each receiver (scheme, host and port). A delivery that is due is sent at once
if there is room, else it waits in its queue. Deliveries to one receiver start in the order in which they were due.

**Room.** `ROOM` says how many calls may be in flight to the receiver, in the sandbox and in the server when one more
starts. The more calls a receiver has in flight, the earlier it has to stop. A receiver that hangs can therefore not use
the room that other receivers need: a receiver with no call in flight can nearly always start one, and so can a sandbox
with none.

**Turns.** When a call ends, sandboxes take turns, and within a sandbox its receivers. A queue whose receiver has no
room is skipped.

**What waits.** Queues hold the ids of deliveries. The delivery itself is read from the store when its turn comes, so
that the bounds of the store hold for deliveries that wait.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mockserver.core.deliveries import Delivery
from mockserver.outgoing.destination import EgressRefused, read_url

# A call may start if one of these rows has room: fewer calls in flight to the receiver, in the sandbox, in the server.
ROOM = ((48, 48, 192), (16, 96, 256), (1, 128, 384), (1, 1, 512))


class Due(NamedTuple):
    """A delivery that is due: its id, its cause, its receiver, and whether it is a replay."""

    id: str
    cause: int
    receiver: str
    is_replay: bool = False

    @classmethod
    def of(cls, delivery: Delivery) -> "Due":
        """Return what the queues need to know of a claimed delivery."""
        return cls(delivery.id, delivery.cause, receiver_of(delivery.next_url), delivery.replay is not None)


def receiver_of(url: str) -> str:
    """Return the scheme, host and port of a URL. All URLs that are not valid are one receiver."""
    try:
        destination = read_url(url)
    except EgressRefused:
        return ""
    return f"{destination.scheme}://{destination.host}:{destination.port}"


@dataclass(slots=True)
class _Receiver:
    """The calls in flight to one receiver, and the deliveries that wait for it."""

    active: int = 0
    waiting: deque[Due] = field(default_factory=deque)


class Sends:
    """The sends of all sandboxes of a server."""

    def __init__(self) -> None:
        self.active = 0
        # Sandboxes with deliveries that wait, the next one first.
        self._turns: OrderedDict[SandboxSends, None] = OrderedDict()

    def add(self, sandbox: "SandboxSends") -> None:
        """Let a sandbox with deliveries that wait take turns."""
        self._turns.setdefault(sandbox)

    def remove(self, sandbox: "SandboxSends") -> None:
        """Take the turns of a sandbox away."""
        self._turns.pop(sandbox, None)

    def start_waiting(self) -> None:
        """Start deliveries that wait, one of each sandbox in turn, as long as there is room."""
        started = True
        while started and self._turns:
            started = False
            for sandbox in list(self._turns):
                if sandbox.start_next():
                    started = True
                    self._turns.move_to_end(sandbox)
                if not sandbox.waiting:
                    del self._turns[sandbox]


class SandboxSends:
    """The sends of one sandbox. `start` is called to send a delivery, and `done` is to be called when that is over."""

    def __init__(self, sends: Sends, start: Callable[[Due], None]) -> None:
        self._sends = sends
        self._start = start
        self._receivers: dict[str, _Receiver] = {}
        # Receivers with deliveries that wait, the next one first.
        self._turns: OrderedDict[str, None] = OrderedDict()
        self.active = 0
        self.waiting = 0

    def add(self, due: Due) -> None:
        """Send a delivery that is due, or let it wait until there is room."""
        receiver = self._receivers.setdefault(due.receiver, _Receiver())
        if not receiver.waiting and self._has_room(receiver):
            self._begin(receiver, due)
            return
        receiver.waiting.append(due)
        self.waiting += 1
        self._turns.setdefault(due.receiver)
        self._sends.add(self)

    def done(self, due: Due) -> None:
        """Count the end of a call, and start what waits for the room."""
        receiver = self._receivers[due.receiver]
        receiver.active -= 1
        self.active -= 1
        self._sends.active -= 1
        self._forget_idle(due.receiver)
        self._sends.start_waiting()

    def start_next(self) -> bool:
        """Start one delivery that waits, of the first receiver that has room. Return False if none has."""
        if not self._has_room(_Receiver()):
            return False
        for name in self._turns:
            receiver = self._receivers[name]
            if not self._has_room(receiver):
                continue
            due = receiver.waiting.popleft()
            self.waiting -= 1
            self._turns.move_to_end(name)
            if not receiver.waiting:
                del self._turns[name]
            self._begin(receiver, due)
            return True
        return False

    def entries(self) -> Iterator[Due]:
        """Yield all deliveries that wait."""
        for name in self._turns:
            yield from self._receivers[name].waiting

    def take_waiting(self, name: str) -> list[Due]:
        """Remove and return the deliveries that wait for a receiver."""
        receiver = self._receivers.get(name)
        taken = [] if receiver is None else list(receiver.waiting)
        if receiver is not None:
            receiver.waiting.clear()
            self.waiting -= len(taken)
            self._turns.pop(name, None)
            self._forget_idle(name)
        return taken

    def remove(self, ids: Collection[str]) -> None:
        """Remove deliveries that wait."""
        for name in list(self._turns) if ids else ():
            for due in self.take_waiting(name):
                if due.id not in ids:
                    self.add(due)

    def clear(self) -> None:
        """Remove all deliveries that wait."""
        for name in list(self._turns):
            self.take_waiting(name)
        self._sends.remove(self)

    def _begin(self, receiver: _Receiver, due: Due) -> None:
        receiver.active += 1
        self.active += 1
        self._sends.active += 1
        self._start(due)

    def _has_room(self, receiver: _Receiver) -> bool:
        return any(
            receiver.active < each and self.active < sandbox and self._sends.active < server
            for each, sandbox, server in ROOM
        )

    def _forget_idle(self, name: str) -> None:
        receiver = self._receivers.get(name)
        if receiver is not None and not receiver.active and not receiver.waiting:
            del self._receivers[name]
