"""The forms that a report comes in. Each is made by a module of its own, which is imported when it is asked for."""

from typing import Literal

from mockserver.coverage.report import Report

Format = Literal["table", "json", "junit", "html"]
# How much of what is missing a message names.
_NAMED = 10
FORMATS: tuple[Format, ...] = ("table", "json", "junit", "html")


def rendered(form: Format, report: Report, fail_under: float | None = None) -> str:
    """The report in a form; JUnit's and the page tell whether the threshold was reached, if there is one."""
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
    """What is wrong when less was met than asked for, with what is missing; None when it was enough."""
    if not report.score.below(fail_under):
        return None
    if not report.parts:
        return f"coverage: {fail_under:g}% was asked for, and no provider was called"
    if not report.score.total:
        return f"coverage: {fail_under:g}% was asked for, and there is nothing to meet"
    missed = report.missed
    named = ", ".join(missed[:_NAMED]) + (f" and {len(missed) - _NAMED} more" if len(missed) > _NAMED else "")
    return f"coverage: {report.percent}% is less than {fail_under:g}%; never seen: {named}"
