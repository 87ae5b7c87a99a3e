"""The report of a sweep: a matrix of calls and faults, and its formats."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from mockserver.core.xml_text import attribute, content
from mockserver.coverage.html_page import page
from mockserver.sweep.judging import RED, STATUSES, Result
from mockserver.sweep.plan import WITHOUT_FAULTS
from mockserver.sweep.state import Saved

MARKS = {"survived": "ok", "failed": "FAIL", "money lost": "LOST", "unknown": "?"}
# A cell that an equivalent one stands for, one that was not run, and one that cannot happen.
_LIKE, _NOT_RUN, _NONE = "=", "-", ""
_LEGEND = "ok: survived; FAIL: failed; LOST: money lost; ?: unknown; =: an equivalent call stands for it; -: not run"
_STYLE = """
.ok { color: var(--good); } .FAIL { color: #b7791f; font-weight: 600; } .LOST { color: var(--bad); font-weight: 700; }
.unknown { color: var(--dim); } .matrix td, .matrix th { white-space: nowrap; }
"""


class Report(NamedTuple):
    """A sweep that can be reported: the command, its plan and results, and options that change its results."""

    command: Sequence[str]
    saved: Saved
    options: Sequence[str] = ()

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells of the plan."""
        found: list[dict[str, Any]] = self.saved.plan.get("cells", [])
        return found

    @property
    def results(self) -> list[Result]:
        """The results of the cells of the plan, in the order of the plan."""
        return [self.saved.results[cell["id"]] for cell in self.cells if cell["id"] in self.saved.results]

    @property
    def red(self) -> list[Result]:
        """The results that are failures, lost money first."""
        return sorted((r for r in self.results if r.status in RED), key=lambda r: STATUSES.index(r.status))

    def reproduction(self, cell: str) -> str:
        """Return the command that runs one cell again."""
        return f"mockserver sweep {shlex.join([*self.options, '--only', cell, '--', *self.command])}"

    def mark(self, call: str, fault: str) -> str:
        """Return the mark of a cell of the matrix."""
        for cell in self.cells:
            if (cell["call"], cell["fault"]) == (call, fault):
                result = self.saved.results.get(cell["like"] or cell["id"])
                if cell["like"]:
                    return _LIKE
                return MARKS[result.status] if result is not None else _NOT_RUN
        return _NONE

    @property
    def calls(self) -> list[str]:
        """The calls with a cell that is run, those of the most important operations first."""
        return list(dict.fromkeys(cell["call"] for cell in self.cells if not cell["like"]))

    @property
    def faults(self) -> list[str]:
        """The faults of those cells."""
        return list(dict.fromkeys(cell["fault"] for cell in self.cells if not cell["like"]))

    @property
    def summary(self) -> str:
        """One line with the number of cells of each status."""
        counts = Counter(result.status for result in self.results)
        parts = [f"{counts[status]} {status}" for status in STATUSES if counts[status] or status == "survived"]
        planned = sum(not cell["like"] for cell in self.cells)
        missing = planned - len(self.results)
        return ", ".join(parts) + (f", {missing} not run" if missing else "")


def text(report: Report) -> str:
    """Return the report for a terminal: a matrix for each operation, and each red cell with its reasons."""
    lines = [f"Sweep of: {shlex.join(report.command)}", ""]
    operations: dict[str, list[str]] = {}
    for call in report.calls:
        operations.setdefault(re.split("[@#]", call)[0], []).append(call)
    for operation, calls in operations.items():
        lines += [*_matrix(report, operation, calls), ""]
    lines += [
        _LEGEND,
        "",
    ]
    for result in [*report.red, *(r for r in report.results if r.status == "unknown")]:
        lines += [f"{result.status}: {result.cell}", *(f"    {reason}" for reason in result.reasons)]
        lines += [f"    repeat: {report.reproduction(result.cell)}", ""]
    lines.append(report.summary)
    return "\n".join(lines) + "\n"


def _matrix(report: Report, operation: str, calls: Sequence[str]) -> Iterator[str]:
    faults = [fault for fault in report.faults if any(report.mark(call, fault) for call in calls)]
    width = max(len(fault) for fault in faults)
    columns = [max(len(call.removeprefix(operation)), 4) for call in calls]
    titles = "  ".join(call.removeprefix(operation).ljust(n) for call, n in zip(calls, columns, strict=True))
    yield operation
    if titles.strip():
        yield f"  {'':<{width}}  {titles}".rstrip()
    for fault in faults:
        marks = "  ".join(report.mark(call, fault).ljust(n) for call, n in zip(calls, columns, strict=True))
        yield f"  {fault:<{width}}  {marks}".rstrip()


def data(report: Report) -> dict[str, Any]:
    """Return the report as JSON data."""
    return {
        "command": list(report.command),
        "summary": dict(Counter(result.status for result in report.results)),
        "left_out": report.saved.plan.get("left_out", []),
        "tests": report.saved.plan.get("tests", {}),
        "cells": [
            {
                **cell,
                **(result.data() if (result := report.saved.results.get(cell["id"])) is not None else {}),
                "repeat": report.reproduction(cell["id"]),
            }
            for cell in report.cells
        ],
    }


def junit(report: Report) -> str:
    """Return JUnit XML: a test case for each cell that was run. An unknown cell is skipped."""
    results = report.results
    counts = f'tests="{len(results)}" failures="{len(report.red)}" errors="0"'
    skipped = sum(result.status == "unknown" for result in results)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="mockserver sweep" {counts}>']
    lines.append(f'  <testsuite name="sweep" {counts} skipped="{skipped}">')
    for result in results:
        call = result.cell.rpartition("=")[0] or WITHOUT_FAULTS
        names = f"classname={attribute(call)} name={attribute(result.cell)}"
        start = f'    <testcase {names} time="{result.seconds:.3f}"'
        if result.status == "survived":
            lines.append(f"{start}/>")
            continue
        message = attribute(f"{result.status}: {result.reasons[0] if result.reasons else ''}")
        body = content("\n".join((*result.reasons, report.reproduction(result.cell))))
        tag = "skipped" if result.status == "unknown" else "failure"
        lines += [f"{start}>", f"      <{tag} message={message}>{body}</{tag}>", "    </testcase>"]
    return "\n".join([*lines, "  </testsuite>", "</testsuites>"]) + "\n"


def html(report: Report) -> str:
    """Return a page without scripts: the matrix, and the red cells with their reasons."""
    return page(f"Sweep of {escape(shlex.join(report.command))}", _body(report), _STYLE)


def _body(report: Report) -> Iterator[str]:
    yield f"<h1>Sweep of <code>{escape(shlex.join(report.command))}</code></h1>"
    yield f'<p class="lead"><span class="{"bad" if report.red else "good"}">{escape(report.summary)}</span></p>'
    yield '<div class="wide"><table class="matrix">'
    heads = "".join(f'<th scope="col">{escape(fault)}</th>' for fault in report.faults)
    yield f'<thead><tr><th scope="col">call</th>{heads}</tr></thead>'
    yield "<tbody>"
    yield from (_row(report, call) for call in report.calls)
    yield "</tbody></table></div>"
    yield f"<p>{_LEGEND}</p>"
    yield from (_item(report, result) for result in report.red)


def _row(report: Report, call: str) -> str:
    cells = ""
    for fault in report.faults:
        mark = report.mark(call, fault)
        cells += f'<td class="{"unknown" if mark == "?" else mark if mark.isalpha() else ""}">{escape(mark)}</td>'
    return f'<tr><th scope="row"><code>{escape(call)}</code></th>{cells}</tr>'


def _item(report: Report, result: Result) -> str:
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in result.reasons)
    command = escape(report.reproduction(result.cell))
    title = f"<h2>{escape(result.status)}: <code>{escape(result.cell)}</code></h2>"
    return f"{title}<ul>{reasons}</ul><p><code>{command}</code></p>"


def rendered(report: Report, form: str) -> str:
    """Return the report in a format: text, json, junit or html."""
    if form == "json":
        return json.dumps(data(report), indent=2) + "\n"
    return {"junit": junit, "html": html, "text": text}[form](report)
