"""An interception: unmodified programs, which name the providers' own hosts, led to the sandbox of a test."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mockserver.testing.errors import MockServerError
from mockserver.testing.session import World

if TYPE_CHECKING:
    from mockserver.intercept.interceptor import Interceptor

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True

# How a program is run unless the test has it otherwise. What it wrote is shown, also where it is no text.
_ASKED = {"check": False, "capture_output": True, "text": True, "errors": "replace"}


class Interception:
    """The way of programs to one sandbox, for as long as it is open: a proxy, and the variables that lead there.

    It ends with the handle that made it, or with a `with` block of its own. `mockserver exec` does the same for a
    person at a terminal.
    """

    def __init__(self, world: World, *, allow_external: bool = False) -> None:
        # Imported here: tests that intercept nothing need none of it.
        from mockserver.intercept.interceptor import Interceptor

        self._world = world
        self._said: list[str] = []
        self._interceptor = Interceptor(
            world.host.front.server,
            allow_external=allow_external,
            sandbox=world.sandbox.name,
            say=self._said.append,
        )
        self._open = True
        world.run(self._begin())

    def __repr__(self) -> str:
        return f"<interception {self._interceptor.url if self._open else 'closed'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The proxy's address, which answers as the sandbox does too: the control API is at `/_mock` of it."""
        return self._begun().url

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The whole environment of a program: `base` (this process' own as it is now), led to the sandbox."""
        given = dict(os.environ if base is None else base)
        return {**given, **self.variables(given)}

    def variables(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Only those variables that lead here; what `base` has in them is kept within them.

        Set in this process (`monkeypatch.setenv`), they lead clients of this process here that look at them for each
        call or are made after.
        """
        return self._begun().environment(os.environ if base is None else base)

    def run(
        self, command: Sequence[str | os.PathLike[str]], *, timeout: float = 30.0, **more: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end: its exit code, and what it wrote as text.

        `timeout` is in seconds of real time, `more` is for subprocess.run; variables in its `env` are laid over this
        process' own. Raises MockServerError for a program that cannot be run, or is not done in time.
        """
        self._world.run(_elsewhere())
        environment = self.environment({**os.environ, **(more.pop("env", None) or {})})
        told = {**_ASKED, **more, "env": environment, "timeout": timeout}
        name = _name(command)
        try:
            return subprocess.run(command, **told)  # noqa: PLW1510, S603 - `check` is in there; the program is the test's
        except OSError as error:
            # The directory to run in may be what is missing.
            wrong = "" if error.filename in (None, name) else f"{error.filename}: "
            raise MockServerError(f"{name} cannot be run: {wrong}{error.strerror or error}") from None
        except subprocess.TimeoutExpired as late:
            raise MockServerError(f"{name} was not done after {timeout:g} s{_told(late)}") from None

    @property
    def refused(self) -> Mapping[str, int]:
        """How often each other host (`example.com:443`) was refused by the proxy."""
        return self._interceptor.refused

    @property
    def said(self) -> Sequence[str]:
        """What a person should know: each refusal, and each certificate that a program did not accept, once."""
        return tuple(self._said)

    def close(self) -> None:
        """Lead no more programs here. A second time does nothing."""
        if self._open:
            self._open = False
            self._world.host.switchboard.disown(*self._interceptor.ports)
            self._world.run(self._interceptor.close())

    async def _begin(self) -> None:
        try:
            await self._interceptor.start()
        except BaseException as error:
            await self._interceptor.close()
            if isinstance(error, OSError):
                raise MockServerError(f"programs cannot be led here: {error}") from None
            raise
        self._world.host.switchboard.own(*self._interceptor.ports)

    def _begun(self) -> "Interceptor":
        if not self._open:
            raise MockServerError("this interception is over: it ends with its `with` block, or with its mockserver")
        return self._interceptor


async def _elsewhere() -> None:
    """Nothing; but not on the server's own loop, which could not answer the program meanwhile."""


def _name(command: Sequence[str | os.PathLike[str]]) -> str:
    if not command:
        raise MockServerError("there is no program to run: the command is empty")
    return command if isinstance(command, str) else os.fspath(command[0])


def _told(late: subprocess.TimeoutExpired) -> str:
    # Bytes where text was asked for, or text: the documents of subprocess say that it may be either.
    parts: tuple[Any, ...] = (late.stdout, late.stderr)
    wrote = "".join(part.decode("utf-8", "replace") if isinstance(part, bytes) else part or "" for part in parts)
    return f"; it wrote: {wrote.strip()}" if wrote.strip() else ""
