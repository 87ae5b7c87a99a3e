"""The scenarios of sandboxes that several processes share. Each is kept once, with everything that it extends."""

from mockserver.core.compile import Program
from mockserver.sandbox.programs import Compile, Programs, source_of
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.valkey.process import ValkeyProcess


class SharedScenarios:
    """Keeps scenarios for other processes, and compiles theirs. `compiled` compiles the data of a scenario."""

    def __init__(self, process: ValkeyProcess, compiled: Compile) -> None:
        self._process = process
        self._programs = Programs(compiled)
        # The digests of those that are kept.
        self._saved: set[str] = set()

    async def keep(self, program: Program) -> None:
        """Keep a scenario, so that every process can compile it. Raises Unavailable."""
        digest = self._programs.digest(program)
        # A server that keeps nothing on disk may have lost it.
        if digest not in self._saved or not await self._process.has("scenarios", digest):
            await self._process.put("scenarios", digest, source_of(program))
            self._saved.add(digest)

    async def keep_all(self, sandbox: Sandbox) -> None:
        """Keep the scenario of a sandbox, and those before it, unless they are kept already."""
        while missing := [each for each in sandbox.programs.values() if self._programs.digest(each) not in self._saved]:
            await self.keep(missing[0])

    async def program(self, digest: str) -> Program:
        """Return the scenario with this digest. Raises Unavailable, and LookupError if the server has lost it."""
        program = self._programs.get(digest)
        if program is None:
            source = await self._process.get("scenarios", digest)
            if source is None:
                raise LookupError(f"the scenario {digest[:8]} is not in {self._process.valkey.url}")
            program = self._programs.compile(digest, source)
            self._saved.add(digest)
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
