"""The scenarios of sandboxes that several processes share. Each is kept once, with everything that it extends."""

from mockserver.clock import monotonic
from mockserver.core.compile import Program
from mockserver.sandbox.programs import Compile, Programs, source_of
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.valkey.process import ValkeyProcess

# Seconds after which a scenario is put into the server again, where it expires if no process does that.
_RENEWED = 24 * 3_600.0


class SharedScenarios:
    """Keeps scenarios for other processes, and compiles theirs. `compiled` compiles the data of a scenario."""

    def __init__(self, process: ValkeyProcess, compiled: Compile) -> None:
        self._process = process
        self._programs = Programs(compiled)
        # When each was put into the server, by its digest.
        self._saved: dict[str, float] = {}

    async def keep(self, program: Program) -> None:
        """Keep a scenario, so that every process can compile it. Raises Unavailable."""
        # A server that keeps nothing on disk may have lost it.
        if self._is_unsaved(program) or not await self._process.has("scenario", self.digest(program)):
            await self._put(program)

    async def keep_all(self, sandbox: Sandbox) -> None:
        """Keep the scenario of a sandbox, and those before it, unless that was done a short time ago."""
        for program in [each for each in sandbox.programs.values() if self._is_unsaved(each)]:
            await self._put(program)

    async def _put(self, program: Program) -> None:
        digest = self.digest(program)
        await self._process.put("scenario", digest, source_of(program))
        self._saved[digest] = monotonic()

    def _is_unsaved(self, program: Program) -> bool:
        saved_at = self._saved.get(self.digest(program))
        return saved_at is None or monotonic() - saved_at > _RENEWED

    async def program(self, digest: str) -> Program:
        """Return the scenario with this digest. Raises Unavailable, and LookupError if the server has lost it."""
        program = self._programs.get(digest)
        if program is None:
            source = await self._process.get("scenario", digest)
            if source is None:
                raise LookupError(f"the scenario {digest[:8]} is not in {self._process.valkey.url}")
            program = self._programs.compile(digest, source)
        return program

    def digest(self, program: Program) -> str:
        """Return the digest of a scenario."""
        return self._programs.digest(program)

    def known(self, program: Program) -> Program:
        """Return the program of the same scenario that this process knows already, if there is one."""
        return self._programs.get(self._programs.digest(program)) or program

    def is_same(self, one: Program, other: Program) -> bool:
        """Return whether two programs are of the same scenario."""
        return self._programs.digest(one) == self._programs.digest(other)
