"""Loads the scenario of the server again when one of its files has changed.

The files are looked at twice a second, not watched by the operating system, because changes in mounted folders of
containers are not always reported. A change counts when two looks in a row see the same files: an editor may be in the
middle of writing.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from mockserver.clock import pause, wall_ms
from mockserver.core.compile import Program
from mockserver.core.journal import JournalEntry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.sandboxes import Sandboxes
from mockserver.scenario.folder import version_of
from mockserver.scenario.library import Library
from mockserver.source.document import SourceError, SourceErrors

# Seconds between two looks.
_INTERVAL = 0.25

Report = Callable[[Iterable[str]], None]


class ScenarioWatch:
    """Watches the files of the scenario `reference`: its own, and those of the scenarios that it extends.

    A changed scenario replaces the old one in all sandboxes that use it, and in those that are created later. A
    sandbox that was switched to another scenario keeps that one. While a file has mistakes, the last scenario without
    mistakes stays in use, and `errors` has the mistakes. `loaded_at` is when the scenario was loaded, in milliseconds.
    """

    def __init__(self, reference: str, library: Library, sandboxes: Sandboxes) -> None:
        self._reference = reference
        self._library = library
        self._sandboxes = sandboxes
        self._task: asyncio.Task[None] | None = None
        self._report: Report = lambda lines: None
        self.files: tuple[Path, ...] = library.files_of(reference)
        self.errors: tuple[SourceError, ...] = ()
        self.loaded_at = wall_ms()
        self._versions = self._changing = self._current_versions()

    @property
    def file(self) -> Path:
        """The file of the scenario itself."""
        return self.files[0]

    def start(self, report: Report) -> None:
        """Look at the files from now on. `report` gets the lines for the user."""
        self._report = report
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop to look at the files."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await pause(_INTERVAL)
            await self.check()

    async def check(self) -> bool:
        """Look at the files, and load the scenario if they have changed. Return whether it was loaded or tried."""
        versions = self._current_versions()
        is_stable, self._changing = versions == self._changing, versions
        if versions == self._versions or not is_stable:
            return False
        self._versions = versions
        await self._load()
        return True

    def _current_versions(self) -> tuple[object, ...]:
        return tuple(map(version_of, self.files))

    async def _load(self) -> None:
        try:
            program = await asyncio.to_thread(self._library.program_typed, self._reference)
        except (SourceErrors, LookupError) as error:
            await self._keep(_errors_of(error, self.file))
        else:
            await self._use(program)
        # The scenario may extend others than before. With mistakes in it, some of these may not be found.
        files = await asyncio.to_thread(self._files)
        if set(files) != set(self.files):
            self.files = files
            self._versions = self._changing = self._current_versions()

    def _files(self) -> tuple[Path, ...]:
        with suppress(LookupError):
            files = self._library.files_of(self._reference)
            return (*files, *(each for each in self.files if each not in files)) if self.errors else files
        return self.files

    async def _keep(self, errors: tuple[SourceError, ...]) -> None:
        """Keep the last scenario without mistakes, and report the mistakes."""
        self.errors = errors
        self._report([*map(str, errors), f"{self.file} was not loaded; the scenario before the change stays in use"])
        note = f"{self.file} was changed and not loaded: {errors[0]}"
        for sandbox in self._users():
            await sandbox.store.append(JournalEntry("control", sandbox.clock.now(), note=note))

    async def _use(self, program: Program) -> None:
        """Use a scenario in the sandboxes that used it before it was changed."""
        users, before = self._users(), self._sandboxes.initial
        self.errors, self.loaded_at = (), wall_ms()
        self._sandboxes.change_initial(program)
        program = self._sandboxes.initial
        for sandbox in users:
            if not await self._sandboxes.follows(sandbox, program):
                await sandbox.switch_scenario(program)
        others = len(self._sandboxes.by_name) - len(users)
        elsewhere = f"; {others} sandboxes use other scenarios" if others > 1 else ""
        elsewhere = "; 1 sandbox uses another scenario" if others == 1 else elsewhere
        renamed = f" as {program.name}" if program.name != before.name else ""
        self._report([f"{self.file} was loaded again{renamed}{elsewhere}"])

    def _users(self) -> list[Sandbox]:
        initial = self._sandboxes.initial
        return [each for each in self._sandboxes.by_name.values() if each.program is initial]


def _errors_of(error: SourceErrors | LookupError, file: Path) -> tuple[SourceError, ...]:
    if isinstance(error, SourceErrors):
        return tuple(error.errors)
    return (SourceError(str(file), None, str(error.args[0])),)
