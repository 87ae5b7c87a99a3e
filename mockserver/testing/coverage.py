"""Coverage in a run of pytest: gathered from every worker, told at the end, and held to a threshold.

Imported only by a run that asks for it. What counts is what the fixtures' server was asked, whichever test asked.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.coverage import saved
from mockserver.coverage.formats import FORMATS, Format, rendered, verdict
from mockserver.coverage.report import Report
from mockserver.coverage.tally import Tally

if TYPE_CHECKING:
    from mockserver.testing.host import Host

# Where a worker of pytest-xdist leaves its report for the process that started it.
_OUTPUT = "mockserver_coverage"

Asked = tuple[Format, Path | None]


class Coverage:
    """The coverage of one run, as a plugin of it."""

    def __init__(self, config: pytest.Config, asked: Sequence[Asked], fail_under: float | None) -> None:
        self._config = config
        self._asked = asked
        self._fail_under = fail_under
        self._reports: list[Report] = []
        self._told: list[str] = []
        self._wrong: list[str] = []

    @classmethod
    def of(cls, config: pytest.Config, forms: Sequence[str], fail_under: str | None) -> "Coverage":
        """The coverage that the settings of a run ask for. Raises UsageError for what cannot be used."""
        here = config.invocation_params.dir
        return cls(config, [_form(text, here) for text in forms], _percent(fail_under) if fail_under else None)

    def take(self, host: "Host") -> None:
        """Count in what a server was asked, before it ends."""
        from mockserver.kit.ledger import ledger

        tally = host.run(_tally(host))
        self._reports.append(Report.from_tally([p.name for p in host.providers], ledger(host.providers).rows, tally))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended: take what it left. One that crashed has left nothing."""
        left = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if left is not None:
            self._reports.append(saved.parsed(left.encode()))

    # Last of all, for others end what is still open when a run breaks off, the server among it.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand the report on, in a worker; else write it, and fail the run below the threshold."""
        if session.config.option.collectonly:
            return
        report = Report.merged(self._reports)
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = saved.text(report)
            return
        self._finish(report.of())
        if self._wrong and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _finish(self, report: Report) -> None:
        providers = ", ".join(part.provider for part in report.parts) or "no provider, for none was called"
        score = report.score
        self._told = [f"coverage: {score.percent}%, {score.met} of {score.total} behaviours of {providers}"]
        for form, path in self._asked:
            text = rendered(form, report, self._fail_under)
            if path is None:
                self._told.insert(0, text)
            else:
                self._write(path, text)
        wrong = None if self._fail_under is None else verdict(report, self._fail_under)
        if wrong is not None:
            self._wrong.append(wrong)

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            self._wrong.append(f"coverage: {path}: {error.strerror}")
        else:
            self._told.append(f"coverage written to {path}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it."""
        if self._told:
            terminalreporter.section("mockserver coverage")
        for text in self._told:
            terminalreporter.write_line(text)
        for text in self._wrong:
            terminalreporter.write_line(f"FAIL {text}", red=True, bold=True)


async def _tally(host: "Host") -> Tally:
    return host.app.sandboxes.tally()


def _form(text: str, here: Path) -> Asked:
    name, _, path = text.partition(":")
    form = next((f for f in FORMATS if f == name), None)
    if form is None or (not path and form != "table"):
        forms = ", ".join(f if f == "table" else f"{f}:PATH" for f in FORMATS)
        raise pytest.UsageError(
            f"mockserver: the form of the coverage must be one of {forms}, not {text!r}; before a path of tests, write "
            "--mockserver-coverage=table"
        )
    return form, here / path if path else None


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 100:
        raise pytest.UsageError(f"mockserver: the least coverage must be a percentage from 0 to 100, not {text!r}")
    return value
