"""Interception in tests: unmodified programs, which call the providers' own hosts, reach the sandbox of a test."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mockserver.testing.errors import MockServerError
from mockserver.testing.hosted_sandbox import HostedSandbox

if TYPE_CHECKING:
    from mockserver.intercept.interceptor import Interceptor

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True

# The default arguments of `subprocess.run`. Output that is not valid text is kept too.
_DEFAULTS = {"check": False, "capture_output": True, "text": True, "errors": "replace"}


class Interception:
    """A proxy that passes the requests of programs to one sandbox, and the environment variables of those programs.

    It closes with its handle, or at the end of a `with` block. `mockserver exec` does the same on the command line.
    """

    def __init__(self, hosted: HostedSandbox, *, allow_external: bool = False) -> None:
        # Imported here, because most tests do not need it.
        from mockserver.intercept.interceptor import Interceptor

        self._hosted = hosted
        self._notices: list[str] = []
        self._interceptor = Interceptor(
            hosted.host.socket_server.server,
            allow_external=allow_external,
            sandbox=hosted.sandbox.name,
            notify=self._notices.append,
        )
        self._open = True
        hosted.run(self._start())

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
        """The URL of the proxy and of the sandbox. The control API is below `/_mock`."""
        return self._started().url

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the complete environment for a program: `base` (default: of this process) with `variables`."""
        base = dict(os.environ if base is None else base)
        return {**base, **self.variables(base)}

    def variables(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return only the variables that make programs use the sandbox. They keep the values of `base` where needed.

        You can set them in this process (`monkeypatch.setenv`). They then apply to clients that read the environment
        for each call, or are created afterwards.
        """
        return self._started().environment(os.environ if base is None else base)

    def run(
        self, command: Sequence[str | os.PathLike[str]], *, timeout: float = 30.0, **more: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end. Returns its exit code, and its output as text.

        `timeout` is in seconds of real time, and `more` are arguments of `subprocess.run`; the variables of `env` are
        added to those of this process. Raises MockServerError if the program cannot be run or times out.
        """
        self._hosted.run(_not_on_server_loop())
        environment = self.environment({**os.environ, **(more.pop("env", None) or {})})
        options = {**_DEFAULTS, **more, "env": environment, "timeout": timeout}
        name = _name(command)
        try:
            return subprocess.run(command, **options)  # noqa: PLW1510, S603 - options has `check`; tests choose programs
        except OSError as error:
            # It may be the working directory that does not exist.
            file = "" if error.filename in (None, name) else f"{error.filename}: "
            raise MockServerError(f"cannot run {name}: {file}{error.strerror or error}") from None
        except subprocess.TimeoutExpired as expired:
            raise MockServerError(f"{name} did not finish within {timeout:g} s{_output(expired)}") from None

    @property
    def refused(self) -> Mapping[str, int]:
        """How often the proxy refused each other host (`example.com:443`)."""
        return self._interceptor.refused

    @property
    def notices(self) -> Sequence[str]:
        """Messages about refused hosts, and about programs that did not accept the certificate, each once."""
        return tuple(self._notices)

    def close(self) -> None:
        """Stop intercepting. A second call does nothing."""
        if self._open:
            self._open = False
            self._hosted.host.call_router.remove_own_ports(*self._interceptor.ports)
            self._hosted.run(self._interceptor.close())

    async def _start(self) -> None:
        try:
            await self._interceptor.start()
        except BaseException as error:
            await self._interceptor.close()
            if isinstance(error, OSError):
                raise MockServerError(f"cannot intercept programs: {error}") from None
            raise
        self._hosted.host.call_router.add_own_ports(*self._interceptor.ports)

    def _started(self) -> "Interceptor":
        if not self._open:
            raise MockServerError("this interception is closed: it closes with its `with` block or its mockserver")
        return self._interceptor


async def _not_on_server_loop() -> None:
    """Do nothing. Running it fails on the server's own loop, which could not answer the program while it waits."""


def _name(command: Sequence[str | os.PathLike[str]]) -> str:
    if not command:
        raise MockServerError("there is no program to run: the command is empty")
    return command if isinstance(command, str) else os.fspath(command[0])


def _output(expired: subprocess.TimeoutExpired) -> str:
    # subprocess documents that the output may be bytes although text was requested.
    parts: tuple[Any, ...] = (expired.stdout, expired.stderr)
    text = "".join(part.decode("utf-8", "replace") if isinstance(part, bytes) else part or "" for part in parts)
    return f"; its output: {text.strip()}" if text.strip() else ""
