"""A coverage report as JUnit XML, which CI systems read: a test case for each behaviour.

A behaviour that was not covered is skipped, not failed. The only case that can fail is the threshold, if there is one.
"""

from collections.abc import Iterator

from mockserver.core.xml_text import attribute, content
from mockserver.coverage.report import Behaviour, ProviderCoverage, Report
from mockserver.coverage.tally import NO_OPERATION


def text(report: Report, fail_under: float | None = None) -> str:
    """Return the document. With a threshold, its last test suite passes or fails."""
    tests = report.score.total + (fail_under is not None)
    failures = int(fail_under is not None and report.score.below(fail_under))
    head = f'<testsuites name="mockserver coverage" tests="{tests}" failures="{failures}" errors="0">'
    lines = [line for part in report.parts for line in _suite(part)]
    if fail_under is not None:
        lines += _threshold(report, fail_under)
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *lines, "</testsuites>"]) + "\n"


def _suite(part: ProviderCoverage) -> Iterator[str]:
    name, skipped = attribute(part.provider), len(part.missed)
    yield f'  <testsuite name={name} tests="{part.score.total}" failures="0" errors="0" skipped="{skipped}">'
    yield "    <properties>"
    for label, value in (("met", part.score.met), ("percent", part.score.percent), ("requests", part.called)):
        yield f'      <property name="{label}" value="{value}"/>'
    yield "    </properties>"
    for behaviour in part.behaviours:
        yield from _case(part.provider, behaviour)
    if part.deviations:
        yield f"    <system-out>{content(_deviations(part))}</system-out>"
    yield "  </testsuite>"


def _case(provider: str, behaviour: Behaviour) -> Iterator[str]:
    of = f"<testcase classname={attribute(f'{provider}.{behaviour.kind}')} name={attribute(behaviour.name)}"
    if behaviour.seen:
        yield f"    {of}/>"
        return
    why = f"not covered; the scenario {behaviour.scenario} shows it: {behaviour.what} ({behaviour.basis})"
    yield f"    {of}><skipped message={attribute(why)}/></testcase>"


def _threshold(report: Report, fail_under: float) -> Iterator[str]:
    failed = report.score.below(fail_under)
    yield f'  <testsuite name="threshold" tests="1" failures="{int(failed)}" errors="0" skipped="0">'
    yield f'    <testcase classname="mockserver.coverage" name="at least {fail_under:g}%">'
    if failed:
        yield f"      <failure message={attribute(f'{report.percent}% is less than the required {fail_under:g}%')}/>"
    yield "    </testcase>"
    yield "  </testsuite>"


def _deviations(part: ProviderCoverage) -> str:
    lines = []
    for (operation, what), times in part.deviations.items():
        name = part.provider if operation == NO_OPERATION else f"{part.provider}.{operation}"
        lines.append(f"{name}: {what} ({times} times)")
    return "\n".join(["deviations from the provider's contract:", *lines])
