"""The composition root: creates the ASGI application from settings, providers, scenarios and the control API."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from mockserver.clock import monotonic
from mockserver.core.compile import Program
from mockserver.core.masking import Masking
from mockserver.core.scenario import ClockSpec, Scenario
from mockserver.kit.catalogue import catalogue_of
from mockserver.kit.ledger import ledger
from mockserver.kit.provider import Provider
from mockserver.kit.summary import Providers
from mockserver.outgoing.call import Sender
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy
from mockserver.provenance.behaviours import Ledger
from mockserver.provenance.policy import Provenance
from mockserver.providers import registry
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.sandbox.watch import ScenarioWatch
from mockserver.scenario.library import Library, ScenarioSummary, is_path
from mockserver.settings import Settings, SettingsError, masked_store
from mockserver.store.memory import Bounds, MemoryStore
from mockserver.store.pool import MIB, MemoryPool
from mockserver.wire.body import BodyMemory
from mockserver.wire.control import Control
from mockserver.wire.exchange import Policy
from mockserver.wire.page import Page
from mockserver.wire.request import Connection, Request
from mockserver.wire.server import Server

if TYPE_CHECKING:
    from mockserver.control.boundary import Boundary
    from mockserver.sandbox.keeping import Keeper
    from mockserver.sandbox.sharing import Sharing


def create_app(
    settings: Settings | None = None,
    scenario: Mapping[str, Any] | Scenario | None = None,
    sender: Sender | None = None,
    own_ports: Collection[int] | None = None,
    providers: Sequence[Provider] = (),
) -> Server:
    """Create a server. It shares no state with other servers in this process.

    `scenario` replaces the scenario of the settings. `sender` replaces the network. `own_ports` are ports to which
    webhooks are never sent; the default is the port of the settings. `providers` are the providers to simulate; the
    default is all of them. Raises SourceErrors for an invalid scenario and, if the settings need the ledger, for an
    invalid ledger; LookupError for an unknown scenario; SettingsError for an invalid clock, or if a
    scenario without a file is to be watched.
    """
    settings = settings or Settings()
    known = Providers.of(providers) if providers else registry.providers()
    library = Library(catalogue_of(known.summaries), known.values(), settings.scenario_dirs)
    provenance = _provenance(settings, known)
    pool, bounds = MemoryPool(settings.server_memory * MIB), Bounds(memory=settings.sandbox_memory * MIB)
    keeper = _keeper(settings, scenario, library, bounds, pool)
    sharing = _sharing(settings, library, bounds)

    def chosen() -> Program:
        return _program(library, settings, scenario)

    sandboxes = Sandboxes(
        program=chosen() if keeper is None else keeper.initial(chosen),
        simulations=known,
        sender=sender or _network(settings, own_ports),
        store=lambda: MemoryStore(bounds, pool),
        seed=settings.seed,
        clock=clock_of(settings.clock),
        disallowed_rows=provenance.disallowed_rows,
        memory=lambda: {
            "used": pool.used if sharing is None else sharing.used,
            "server": pool.limit,
            "sandbox": bounds.memory,
        },
        additive=settings.additive,
        keeper=keeper,
        sharing=sharing,
    )
    body_memory = BodyMemory(settings.body_memory * 1_048_576)

    async def serve(request: Request, connection: Connection) -> None:
        # Replays the requests of bundles. The control API is loaded after the server was created.
        await server.serve(request, connection)

    watch = ScenarioWatch(settings.scenario, library, sandboxes) if _watches(settings, scenario) else None
    server = Server(
        known,
        sandboxes,
        lambda: _control(settings, sandboxes, library, known, provenance.ledger, body_memory, watch, serve),
        Policy(
            settings.strict,
            provenance if provenance.is_active else None,
            settings.public_url.rstrip("/"),
            body_memory,
            settings.cors,
        ),
        watch,
        _page(settings),
        keeper.file if keeper is not None else sharing.process.commits if sharing is not None else None,
    )
    return server


def _keeper(
    settings: Settings,
    scenario: Mapping[str, Any] | Scenario | None,
    library: Library,
    bounds: Bounds,
    pool: MemoryPool,
) -> "Keeper | None":
    """Open the file of the store, if the settings have one. Raises SettingsError if it cannot be used."""
    path = settings.store_file
    if path is None:
        return None
    # Imported here, because most servers keep everything in memory.
    from mockserver.sandbox.keeping import Keeper
    from mockserver.store.sqlite.file import StoreFile
    from mockserver.store.sqlite.store import SqliteStore

    file = StoreFile(path)
    return Keeper(
        file,
        lambda number, name: SqliteStore(file, number, name, bounds, pool),
        lambda source: library.program_of_data(source, str(path)),
        settings.scenario if scenario is None else "",
        "paused" if settings.resume == "paused" else "now",
    )


def _sharing(settings: Settings, library: Library, bounds: Bounds) -> "Sharing | None":
    """Connect to the store that several processes share, if the settings have one. Raises SettingsError."""
    if not settings.is_shared:
        return None
    try:
        from mockserver.store.valkey.process import ValkeyProcess
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("redis"):
            raise
        hint = "Install it: pip install 'ai-video-mockserver[valkey]'"
        raise SettingsError(f"store = {masked_store(settings.store)!r} needs the package redis. {hint}") from None
    from mockserver.sandbox.sharing import Sharing

    process = ValkeyProcess(settings.store, bounds)
    return Sharing(
        process,
        lambda source: library.program_of_data(source, masked_store(settings.store)),
        settings.server_memory * MIB,
    )


def _page(settings: Settings) -> Callable[[], Page]:
    @cache
    def page() -> Page:
        # Imported for the first request to the page.
        from mockserver.control import page as module

        return module.Page(_boundary(settings))

    return page


def _boundary(settings: Settings) -> "Boundary":
    from mockserver.control.boundary import Boundary

    return Boundary(settings.token, settings.public_url, settings.allow_hosts)


def _provenance(settings: Settings, providers: Providers) -> Provenance:
    provenance = Provenance(ledger(providers.values()), settings.rule_header, settings.no_assumed)
    if provenance.is_active:
        # Read now, so that an error in it stops the start of the server and does not reach clients.
        provenance.ledger.read()
    return provenance


def _network(settings: Settings, own_ports: Collection[int] | None) -> Sender:
    own = (settings.port,) if own_ports is None else own_ports
    return Dialer(EgressPolicy(settings.allow_public_webhooks, frozenset(own)), monotonic)


def _control(
    settings: Settings,
    sandboxes: Sandboxes,
    library: Library,
    providers: Providers,
    ledger: Ledger,
    body_memory: BodyMemory,
    watch: ScenarioWatch | None,
    serve: Callable[[Request, Connection], Awaitable[None]],
) -> Control:
    # Imported after the start, because FastAPI takes long to import.
    from mockserver.bundle.contents import options_of
    from mockserver.control.adapter import ControlApi
    from mockserver.control.dependencies import Parts
    from mockserver.kit.credentials import credential_names

    # Both are called in threads, and by several requests at a time.
    building, listing = Lock(), Lock()
    documents: dict[str, Mapping[str, Any]] = {}

    def document(name: str) -> Mapping[str, Any]:
        from mockserver.openapi import document_of

        with building:
            if name not in documents:
                documents[name] = document_of(providers.get(name))
            return documents[name]

    def scenarios() -> list[ScenarioSummary]:
        with listing:
            return list(library.listed())

    masking = Masking(credential_names(providers.values()), (settings.token,))
    parts = Parts(
        sandboxes, library, providers, ledger, document, scenarios, masking, options_of(settings), serve, body_memory,
        watch, settings.mcp,
    )  # fmt: skip
    return ControlApi(parts, _boundary(settings))


def _watches(settings: Settings, scenario: Mapping[str, Any] | Scenario | None) -> bool:
    """Return whether the scenario is loaded again when its file changes. By default it is if its path was given.

    Raises SettingsError if the scenario has no file.
    """
    has_file = scenario is None and "\n" not in settings.scenario
    if settings.watch and not has_file:
        raise SettingsError("watch needs the name or the path of a scenario, not a scenario itself")
    return has_file and (is_path(settings.scenario) if settings.watch is None else settings.watch)


def _program(library: Library, settings: Settings, scenario: Mapping[str, Any] | Scenario | None) -> Program:
    if scenario is not None:
        return library.program_of_data(scenario, "scenario")
    return library.program_typed(settings.scenario)


def clock_of(text: str) -> ClockSpec | None:
    """Parse the setting `clock`: a mode, or a speed such as `60x`. None means that the scenario decides.

    Raises SettingsError.
    """
    if not text:
        return None
    speed = text.removesuffix("x")
    try:
        values = {"mode": text} if speed == text else {"mode": "scaled", "speed": float(speed)}
        return ClockSpec.model_validate(values)
    except ValueError:  # includes pydantic's ValidationError
        raise SettingsError(f"clock must be real, manual, auto, scaled, or a speed such as 60x, not {text!r}") from None
