"""The composition root: settings, providers, scenarios, sandboxes and the control API become one ASGI application."""

from collections.abc import Mapping
from typing import Any

from mockserver.clock import monotonic
from mockserver.control.api import ControlApi
from mockserver.core.engine import Program
from mockserver.core.scenario import Scenario
from mockserver.courier import Sender
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy
from mockserver.catalogue import catalogue
from mockserver.registry import all_providers
from mockserver.sandboxes import Sandboxes
from mockserver.scenarios import Library
from mockserver.server import Server
from mockserver.settings import Settings
from mockserver.store.memory import MemoryStore


def create_app(
    settings: Settings | None = None,
    scenario: Mapping[str, Any] | Scenario | None = None,
    sender: Sender | None = None,
    own_port: int | None = None,
) -> Server:
    """A server of its own, sharing nothing with any other.

    `scenario` stands in front of the one that the settings name; `sender` stands in for the network;
    `own_port` is the port that webhooks never go to. Raises SourceErrors for a bad scenario and LookupError for an unknown one.
    """
    settings = settings or Settings()
    own_port = settings.port if own_port is None else own_port
    providers = all_providers()
    library = Library(catalogue(providers), providers, settings.scenario_dirs)
    sandboxes = Sandboxes(
        program=_program(library, settings, scenario),
        simulations={p.name: p for p in providers},
        sender=sender or Dialer(EgressPolicy(settings.allow_public_webhooks, frozenset((own_port,))), monotonic),
        store=MemoryStore,
        seed=settings.seed,
    )
    control = ControlApi(sandboxes, library, providers)
    return Server(providers, sandboxes, control, settings.public_url)


def _program(library: Library, settings: Settings, scenario: Mapping[str, Any] | Scenario | None) -> Program:
    if scenario is not None:
        return library.program_of_data(scenario, "scenario")
    return library.program(settings.scenario)
