"""The scenarios of sandboxes that several processes share. Each is kept once, with everything that it extends.

A scenario expires some days after it was kept or renewed (`renew`), so those of deleted sandboxes do not pile up.
"""

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from mockserver.core.compile import Program
from mockserver.sandbox.programs import Compile, Programs, source_of
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.valkey.process import ValkeyProcess


class SharedScenarios:
    """Keeps scenarios for other processes, and compiles theirs. `compiled` compiles the data of a scenario."""

    def __init__(self, process: ValkeyProcess, compiled: Compile) -> None:
        self._process = process
        self._programs = Programs(compiled)
        # The digests of those that are kept for each sandbox.
        self._kept: WeakKeyDictionary[Sandbox, set[str]] = WeakKeyDictionary()

    async def keep(self, program: Program) -> None:
        """Keep a scenario, so that every process can compile it. Raises Unavailable."""
        key = _key(self._programs.digest(program))
        if not await self._process.renew(key):
            await self._process.put(key, source_of(program))

    async def keep_all(self, sandbox: Sandbox) -> None:
        """Keep the scenario of a sandbox, and those before it, if they have changed. Raises Unavailable."""
        while self._kept.get(sandbox) != (digests := self._digests(sandbox)):
            for program in list(sandbox.programs.values()):
                await self.keep(program)
            self._kept[sandbox] = digests

    def note_kept(self, sandbox: Sandbox) -> None:
        """Note that the scenarios of a sandbox, which another process has changed, are kept."""
        self._kept[sandbox] = self._digests(sandbox)

    def _digests(self, sandbox: Sandbox) -> set[str]:
        return {self._programs.digest(each) for each in sandbox.programs.values()}

    async def renew(self, sandboxes: Iterable[Sandbox]) -> None:
        """Keep the scenarios of these sandboxes for some more days. Raises Unavailable."""
        programs = [program for sandbox in sandboxes for program in sandbox.programs.values()]
        for program in {self._programs.digest(each): each for each in programs}.values():
            await self.keep(program)

    async def program(self, digest: str) -> Program:
        """Return the scenario with this digest. Raises Unavailable, and LookupError if the server has lost it."""
        program = self._programs.get(digest)
        if program is None:
            source = await self._process.get(_key(digest))
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


def _key(digest: str) -> str:
    return f"scenario:{digest}"
