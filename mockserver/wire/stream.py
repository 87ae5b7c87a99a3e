"""Streamed replies: a text that is sent in chunks on the sandbox's clock, with a fault if the rule has one."""

from collections.abc import Callable, Sequence

from pydantic_core import to_json

from mockserver.core.compile import compile_fault
from mockserver.core.faults import Fault
from mockserver.core.fill import Limited, fill
from mockserver.core.scenario import PaceSpec, StreamSpec
from mockserver.core.seeded import Seeded
from mockserver.core.streams import Chunk, Ending, Track, paced, with_fault
from mockserver.kit.operations import Stream
from mockserver.wire.exchange import Exchange
from mockserver.wire.overlay import CUT, Values

# Not validated, because building the validators of these models would slow down every start.
_DEFAULT_SPEC = StreamSpec.model_construct(set(), pace=PaceSpec.model_construct())
# The ledger's names for the ways in which a stream can end.
ENDINGS: dict[Ending, str] = {
    "complete": "complete",
    "truncate": "truncated",
    "reset": "reset",
    "stall": "stalled",
}


def compose_stream(exchange: Exchange, began: int, seeded: Seeded, own: Callable[[], str], job: str | None) -> Stream:
    """Return the stream of a reply: its chunks, their times, and how it ends.

    The text, pace and fault come from the `stream` of the request's rule; the default text is `own()`, the provider's.
    A `mid_body` fault of the rule itself applies to the stream too. `began` is the start in milliseconds since the
    epoch; `job` is the id of the stream's job. Raises AssumedBehaviour if the ending is an assumption and the server
    does not allow assumptions.

    The start is moved back by the time for which the request waited to be read, so that under load the last chunk is
    not sent later.
    """
    spec = exchange.rule.stream if exchange.rule and exchange.rule.stream else _DEFAULT_SPEC
    text, cut = (own(), False) if spec.text is None else _filled(exchange, spec.text, job)
    fault = _fault(exchange, spec)
    chunks = _chunks(exchange, spec, text, seeded)
    track = Track(chunks) if fault is None else with_fault(chunks, fault, seeded)
    if track.ending != "complete":
        exchange.admit(f"ending.{ENDINGS[track.ending]}")
    notes = [CUT] if cut else []
    if fault is not None:
        notes.append(f"the stream was sent with a fault: {fault.kind}")
        if fault.inside is not None and all(data.isascii() for _, data in chunks):
            notes.append("the fault is not inside a character, because none has several bytes")
    note = "; ".join(notes) or None
    return Stream(track, began - _unread_for(exchange) if track.lasts else began, note)


def ends_at(stream: Stream) -> int:
    """Return the instant at which the last chunk of a stream is due."""
    return stream.began + stream.track.lasts


def _chunks(exchange: Exchange, spec: StreamSpec, text: str, seeded: Seeded) -> Sequence[Chunk]:
    pace = spec.pace
    if text is not spec.text or pace.first.spread or pace.every.spread:
        return paced(text, pace, seeded)
    # A scenario's text without substitutions and with fixed delays gives the same chunks for every request.
    key = ("chunks", text, pace.unit, pace.size, pace.first.base, pace.every.base)
    return exchange.sandbox.cached(key, lambda: paced(text, pace, seeded))


def _unread_for(exchange: Exchange) -> int:
    """Return for how long the request waited to be read, in milliseconds on the sandbox's clock."""
    clock = exchange.sandbox.clock
    since_arrival = int(exchange.connection.seconds_unread * 1000 * clock.rate)
    return max(0, since_arrival - (clock.now() - exchange.now))


def _fault(exchange: Exchange, spec: StreamSpec) -> Fault | None:
    if exchange.fault is not None and exchange.fault.phase == "mid_body":
        return exchange.fault
    return None if spec.fault is None else compile_fault(spec.fault)


def _filled(exchange: Exchange, text: str, job: str | None) -> tuple[str, bool]:
    """Return the text with the values of its placeholders, and whether they had to be cut."""
    values = Limited(Values(exchange, job).get)

    def text_of(name: str) -> str:
        value = values(name)
        return value if isinstance(value, str) else "" if value is None else to_json(value).decode()

    filled: str = fill(text, text_of)
    return filled, values.cut
