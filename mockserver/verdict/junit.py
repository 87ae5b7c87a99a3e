"""A verdict as a JUnit document: a test suite for each part, with a test case for each rule.

Findings below the threshold are in the output of their test case, and those at or above it are failures. If nothing was
observed, the suite is an error.
"""

from collections.abc import Iterator, Sequence

from mockserver.core.verdict.expected import EXPECTATION
from mockserver.core.verdict.finding import Severity, at_least
from mockserver.core.verdict.table import RULES
from mockserver.core.xml_text import attribute, content
from mockserver.verdict.parts import Data, Part, documented, requests

_NAMES = (*(rule.name for rule in RULES), EXPECTATION)


def text(parts: Sequence[Part], threshold: Severity) -> str:
    """Return the document."""
    suites = [_Suite(part, threshold) for part in parts]
    tests, failed, errors = (sum(getattr(s, n) for s in suites) for n in ("tests", "failures", "errors"))
    head = f'<testsuites name="mockserver verdict" tests="{tests}" failures="{failed}" errors="{errors}">'
    lines = [line for suite in suites for line in suite.lines()]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *lines, "</testsuites>"]) + "\n"


class _Suite:
    def __init__(self, part: Part, threshold: Severity) -> None:
        self._part, self._threshold = part, threshold
        self.tests = len(_NAMES)
        self.errors = 0 if part.observed else 1
        self.failures = sum(any(self._fails(f) for f in self._of(name)) for name in _NAMES)
        self.tests += self.errors

    def _fails(self, finding: Data) -> bool:
        return at_least(finding["severity"], self._threshold)

    def _of(self, name: str) -> list[Data]:
        return [finding for finding in self._part.findings if finding["rule"] == name]

    def lines(self) -> Iterator[str]:
        counted = f'tests="{self.tests}" failures="{self.failures}" errors="{self.errors}" skipped="0"'
        yield f"  <testsuite name={attribute(self._part.name)} {counted}>"
        if self.errors:
            yield f'    <testcase classname={attribute(self._part.name)} name="observed">'
            yield '      <error message="nothing was observed" type="nothing_observed"/>'
            yield "    </testcase>"
        for name in _NAMES:
            yield from self._case(name)
        yield "  </testsuite>"

    def _case(self, name: str) -> Iterator[str]:
        head = f"    <testcase classname={attribute(self._part.name)} name={attribute(name)}"
        findings = self._of(name)
        if not findings:
            yield f"{head}/>"
            return
        yield f"{head}>"
        failing = [f for f in findings if self._fails(f)]
        if failing:
            message = failing[0]["message"] + (f" (and {len(failing) - 1} more)" if len(failing) > 1 else "")
            body = content("\n\n".join(map(_described, failing)))
            yield f"      <failure message={attribute(message)} type={attribute(name)}>{body}</failure>"
        others = [f for f in findings if not self._fails(f)]
        if others:
            yield f"      <system-out>{content(chr(10).join(map(_described, others)))}</system-out>"
        yield "    </testcase>"


def _described(finding: Data) -> str:
    row = documented(finding)
    lines = [f"{finding['severity']}: {finding['message']}", requests(finding)]
    return "\n".join(
        each for each in (*lines, f"documented: {row}" if row else "", f"instead: {finding['instead']}") if each
    )
