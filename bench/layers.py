"""The layers that a request passes between the socket and its reply, and which functions belong to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: what it is called, what it buys, and its code: the ends of file names, each with functions or all.

    `floor` marks what bare ASGI on uvicorn has as well.
    """

    name: str
    buys: str
    code: Mapping[str, Sequence[str]] = field(default_factory=dict)
    floor: bool = False


LOOP = Layer("event loop, reading", "connections: the loop, and the system calls that wait and read", floor=True)
HTTP = Layer(
    "HTTP",
    "parsing, keep-alive, pipelining; deadlines and sizes of a request's head and body",
    {"/uvicorn/": (), "/mockserver/protocol.py": (), "/mockserver/deadlines.py": ()},
    floor=True,
)
WRITING = Layer(
    "writing",
    "the reply in HTTP and one system call to send it",
    {"/uvicorn/protocols/http/httptools_impl.py": ("send",), "/mockserver/cork.py": ()},
    floor=True,
)
# The first layer that has the code of a frame takes the sample: the particular stand before the general. Code that is
# in none, as that of seeded values, is its caller's.
LAYERS = (
    WRITING,
    HTTP,
    Layer(
        "limits",
        "windows that are really counted, and the headers that tell them",
        {"/wire/call.py": ("spend", "exhausted"), "/core/limits.py": (), "/store/memory.py": ("hit", "_counter")}
        | {"/mockserver/providers/": ("limit_headers", "stranger_usage")},
    ),
    Layer(
        "provenance",
        "which documented or assumed behaviour a reply rests on",
        {"/provenance/": (), "/wire/call.py": ("rests_on",), "/wire/deviations.py": ()},
    ),
    Layer(
        "key and account",
        "any key works, plans and overrides by key, scopes",
        {"/wire/edge.py": ("_admit",), "/mockserver/sandbox.py": ("account",), "/mockserver/accounts.py": ()}
        | {"/mockserver/providers/": ("key", "holder")},
    ),
    Layer(
        "body and validation",
        "bodies of any size read piece by piece, strict JSON, the provider's own validation errors",
        {"/wire/edge.py": ("_read",), "/wire/body.py": (), "/models.py": (), "/providers/shapes.py": ()},
    ),
    Layer(
        "rules and faults",
        "scenarios, magic inputs and armed faults",
        {"/wire/faults.py": (), "/wire/overlay.py": (), "/wire/call.py": ("view", "choose", "_at")}
        | {"/core/engine.py": (), "/core/match.py": ()},
    ),
    Layer("id", "ids that are the same in every run", {"/wire/call.py": ("new_id",)}),
    Layer(
        "job",
        "one job with its plan, credits and events to come, kept and found again",
        {"/wire/call.py": ("submit", "plan_for", "reserve", "balance"), "/mockserver/courier.py": ("expect",)},
    ),
    Layer("encoding", "compact JSON from data", {"/wire/reply.py": ("encode",)}),
    Layer(
        "journal",
        "what came and went, to look at and to assert on; which rules missed, and why",
        {"/wire/edge.py": ("_write_down",), "/mockserver/journal.py": (), "/store/memory.py": ("append",)},
    ),
    Layer("head of the reply", "status and headers", {"/wire/reply.py": ()}),
    Layer(
        "clock and what is due",
        "jobs, webhooks and streams on one clock that can stand still",
        {"/mockserver/clock.py": (), "/mockserver/sandbox.py": ("settle", "_follow")},
    ),
    Layer("operation", "the provider's own behaviour, computed from the job and the time", {"/providers/": ()}),
    Layer(
        "address and sandbox",
        "prefix, host or bare path; a world of its own for each test",
        {"/mockserver/server.py": (), "/wire/address.py": (), "/mockserver/sandboxes.py": ()},
    ),
    Layer(
        "route and edge",
        "the same order of checks for everybody",
        {"/wire/edge.py": (), "/wire/routes.py": (), "/wire/call.py": ()},
    ),
    LOOP,
)


class Sorter:
    """Sorts samples of the running stack into layers; each kind of code is looked up once."""

    def __init__(self) -> None:
        self._known: dict[CodeType, Layer | None] = {}

    def layer(self, frame: FrameType | None) -> Layer:
        """The layer of the innermost frame that has one; else the event loop."""
        if frame is not None and frame.f_lineno == frame.f_code.co_firstlineno and self._ownerless(frame.f_back):
            # A callback that has not begun: the time was the loop's, which is no Python and is seen only now.
            return LOOP
        while frame is not None:
            found = self._of(frame.f_code)
            if found is not None:
                return found
            frame = frame.f_back
        return LOOP

    def _ownerless(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if self._of(frame.f_code) not in (None, HTTP):
                return False
            if frame.f_code.co_name in ("run_asgi", "data_received"):
                return False
            frame = frame.f_back
        return True

    def _of(self, code: CodeType) -> Layer | None:
        if code not in self._known:
            self._known[code] = _find(code)
        return self._known[code]


# Whoever runs the loop is on every stack, and is nobody's layer.
_RUNNERS = (
    "/mockserver/serve.py",
    "/mockserver/cli.py",
    "/mockserver/__main__.py",
    "/uvicorn/server.py",
    "/uvicorn/_compat.py",
)


def _find(code: CodeType) -> Layer | None:
    path, name = code.co_filename, code.co_name
    if path.endswith(_RUNNERS):
        return None
    for layer in LAYERS:
        for part, names in layer.code.items():
            if part in path and (not names or name in names):
                return layer
    return None
