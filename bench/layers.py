"""The layers that a request passes through, and the functions of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType

PACKAGE = Path(__file__).parent.parent / "mockserver"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: its name, what it is for (`buys`), and its places in the code.

    A place is a file or folder of the package, or of uvicorn if it begins with `uvicorn/`. `FILE: f g` is only these
    functions of the file. `floor` marks the layers that bare ASGI on uvicorn has too.
    """

    name: str
    buys: str
    places: tuple[str, ...] = ()
    floor: bool = False


# A sample belongs to the first layer here that has the code of the innermost frame, so specific layers precede general
# ones. Code of no layer, such as that of seeded values, belongs to its caller, and otherwise to the event loop.
LAYERS = (
    Layer(
        "writing",
        "the reply in HTTP and one system call to send it",
        ("uvicorn/protocols/http/httptools_impl.py: send", "serving/batched_writes.py"),
        floor=True,
    ),
    Layer(
        "HTTP",
        "parsing, keep-alive, pipelining; deadlines and sizes of a request's head and body",
        (
            "uvicorn/",
            "serving/protocol.py",
            "serving/receiving.py",
            "serving/connection.py",
            "serving/stepping.py",
            "serving/deadlines.py",
            "serving/http_server.py",
        ),
        floor=True,
    ),
    Layer(
        "limits",
        "limits that are counted in windows, and their headers",
        (
            "wire/services.py: spend",
            "wire/checks.py: count_limits",
            "core/limits.py",
            "store/memory.py: hit _hit_all",
            "store/account_tables.py: get",
            "kit/limits.py",
        ),
    ),
    Layer(
        "provenance",
        "the documented or assumed behaviours that a reply is based on",
        ("provenance/", "wire/checks.py: note_rows note_deviations", "wire/exchange.py: admit", "wire/deviations.py"),
    ),
    Layer(
        "key and account",
        "any key works, plans and overrides by key, scopes",
        (
            "wire/checks.py: check_account check_scope note_credential_form",
            "wire/server.py: _sandbox_of_key",
            "wire/services.py: credential",
            "sandbox/state.py: account",
            "core/accounts.py",
            "kit/provider.py: key holder",
            "providers/: holder",
        ),
    ),
    Layer(
        "body and validation",
        "bodies of any size read in pieces, strict JSON, the provider's own validation errors",
        (
            "wire/checks.py: read validate check_query",
            "wire/body.py",
            "kit/models.py",
            "providers/videotoprompt/models.py",
        ),
    ),
    Layer(
        "rules and faults",
        "scenarios, magic words and one-shot faults",
        (
            "wire/checks.py: choose_rule",
            "wire/exchange.py: view view_of rule_for_item",
            "wire/rules.py",
            "wire/wire_faults.py",
            "wire/overlay.py",
            "core/compile.py",
            "core/match.py",
        ),
    ),
    Layer("id", "ids that are the same in every run", ("wire/services.py: job",)),
    Layer(
        "job",
        "one stored job with its plan, credits and future events",
        (
            "wire/services.py: submit get poll reserve balance",
            "wire/exchange.py: plan_for",
            "sandbox/state.py: plan_for",
            "sandbox/courier.py: expect",
            "core/jobs.py",
            "store/job_table.py",
        ),
    ),
    Layer("encoding", "compact JSON from data", ("wire/reply.py: encode",)),
    Layer(
        "journal",
        "an entry for each request, with the rules that did not match and why",
        ("wire/edge.py: _write_entry", "core/journal.py", "store/memory.py: append"),
    ),
    Layer("head of the reply", "status and headers", ("wire/reply.py", "wire/sending.py", "wire/stream.py")),
    Layer(
        "clock and what is due",
        "jobs, webhooks and streams on one clock that can be stopped",
        ("clock.py", "sandbox/settling.py"),
    ),
    Layer(
        "operation",
        "the provider's own behaviour, computed from the job and the time",
        ("providers/", "kit/provider.py"),
    ),
    Layer(
        "address and sandbox",
        "prefix, host or bare path; a sandbox for each test",
        ("wire/server.py", "wire/address.py", "sandbox/sandboxes.py"),
    ),
    Layer(
        "route and edge",
        "the same order of checks for every provider",
        ("wire/edge.py", "wire/routes.py", "wire/checks.py", "wire/exchange.py", "wire/services.py"),
    ),
    Layer("event loop, reading", "connections: the loop, and the system calls that wait and read", floor=True),
)
_BY_NAME = {layer.name: layer for layer in LAYERS}
HTTP, LOOP = _BY_NAME["HTTP"], _BY_NAME["event loop, reading"]
# These run the event loop and are on every stack, so they belong to no layer.
RUNNERS = ("serving/serve.py", "cli/", "__main__.py", "uvicorn/server.py", "uvicorn/_compat.py")


def _split(place: str) -> tuple[str, frozenset[str]]:
    """Return the part of the file name that identifies a place, and its functions; no functions means all."""
    file, _, functions = place.partition(": ")
    return f"/{file}" if file.startswith("uvicorn/") else f"/mockserver/{file}", frozenset(functions.split())


_RUNNERS = tuple(_split(place)[0] for place in RUNNERS)
_PLACES = [(layer, *_split(place)) for layer in LAYERS for place in layer.places]


def moved() -> Iterator[str]:
    """Yield the places that no longer exist in the package."""
    for place in (*RUNNERS, *(place for layer in LAYERS for place in layer.places)):
        file, _, functions = place.partition(": ")
        path = PACKAGE / file
        files = path.rglob("*.py") if path.is_dir() else [path] if path.is_file() else []
        text = "\n".join(each.read_text("utf-8") for each in files)
        lost = not text or not all(f"def {name}(" in text for name in functions.split())
        if lost and not place.startswith("uvicorn/"):
            yield place


class Sorter:
    """Assigns samples of the running stack to layers. Each code object is looked up once."""

    def __init__(self) -> None:
        self._known: dict[CodeType, Layer | None] = {}

    def layer(self, frame: FrameType | None) -> Layer:
        """Return the layer of the innermost frame that has one, or the event loop."""
        if frame is not None and frame.f_lineno == frame.f_code.co_firstlineno and self._ownerless(frame.f_back):
            # The callback has not started. The time was spent in the event loop, which has no Python frames.
            return LOOP
        while frame is not None:
            layer = self._of(frame.f_code)
            if layer is not None:
                return layer
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


def _find(code: CodeType) -> Layer | None:
    path, name = code.co_filename, code.co_name
    if any(part in path for part in _RUNNERS):
        return None
    return next((layer for layer, part, names in _PLACES if part in path and (not names or name in names)), None)
