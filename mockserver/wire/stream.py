"""Streamed replies: a text that goes out piece by piece on the sandbox's clock, and breaks where a fault says."""

from collections.abc import AsyncGenerator, Callable, Sequence

from pydantic_core import to_json

from mockserver.clock import turn
from mockserver.core.compile import compile_fault
from mockserver.core.faults import Fault
from mockserver.core.fill import fill
from mockserver.core.scenario import StreamSpec
from mockserver.core.seeded import Seeded
from mockserver.core.streams import Chunk, Track, paced, spoilt
from mockserver.wire import wire_faults
from mockserver.wire.arrival import unheard_for
from mockserver.wire.body import Disconnected
from mockserver.wire.call import Call
from mockserver.wire.values import value_of
from mockserver.wire.waits import Waits

# Characters of a text after substitution, which can make a short one long.
MOST_TEXT = 1_000_000
# So many chunks that are due already go out before others have a turn.
_BURST = 32
_PLAIN = StreamSpec()
# What the ledger calls the ways in which a stream can be made to end.
_ENDINGS = {"truncate": "truncated", "reset": "reset", "stall": "stalled"}


class Stream:
    """One streamed reply. Everything about it is decided at the start: what is sent when, and how it ends.

    A rule's `stream` gives its text, pace and fault; without a text it is `own()`, the provider's. A fault of the
    rule itself that strikes in the middle of a body strikes here. Instants are milliseconds since the epoch.

    It begins at `began`, less the time for which its request lay unread: a client that came with five hundred others
    gets its last chunk no later than one that came alone.
    """

    def __init__(self, call: Call, began: int, seeded: Seeded, own: Callable[[], str]) -> None:
        spec = call.rule.stream if call.rule and call.rule.stream else _PLAIN
        text = own() if spec.text is None else _filled(call, spec.text)
        fault = _fault(call, spec)
        chunks = _chunks(call, spec, text, seeded)
        self._call = call
        self.fault = fault
        self.track = Track(chunks) if fault is None else spoilt(chunks, fault, seeded)
        if not self.complete:
            call.rests_on(f"ending.{_ENDINGS[self.track.ending]}")
        self._began = began - _unread(call) if self.track.lasts else began
        self.ends_at = self._began + self.track.lasts

    @property
    def complete(self) -> bool:
        """True when the whole text will be sent, however late or spoilt."""
        return self.track.ending == "complete"

    async def played(self) -> AsyncGenerator[bytes, None]:
        """The chunks, each when it is due. Raises Disconnected, and Broken where the stream breaks.

        Due instants are counted from the start, so that delays in sending do not add up.
        """
        call, due, sent, burst, played = self._call, self._began, 0, 0, False
        waits = Waits(call)
        if self.fault is not None:
            call.entry.note = f"the stream was spoilt: {self.fault.kind}"
        try:
            for delay, data in self.track.chunks:
                due += delay
                if delay and await waits.until(due):
                    burst = 0
                elif (burst := burst + 1) == _BURST:
                    burst = 0
                    await turn()
                if data:
                    sent += len(data)
                    yield data
            played = True
            await self._end(waits)
            self._ended("complete")
        except Disconnected:
            call.entry.note = f"the client went away after {sent} bytes"
            if not played:
                self.left()
            raise
        finally:
            waits.close()

    async def _end(self, waits: Waits) -> None:
        if self.track.ending == "stall":
            await waits.until(None)
        elif self.track.ending != "complete":
            await wire_faults.break_off(self._call, reset=self.track.ending == "reset")

    def left(self) -> None:
        """Write down that the client went away before its stream could end in another way."""
        self._call.entry.unseen("ending")
        self._ended("client_left")

    def _ended(self, how: str) -> None:
        # It is too late to refuse anything: whatever this rests on is only written down.
        call = self._call
        call.entry.rests_on = (*call.entry.rests_on, f"{call.provider.name}.ending.{how}")


def _chunks(call: Call, spec: StreamSpec, text: str, seeded: Seeded) -> Sequence[Chunk]:
    pace = spec.pace
    if text is not spec.text or pace.first.spread or pace.every.spread:
        return paced(text, pace, seeded)
    # A scenario's own text without substitutions, in an even rhythm, is the same for everybody.
    key = ("chunks", text, pace.unit, pace.size, pace.first.base, pace.every.base)
    return call.sandbox.memo(key, lambda: paced(text, pace, seeded))


def _unread(call: Call) -> int:
    clock = call.sandbox.clock
    since_it_came = int(unheard_for(call.scope) * clock.rate)
    return max(0, since_it_came - (clock.now() - call.now))


def _fault(call: Call, spec: StreamSpec) -> Fault | None:
    if call.fault is not None and call.fault.phase == "mid_body":
        return call.fault
    return None if spec.fault is None else compile_fault(spec.fault)


def _filled(call: Call, text: str) -> str:
    left = MOST_TEXT

    def look_up(name: str) -> str:
        nonlocal left
        found = value_of(call, name)
        spelled = found if isinstance(found, str) else "" if found is None else to_json(found).decode()
        spelled = spelled[:left]
        left -= len(spelled)
        return spelled

    filled: str = fill(text, look_up)
    return filled
