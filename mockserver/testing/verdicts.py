"""The verdict on a pytest run: one part for each test, collected from all workers, reported at the end.

Imported only if it is asked for.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mockserver.core.verdict.finding import SEVERITIES, Severity
from mockserver.core.verdict.policy import Policy
from mockserver.testing.expected import part_of
from mockserver.testing.history import History
from mockserver.verdict.configured import InvalidConfiguration, configured
from mockserver.verdict.formats import FORMATS, Format, rendered
from mockserver.verdict.parts import Part, findings_of, observed, summary

# The key under which a worker of pytest-xdist sends its parts to the main process.
_OUTPUT = "mockserver_verdict"
_NEVER = "never"

# A format, and the file to write; None for the terminal.
Output = tuple[Format, Path | None]


class VerdictPlugin:
    """The pytest plugin that reports the verdict on each test of a run."""

    def __init__(self, config: pytest.Config, outputs: Sequence[Output], fail_on: Severity | None) -> None:
        self._config = config
        self._outputs = outputs
        self._fail_on = fail_on
        self._parts: list[Part] = []
        self._lines: list[str] = []
        self._failures: list[str] = []

    @classmethod
    def of(cls, config: pytest.Config, outputs: Sequence[str], fail_on: str | None) -> "VerdictPlugin":
        """Return the plugin for these settings of a run. Raises UsageError for a wrong setting."""
        directory = config.invocation_params.dir
        try:
            project = configured(config.rootpath)
        except InvalidConfiguration as error:
            raise pytest.UsageError(f"mockserver: {error}") from None
        return cls(config, [_output(text, directory) for text in outputs], _severity(fail_on or project.fail_on))

    def judge(self, name: str, handle: History) -> None:
        """Judge the client by a sandbox, before it is deleted. `name` is the id of the test."""
        part = part_of(name, handle.hosted, handle.verdict())
        if part.observed:
            self._parts.append(part)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add the parts of a worker that has ended. A worker that crashed has none."""
        parts = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if parts is not None:
            self._parts += [Part(name, each) for name, each in json.loads(parts)]

    # Last, because other plugins close fixtures when a run is interrupted.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the parts to the main process, if this is a worker. Otherwise write the report, and fail the run."""
        if session.config.option.collectonly:
            return
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = json.dumps(self._parts)
            return
        self._parts.sort(key=lambda part: part.name)
        self._finish()
        if self._failures and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _finish(self) -> None:
        for form, path in self._outputs:
            if path is None:
                text = _in_terminal(form, self._parts)
                self._lines.append(text.rstrip("\n"))
            else:
                self._write(path, rendered(form, self._parts, self._fail_on or "note"))
        if not observed(self._parts):
            self._failures.append("verdict: nothing was observed: no test sent a request to a provider")
        elif self._fail_on is not None:
            failing = sum(1 for _ in findings_of(self._parts, self._fail_on))
            if failing:
                found = "1 finding" if failing == 1 else f"{failing} findings"
                self._failures.append(f"verdict: {found} of severity {self._fail_on} or above")

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            self._failures.append(f"verdict: cannot write {path}: {error.strerror}")
        else:
            self._lines.append(f"verdict written to {path}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the report and the failures."""
        if self._lines or self._failures:
            terminalreporter.section("mockserver verdict")
        for text in self._lines:
            terminalreporter.write_line(text)
        for text in self._failures:
            terminalreporter.write_line(f"FAIL {text}", red=True, bold=True)


def _in_terminal(form: Format, parts: Sequence[Part]) -> str:
    if form != "text":
        return rendered(form, parts, "note")
    from mockserver.verdict import text

    return text.text(parts, named=True) if parts else summary(parts)


def policy_in(directory: Path) -> Policy:
    """Return the policy in the `pyproject.toml` of a directory. Fails the test if it has mistakes."""
    try:
        return configured(directory).policy()
    except InvalidConfiguration as error:
        pytest.fail(f"mockserver: {error}", pytrace=False)


def _output(text: str, directory: Path) -> Output:
    name, _, path = text.partition(":")
    form = next((f for f in FORMATS if f == name), None)
    if form is None or (not path and form != "text"):
        forms = ", ".join(f if f == "text" else f"{f}:PATH" for f in FORMATS)
        raise pytest.UsageError(
            f"mockserver: --mockserver-verdict must be one of {forms}, not {text!r}. Before a path of tests, write "
            "--mockserver-verdict=text"
        )
    return form, directory / path if path else None


def _severity(text: str | None) -> Severity | None:
    if text == _NEVER:
        return None
    severity = next((each for each in SEVERITIES if each == text), None)
    if text and severity is None:
        options = ", ".join((*SEVERITIES, _NEVER))
        raise pytest.UsageError(f"mockserver: --mockserver-verdict-fail-on must be one of {options}, not {text!r}")
    return severity or "error"
