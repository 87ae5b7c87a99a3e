"""The formats of a coverage report. Each has its own module, which is imported when it is needed."""

from typing import Literal

from mockserver.coverage.report import Report

Format = Literal["table", "json", "junit", "html"]
# How many missing behaviours a message lists.
_MAX_LISTED = 10
FORMATS: tuple[Format, ...] = ("table", "json", "junit", "html")


def rendered(form: Format, report: Report, fail_under: float | None = None) -> str:
    """Return the report in a format. JUnit and HTML also show whether the threshold was reached, if there is one."""
    if form == "json":
        from mockserver.coverage import saved

        return saved.text(report)
    if form == "junit":
        from mockserver.coverage import junit

        return junit.text(report, fail_under)
    if form == "html":
        from mockserver.coverage import html

        return html.text(report, fail_under)
    from mockserver.coverage import table

    return table.text(report)


def verdict(report: Report, fail_under: float) -> str | None:
    """Return None if the coverage is at least `fail_under` per cent, otherwise a message with what is missing."""
    if not report.score.below(fail_under):
        return None
    if not report.parts:
        return f"coverage: {fail_under:g}% is required, but no provider was called"
    if not report.score.total:
        return f"coverage: {fail_under:g}% is required, but there is nothing to cover"
    missed = report.missed
    more = f" and {len(missed) - _MAX_LISTED} more" if len(missed) > _MAX_LISTED else ""
    names = ", ".join(missed[:_MAX_LISTED]) + more
    return f"coverage: {report.percent}% is less than the required {fail_under:g}%; not covered: {names}"
