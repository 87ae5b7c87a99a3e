"""Does the changes through the control API again that a bundle has recorded. This module does not import FastAPI."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from mockserver.control import actions
from mockserver.control.errors import ControlError
from mockserver.control.models import AccountChange, ArmedFault, JobChange, Reset
from mockserver.core.compile import Catalogue, Program
from mockserver.core.journal import JournalEntry
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.protocol import What

_Redo = Callable[[Sandbox, JournalEntry, Mapping[str, Any]], Awaitable[None]]


class Redo:
    """Does a recorded change again. `programs` are the scenarios of the bundle by the number of their activation."""

    def __init__(
        self, programs: Mapping[int, Program], providers: Mapping[str, Provider], catalogue: Catalogue
    ) -> None:
        self._programs = programs
        self._providers = providers
        self._catalogue = catalogue
        self._ways: Mapping[str, _Redo] = {
            "scenario": self._scenario,
            "account": self._account,
            "job": self._job,
            "fault": self._fault,
            "replay": self._replay,
            "reset": self._reset,
            "resume": self._resume,
        }

    async def __call__(self, sandbox: Sandbox, entry: JournalEntry) -> str | None:
        """Do the change again. Return why it cannot be done, or None."""
        action = entry.action or {}
        do = self._ways.get(str(action.get("do")))
        if do is None:
            return f"this mockserver does not know the change {action.get('do')!r}"
        try:
            await do(sandbox, entry, action)
        except ControlError as error:
            return error.detail
        except ValidationError as error:
            return f"the recorded change is not valid: {error.errors(include_url=False)[0]['msg']}"
        except (LookupError, TypeError) as error:
            return f"the recorded change is not complete: {error}"
        return None

    async def _scenario(self, sandbox: Sandbox, entry: JournalEntry, action: Mapping[str, Any]) -> None:
        program = self._programs.get(action["activation"])
        if program is None:
            raise ControlError(404, "its scenario is not in the bundle, which has only the latest ones")
        await sandbox.switch_scenario(program)

    async def _account(self, sandbox: Sandbox, entry: JournalEntry, action: Mapping[str, Any]) -> None:
        change = AccountChange.model_validate(action["change"], strict=False)
        actions.check_account(change, self._catalogue)
        provider, _, key = (entry.account or "").partition(":")
        await actions.change_account(sandbox, [self._providers[provider]], key, change, sandbox.clock.now())

    async def _job(self, sandbox: Sandbox, entry: JournalEntry, action: Mapping[str, Any]) -> None:
        job = await actions.find_job(sandbox, entry.job or "", entry.provider)
        change = JobChange.model_validate(action["change"], strict=False)
        await actions.change_job(sandbox, job, change, sandbox.clock.now())

    async def _fault(self, sandbox: Sandbox, entry: JournalEntry, action: Mapping[str, Any]) -> None:
        await actions.arm_fault(sandbox, ArmedFault.model_validate(action["armed"], strict=False), self._catalogue)

    async def _replay(self, sandbox: Sandbox, entry: JournalEntry, action: Mapping[str, Any]) -> None:
        await actions.replay_delivery(sandbox, action["delivery"], action.get("url"), sandbox.clock.now())

    async def _reset(self, sandbox: Sandbox, entry: JournalEntry, action: Mapping[str, Any]) -> None:
        what = Reset.model_validate({"what": action["what"]}).what
        if what not in (*get_args(What), "credits"):
            raise ControlError(422, f"a sandbox has no {what} to clear")
        await sandbox.reset(what)

    async def _resume(self, sandbox: Sandbox, entry: JournalEntry, action: Mapping[str, Any]) -> None:
        await actions.resume_faults(sandbox)
