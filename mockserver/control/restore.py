"""Makes a sandbox from a bundle by replaying it. This module does not import FastAPI.

The state of a bundle is not copied: the recorded requests are sent again, so the state is what the server makes of
them. What could not be sent again, and every reply that differs, is reported.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from mockserver import __version__
from mockserver.bundle.contents import Bundle, Options
from mockserver.bundle.invalid import InvalidBundle
from mockserver.bundle.receivers import RecordedReceivers
from mockserver.bundle.replaying import Outcome, Replay, Serve, options_that_differ
from mockserver.control.redo import Redo
from mockserver.core.compile import Catalogue, Program
from mockserver.core.masking import Masking
from mockserver.core.scenario import ClockSpec
from mockserver.kit.credentials import credential_names, credentials_in
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.scenario.library import Library
from mockserver.source.document import SourceErrors


class Restored(NamedTuple):
    """A sandbox that was made from a bundle, and how the replay went."""

    sandbox: Sandbox
    outcome: Outcome


class Restorer(NamedTuple):
    """Makes sandboxes from bundles in one server. `serve` answers a request, and `options` are those of the server."""

    sandboxes: Sandboxes
    library: Library
    providers: Mapping[str, Provider]
    catalogue: Catalogue
    options: Options
    serve: Serve

    async def restore(
        self, bundle: Bundle, name: str, last: int | None = None, clock: ClockSpec | None = None
    ) -> Restored:
        """Create a sandbox and replay a bundle in it, up to the entry with the number `last` (None: all).

        Afterwards the clock stands still, unless `clock` is another mode. Raises InvalidBundle if its scenario has
        mistakes or it has no such entry, TooManySandboxes, and ValueError for a name that is in use.
        """
        if last is not None and all(entry.number != last for entry in bundle.entries):
            raise InvalidBundle(f"its journal has no entry #{last}: {_numbers(bundle)}")
        programs = await asyncio.to_thread(programs_of, bundle, self.library)
        manifest, first = bundle.manifest, programs[min(programs)]
        masking = Masking(credential_names(self.providers.values()), credentials_in(first))
        receivers = RecordedReceivers(bundle.deliveries, masking, self.sandboxes.sender)
        still = ClockSpec(mode="manual")
        sandbox = await self.sandboxes.begin(
            name, first, manifest.seed, still, manifest.generation, bundle.origin, receivers, manifest.clock.began_at
        )
        try:
            redo = Redo(programs, self.providers, self.catalogue)
            replay = Replay(bundle, sandbox, receivers, self.providers, masking, self.serve, redo)
            await replay.run(last)
            version = "" if manifest.written_by == __version__ else manifest.written_by
            outcome = await replay.outcome(options_that_differ(manifest.options, self.options), version)
        except BaseException:
            await self.sandboxes.delete(name)
            raise
        receivers.go_live()
        if clock is not None:
            await sandbox.set_clock(clock)
        return Restored(sandbox, outcome)


def programs_of(bundle: Bundle, library: Library) -> dict[int, Program]:
    """Compile the scenarios of a bundle. Raises InvalidBundle with the first mistake in one."""
    programs = {}
    for number, data in sorted(bundle.scenarios.items()):
        try:
            programs[number] = library.program_of_data({**data, "scenario": data.get("scenario", "bundle")}, "scenario")
        except SourceErrors as errors:
            raise InvalidBundle(f"the scenario in it has a mistake: {errors.lines()[0]}") from None
        except LookupError as error:
            raise InvalidBundle(f"the scenario in it has a mistake: {error.args[0]}") from None
    return programs


def _numbers(bundle: Bundle) -> str:
    numbers = [entry.number for entry in bundle.entries if entry.number]
    return f"it has #{min(numbers)} to #{max(numbers)}" if numbers else "it is empty"
