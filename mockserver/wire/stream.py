"""Streamed replies: a text that goes out piece by piece on the sandbox's clock, and breaks where a fault says."""

from collections.abc import Callable, Sequence

from pydantic_core import to_json

from mockserver.core.compile import compile_fault
from mockserver.core.faults import Fault
from mockserver.core.fill import fill
from mockserver.core.scenario import PaceSpec, StreamSpec
from mockserver.core.seeded import Seeded
from mockserver.core.streams import Chunk, Ending, Track, paced, with_fault
from mockserver.kit.operations import Stream
from mockserver.wire.exchange import Exchange
from mockserver.wire.overlay import Values

# Characters of a text after substitution, which can make a short one long.
MOST_TEXT = 1_000_000
# Constructed as it is: to validate it, every start would build the validators of models that it may never need.
_PLAIN = StreamSpec.model_construct(set(), pace=PaceSpec.model_construct())
# What the ledger calls the ways in which a stream can end.
ENDINGS: dict[Ending, str] = {
    "complete": "complete",
    "truncate": "truncated",
    "reset": "reset",
    "stall": "stalled",
}


def composed(exchange: Exchange, began: int, seeded: Seeded, own: Callable[[], str], job: str | None) -> Stream:
    """The stream of a reply that begins at `began`. Everything about it is decided here: what is sent when, and how
    it ends.

    A rule's `stream` gives its text, pace and fault; without a text it is `own()`, the provider's. A fault of the
    rule itself that strikes in the middle of a body strikes here. Instants are milliseconds since the epoch; `job` is
    the id of the job that the stream is about. Raises Assumed for an ending that is assumed, where the server assumes
    nothing.

    It begins earlier by the time for which its request lay unread: a client that came with five hundred others gets
    its last chunk no later than one that came alone.
    """
    spec = exchange.rule.stream if exchange.rule and exchange.rule.stream else _PLAIN
    text = own() if spec.text is None else _filled(exchange, spec.text, job)
    fault = _fault(exchange, spec)
    chunks = _chunks(exchange, spec, text, seeded)
    track = Track(chunks) if fault is None else with_fault(chunks, fault, seeded)
    if track.ending != "complete":
        exchange.admit(f"ending.{ENDINGS[track.ending]}")
    note = None if fault is None else f"the stream was sent with a fault: {fault.kind}"
    return Stream(track, began - _unread(exchange) if track.lasts else began, note)


def ends_at(stream: Stream) -> int:
    """The instant at which the last chunk of a stream is due."""
    return stream.began + stream.track.lasts


def _chunks(exchange: Exchange, spec: StreamSpec, text: str, seeded: Seeded) -> Sequence[Chunk]:
    pace = spec.pace
    if text is not spec.text or pace.first.spread or pace.every.spread:
        return paced(text, pace, seeded)
    # A scenario's own text without substitutions, in an even rhythm, is the same for everybody.
    key = ("chunks", text, pace.unit, pace.size, pace.first.base, pace.every.base)
    return exchange.sandbox.cached(key, lambda: paced(text, pace, seeded))


def _unread(exchange: Exchange) -> int:
    clock = exchange.sandbox.clock
    since_it_came = int(exchange.connection.unread * 1000 * clock.rate)
    return max(0, since_it_came - (clock.now() - exchange.now))


def _fault(exchange: Exchange, spec: StreamSpec) -> Fault | None:
    if exchange.fault is not None and exchange.fault.phase == "mid_body":
        return exchange.fault
    return None if spec.fault is None else compile_fault(spec.fault)


def _filled(exchange: Exchange, text: str, job: str | None) -> str:
    left, values = MOST_TEXT, Values(exchange, job)

    def look_up(name: str) -> str:
        nonlocal left
        if not left:
            return ""
        found = values.of(name)
        spelled = found if isinstance(found, str) else "" if found is None else to_json(found).decode()
        spelled = spelled[:left]
        left -= len(spelled)
        return spelled

    filled: str = fill(text, look_up)
    return filled
