"""The composition root: settings, providers, scenarios, sandboxes and the control API become one ASGI application."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mockserver.clock import monotonic
from mockserver.core.compile import Program
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
from mockserver.scenario.library import Library
from mockserver.settings import Settings, SettingsError
from mockserver.store.memory import MemoryStore
from mockserver.wire.exchange import Policy
from mockserver.wire.server import Control, Server


def create_app(
    settings: Settings | None = None,
    scenario: Mapping[str, Any] | Scenario | None = None,
    sender: Sender | None = None,
    own_ports: Collection[int] | None = None,
    providers: Sequence[Provider] = (),
) -> Server:
    """A server of its own, sharing nothing with any other.

    `scenario` stands in front of the one that the settings name; `sender` stands in for the network;
    `own_ports` are those that webhooks never go to; `providers` are those that are simulated, all there are unless
    given. Raises SourceErrors for a bad scenario, and for a bad ledger when it is asked to show or refuse by it,
    LookupError for an unknown scenario, and SettingsError for a clock that is none.
    """
    settings = settings or Settings()
    known = Providers.of(providers) if providers else registry.providers()
    library = Library(catalogue_of(known.summaries), known.values(), settings.scenario_dirs)
    provenance = _provenance(settings, known)
    sandboxes = Sandboxes(
        program=_program(library, settings, scenario),
        simulations=known,
        sender=sender or _network(settings, own_ports),
        store=MemoryStore,
        seed=settings.seed,
        clock=clock_of(settings.clock),
        unsaid=provenance.unsaid,
    )
    return Server(
        known,
        sandboxes,
        lambda: _control(settings, sandboxes, library, tuple(known.values()), provenance.ledger),
        Policy(settings.strict, provenance if provenance.asked else None, settings.public_url.rstrip("/")),
    )


def _provenance(settings: Settings, providers: Providers) -> Provenance:
    made = Provenance(ledger(providers.values()), settings.rule_header, settings.no_assumed)
    if made.asked:
        # Read now, so that a mistake in it is told to whoever starts the server, and not to clients.
        made.ledger.read()
    return made


def _network(settings: Settings, own_ports: Collection[int] | None) -> Sender:
    own = (settings.port,) if own_ports is None else own_ports
    return Dialer(EgressPolicy(settings.allow_public_webhooks, frozenset(own)), monotonic)


def _control(
    settings: Settings, sandboxes: Sandboxes, library: Library, providers: Sequence[Provider], ledger: Ledger
) -> Control:
    # Loaded for the first request that asks for it: a server starts the sooner.
    from mockserver.control.api import ControlApi
    from mockserver.control.boundary import Boundary

    @lru_cache(maxsize=len(providers) + 1)
    def document(name: str) -> Mapping[str, Any]:
        from mockserver.openapi import document_of

        return document_of(next((p for p in providers if p.name == name), None))

    boundary = Boundary(settings.token, settings.public_url)
    return ControlApi(sandboxes, library, providers, boundary, ledger, document)


def _program(library: Library, settings: Settings, scenario: Mapping[str, Any] | Scenario | None) -> Program:
    if scenario is not None:
        return library.program_of_data(scenario, "scenario")
    return library.program(settings.scenario)


def clock_of(text: str) -> ClockSpec | None:
    """The clock of a setting: a mode, or a speed such as `60x`; None where the scenario decides.

    Raises SettingsError.
    """
    if not text:
        return None
    speed = text.removesuffix("x")
    try:
        told = {"mode": text} if speed == text else {"mode": "scaled", "speed": float(speed)}
        return ClockSpec.model_validate(told)
    except ValueError:  # pydantic's are too
        raise SettingsError(f"clock must be real, manual, auto, or a speed such as 60x, not {text!r}") from None
