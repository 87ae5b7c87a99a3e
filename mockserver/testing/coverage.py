"""Coverage of a pytest run: collected from all workers, reported at the end, and compared with a threshold.

Imported only if coverage is requested. All requests to the server of the fixtures count, from any test.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.coverage import saved
from mockserver.coverage.formats import FORMATS, Format, rendered, verdict
from mockserver.coverage.report import Report

if TYPE_CHECKING:
    from mockserver.testing.host import Host

# The key under which a worker of pytest-xdist sends its report to the main process.
_OUTPUT = "mockserver_coverage"

# A format, and the file to write; None for the terminal.
Output = tuple[Format, Path | None]


class CoveragePlugin:
    """The pytest plugin that reports the coverage of a run."""

    def __init__(self, config: pytest.Config, outputs: Sequence[Output], fail_under: float | None) -> None:
        self._config = config
        self._outputs = outputs
        self._fail_under = fail_under
        self._reports: list[Report] = []
        self._lines: list[str] = []
        self._failures: list[str] = []

    @classmethod
    def of(cls, config: pytest.Config, outputs: Sequence[str], fail_under: str | None) -> "CoveragePlugin":
        """Return the plugin for these settings of a run. Raises UsageError for a wrong setting."""
        directory = config.invocation_params.dir
        parsed = [_output(text, directory) for text in outputs]
        return cls(config, parsed, _percent(fail_under) if fail_under else None)

    def add_server(self, host: "Host") -> None:
        """Add the requests that a server got. Call it before the server closes."""
        self._reports.append(host.coverage())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add the report of a worker that has ended. A worker that crashed has no report."""
        report = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if report is not None:
            self._reports.append(saved.parsed(report.encode()))

    # Last, because other plugins close fixtures, and so the server, when a run is interrupted.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the report to the main process, if this is a worker. Otherwise write it, and check the threshold."""
        if session.config.option.collectonly:
            return
        report = Report.merged(self._reports)
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = saved.text(report)
            return
        self._finish(report.of())
        if self._failures and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _finish(self, report: Report) -> None:
        providers = ", ".join(part.provider for part in report.parts) or "no provider, because none was called"
        score = report.score
        self._lines = [f"coverage: {score.percent}%, {score.met} of {score.total} behaviours of {providers}"]
        for form, path in self._outputs:
            text = rendered(form, report, self._fail_under)
            if path is None:
                self._lines.insert(0, text)
            else:
                self._write(path, text)
        failure = None if self._fail_under is None else verdict(report, self._fail_under)
        if failure is not None:
            self._failures.append(failure)

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            self._failures.append(f"coverage: cannot write {path}: {error.strerror}")
        else:
            self._lines.append(f"coverage written to {path}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the report and the failures."""
        if self._lines:
            terminalreporter.section("mockserver coverage")
        for text in self._lines:
            terminalreporter.write_line(text)
        for text in self._failures:
            terminalreporter.write_line(f"FAIL {text}", red=True, bold=True)


def _output(text: str, directory: Path) -> Output:
    name, _, path = text.partition(":")
    form = next((f for f in FORMATS if f == name), None)
    if form is None or (not path and form != "table"):
        forms = ", ".join(f if f == "table" else f"{f}:PATH" for f in FORMATS)
        raise pytest.UsageError(
            f"mockserver: --mockserver-coverage must be one of {forms}, not {text!r}. Before a path of tests, write "
            "--mockserver-coverage=table"
        )
    return form, directory / path if path else None


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 100:
        option = "--mockserver-coverage-fail-under"
        raise pytest.UsageError(f"mockserver: {option} must be a percentage from 0 to 100, not {text!r}")
    return value
