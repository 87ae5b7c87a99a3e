"""Dependencies of operations: the sandbox of the request, the time in it, and the parts of the server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from mockserver.bundle.contents import Options
from mockserver.bundle.replaying import Serve
from mockserver.control.errors import ControlError
from mockserver.control.restore import Restorer
from mockserver.core.compile import Catalogue, quoted, suggest
from mockserver.core.masking import Masking
from mockserver.core.match import key_matches
from mockserver.kit.catalogue import catalogue_of
from mockserver.kit.credentials import credentials_in
from mockserver.kit.provider import Provider
from mockserver.kit.summary import Providers
from mockserver.provenance.behaviours import Ledger
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.sandbox.watch import ScenarioWatch
from mockserver.scenario.library import Library, ScenarioSummary
from mockserver.wire.body import BodyMemory


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the server that operations use.

    `document` returns the OpenAPI document with a name, and `scenarios` lists the library. Both may take long, so they
    are called in a thread.

    `options` are those of the server that replies depend on, and `serve` answers a request, for bundles.

    `body_memory` limits the memory for request bodies. None: it is unlimited. `watch` watches the file of the scenario,
    if the server does that. `agents` is true if the server offers tools for agents.
    """

    sandboxes: Sandboxes
    library: Library
    providers: Providers
    ledger: Ledger
    document: Callable[[str], Mapping[str, Any]]
    scenarios: Callable[[], Sequence[ScenarioSummary]]
    masking: Masking
    options: Options
    serve: Serve
    body_memory: BodyMemory | None = None
    watch: ScenarioWatch | None = None
    agents: bool = False

    @property
    def catalogue(self) -> Catalogue:
        """The names that scenarios may use with these providers."""
        return catalogue_of(self.providers.summaries)

    @property
    def restorer(self) -> Restorer:
        """What makes sandboxes from bundles."""
        return Restorer(self.sandboxes, self.library, self.providers, self.catalogue, self.options, self.serve)

    def masking_in(self, sandbox: Sandbox) -> Masking:
        """The masking of outputs about a sandbox. It also hides the secrets of the sandbox's scenario."""
        return self.masking.hiding(*credentials_in(sandbox.program))

    def provider(self, name: str) -> Provider:
        """The provider with this name. Raises ControlError 404 that lists the providers."""
        if name in self.providers:
            return self.providers[name]
        raise ControlError(404, f"There is no provider {name!r}; the providers are {', '.join(self.providers)}")

    def check_operation(self, pattern: str) -> None:
        """Check that a filter can match an operation. Raises ControlError 404 with the most similar name."""
        operations = [f"{each.name}.{o.name}" for each in self.providers.values() for o in each.operations]
        if not any(key_matches(pattern, operation) for operation in operations):
            known = self.catalogue.operations
            raise ControlError(404, f"No operation is called {quoted(pattern)}{suggest(pattern, known)}")

    def selected(self, name: str | None) -> Sequence[Provider]:
        """The provider with this name, or all of them for None. Raises ControlError 404."""
        return list(self.providers.values()) if name is None else [self.provider(name)]


async def _parts(request: Request) -> Parts:
    parts: Parts = request.state.parts
    return parts


async def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.state.sandbox
    return sandbox


CurrentSandbox = Annotated[Sandbox, Depends(_sandbox)]
ServerParts = Annotated[Parts, Depends(_parts)]


async def settle(sandbox: CurrentSandbox) -> int:
    """Process everything in the sandbox that is due. Return the present instant of its clock, in milliseconds."""
    now = sandbox.clock.now()
    await sandbox.settling.settle(now)
    return now


async def _origin(request: Request) -> str:
    return f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}"


# The instant of the request: the same for everything that the request does.
Now = Annotated[int, Depends(settle)]
# The scheme and host that the client uses for the server.
Origin = Annotated[str, Depends(_origin)]
