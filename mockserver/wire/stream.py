"""Streamed replies: a text that goes out piece by piece on the sandbox's clock, and breaks where a fault says."""

from collections.abc import AsyncGenerator, Callable

from pydantic_core import to_json

from mockserver.clock import turn
from mockserver.core.engine import compile_fault
from mockserver.core.faults import Fault
from mockserver.core.fill import fill
from mockserver.core.scenario import StreamSpec
from mockserver.core.seeded import Seeded
from mockserver.core.streams import Track, paced, spoilt
from mockserver.wire import mischief
from mockserver.wire.body import Disconnected
from mockserver.wire.call import Call
from mockserver.wire.values import value_of
from mockserver.wire.waits import Waits

# Characters of a text after substitution, which can make a short one long.
MOST_TEXT = 1_000_000
# So many chunks that are due already go out before others have a turn.
_BURST = 32
_PLAIN = StreamSpec()


class Stream:
    """One streamed reply. Everything about it is decided at the start: what is sent when, and how it ends.

    A rule's `stream` gives its text, pace and fault; without a text it is `own()`, the provider's. A fault of the
    rule itself that strikes in the middle of a body strikes here. Instants are milliseconds since the epoch.
    """

    def __init__(self, call: Call, began: int, seeded: Seeded, own: Callable[[], str]) -> None:
        spec = call.rule.stream if call.rule and call.rule.stream else _PLAIN
        text = own() if spec.text is None else _filled(call, spec.text)
        fault = _fault(call, spec)
        chunks = paced(text, spec.pace, seeded)
        self._call = call
        self._began = began
        self.fault = fault
        self.track = Track(chunks) if fault is None else spoilt(chunks, fault, seeded)
        self.ends_at = began + self.track.lasts

    @property
    def complete(self) -> bool:
        """True when the whole text will be sent, however late or spoilt."""
        return self.track.ending == "complete"

    async def played(self) -> AsyncGenerator[bytes, None]:
        """The chunks, each when it is due. Raises Disconnected, and Broken where the stream breaks.

        Due instants are counted from the start, so that delays in sending do not add up.
        """
        call, due, sent, burst = self._call, self._began, 0, 0
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
            await self._end(waits)
        except Disconnected:
            call.entry.note = f"the client went away after {sent} bytes"
            raise
        finally:
            waits.close()

    async def _end(self, waits: Waits) -> None:
        if self.track.ending == "stall":
            await waits.until(None)
        elif self.track.ending != "complete":
            await mischief.break_off(self._call, reset=self.track.ending == "reset")


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
