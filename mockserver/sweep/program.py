"""A program of any language as a suite of one test. It is run with its providers' hosts redirected to a sandbox."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.kit.provider import Provider
from mockserver.sweep.calls import Injection
from mockserver.sweep.judging import Outcome
from mockserver.sweep.observing import Observation

if TYPE_CHECKING:
    from mockserver.testing.handle import MockServer
    from mockserver.testing.host import Host
    from mockserver.testing.time import Mode

NAME = "program"
_TAIL = 200


class Program:
    """Runs a command once for each run, each time in a new sandbox of one server.

    The command finds the sandbox at the providers' own hosts, and by the variables of `MockServer.env`. `timeout` is
    in seconds; None stands for twenty times the first run, and at least ten seconds.
    """

    reports_errors = True

    def __init__(
        self, host: "Host", command: Sequence[str], scenario: str | None, clock: "Mode", timeout: float | None
    ) -> None:
        self._host = host
        self._command = list(command)
        self._scenario = scenario
        self._clock = clock
        self._timeout = timeout
        self._first: float | None = None
        self.providers: Sequence[Provider] = host.providers

    def run(self, tests: Collection[str] | None, injection: Injection | None) -> Mapping[str, Outcome]:
        """Run the program once."""
        from mockserver.testing.handle import MockServer

        with MockServer.within(self._host, "sweep", self._scenario, None, self._clock, Path.cwd()) as handle:
            observation = Observation(handle, injection)
            problem = self._execute(handle)
            seen = observation.end()
        return {NAME: seen._replace(passed=problem is None, message=problem or "")}

    def _execute(self, handle: "MockServer") -> str | None:
        """Run the program, and return why it failed; None if it did not."""
        from mockserver.clock import monotonic
        from mockserver.testing.errors import MockServerError

        began = monotonic()
        timeout = self._timeout or (300.0 if self._first is None else max(10.0, 20 * self._first))
        environment = {**os.environ, **handle.env(), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            with handle.intercept() as interception:
                done = interception.run(self._command, timeout=timeout, env=environment)
        except MockServerError as error:
            return str(error)[:_TAIL]
        finally:
            self._first = self._first or monotonic() - began
        if done.returncode == 0:
            return None
        return f"exit code {done.returncode}{_reason(done.stderr or done.stdout)}"


def _reason(output: str) -> str:
    """Return the last line that mentions an error, or the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return f": {(errors or lines)[-1][:_TAIL]}" if lines else ""
