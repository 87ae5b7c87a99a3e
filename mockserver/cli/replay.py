"""Replays a bundle in a server of its own, which has the options of the recorded one and no network."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.bundle.contents import Bundle
    from mockserver.bundle.replaying import Outcome


def replayed(bundle: "Bundle", last: int | None = None) -> "Outcome":
    """Replay a bundle up to the entry with the number `last` (None: all). Raises InvalidBundle."""
    return asyncio.run(replay(bundle, last))


async def replay(bundle: "Bundle", last: int | None = None) -> "Outcome":
    """Replay a bundle like `replayed`, in a loop that runs already."""
    from mockserver.app import create_app
    from mockserver.control.restore import Restorer
    from mockserver.kit.catalogue import catalogue_of
    from mockserver.providers import registry
    from mockserver.scenario.library import Library
    from mockserver.settings import Settings

    options, known = bundle.manifest.options, registry.providers()
    catalogue = catalogue_of(known.summaries)
    server = create_app(Settings(**options.model_dump()))
    # The sandbox has the name of the recorded one, because links contain it. `default` exists already.
    await server.sandboxes.delete(bundle.manifest.sandbox)
    library = Library(catalogue, known.values())
    restorer = Restorer(server.sandboxes, library, known, catalogue, options, server.serve)
    try:
        return (await restorer.restore(bundle, bundle.manifest.sandbox, last)).outcome
    finally:
        await server.close()
