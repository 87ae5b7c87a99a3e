"""A report as JUnit's XML, which the CI systems read: a test case for each behaviour.

What was not met is skipped and not failed, so that a job is red for one reason alone: the threshold, which is a test
case of its own when one was asked for.
"""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from mockserver.coverage.report import Behaviour, Part, Report
from mockserver.coverage.tally import NOWHERE

# What XML 1.0 cannot hold, however it is escaped (its section 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(report: Report, fail_under: float | None = None) -> str:
    """The document. With a threshold, a last suite passes or fails by it."""
    skipped = sum(len(part.missed) for part in report.parts)
    tests = report.score.total + (fail_under is not None)
    failures = int(fail_under is not None and report.score.below(fail_under))
    head = f'<testsuites name="mockserver coverage" tests="{tests}" failures="{failures}" skipped="{skipped}">'
    lines = [line for part in report.parts for line in _suite(part)]
    if fail_under is not None:
        lines += _threshold(report, fail_under)
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *lines, "</testsuites>"]) + "\n"


def _suite(part: Part) -> Iterator[str]:
    name, skipped = _attribute(part.provider), len(part.missed)
    yield f'  <testsuite name={name} tests="{part.score.total}" failures="0" errors="0" skipped="{skipped}">'
    yield "    <properties>"
    for label, value in (("met", part.score.met), ("percent", part.score.percent), ("requests", part.called)):
        yield f'      <property name="{label}" value="{value}"/>'
    yield "    </properties>"
    for behaviour in part.behaviours:
        yield from _case(part.provider, behaviour)
    if part.deviations:
        yield f"    <system-out>{_clean(escape(_told(part)))}</system-out>"
    yield "  </testsuite>"


def _case(provider: str, behaviour: Behaviour) -> Iterator[str]:
    of = f"<testcase classname={_attribute(f'{provider}.{behaviour.kind}')} name={_attribute(behaviour.name)}"
    if behaviour.seen:
        yield f"    {of}/>"
        return
    why = f"never seen; the scenario {behaviour.scenario} shows it: {behaviour.what} ({behaviour.basis})"
    yield f"    {of}><skipped message={_attribute(why)}/></testcase>"


def _threshold(report: Report, fail_under: float) -> Iterator[str]:
    failed = report.score.below(fail_under)
    yield f'  <testsuite name="threshold" tests="1" failures="{int(failed)}" errors="0" skipped="0">'
    yield f'    <testcase classname="mockserver.coverage" name="at least {fail_under:g}%">'
    if failed:
        yield f"      <failure message={_attribute(f'{report.percent}% is less than {fail_under:g}%')}/>"
    yield "    </testcase>"
    yield "  </testsuite>"


def _told(part: Part) -> str:
    lines = [
        f"{part.provider if operation == NOWHERE else f'{part.provider}.{operation}'} deviated {times} times: {what}"
        for (operation, what), times in part.deviations.items()
    ]
    return "\n".join(lines)


def _attribute(value: str) -> str:
    return quoteattr(_clean(value))


def _clean(value: str) -> str:
    return _FORBIDDEN.sub("�", value)
