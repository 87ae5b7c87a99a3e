"""Judges the expectations of a scenario: numbers of requests, and spent credits."""

from collections.abc import Iterator, Sequence

from mockserver.core.credits import CREDIT
from mockserver.core.expect import CreditsExpectation, Expectation
from mockserver.core.match import key_matches
from mockserver.core.verdict.facts import Call, Facts
from mockserver.core.verdict.finding import MOST_CALLS, Finding
from mockserver.core.verdict.messages import many, numbers

# The name under which unmet expectations are reported. It is no rule, so it cannot be allowed.
EXPECTATION = "expectation"
ADVICE = "Compare what the client does with the `expect` of the scenario"


def unmet(expectations: Sequence[Expectation], facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each expectation that is not met."""
    for each in expectations:
        if each.operation is not None and each.count is not None:
            calls = [call for call in facts.calls if _is_meant(each, call)]
            if not each.count.holds(len(calls)):
                yield _wrong_count(each, calls)
        if each.credits is not None:
            yield from _wrong_credits(each.credits, facts)


def _is_meant(expectation: Expectation, call: Call) -> bool:
    operation = expectation.operation or ""
    return key_matches(operation, call.operation or "") and expectation.status in (None, call.status)


def _wrong_count(expectation: Expectation, calls: Sequence[Call]) -> Finding:
    status = "" if expectation.status is None else f" with status {expectation.status}"
    made = f"{many(len(calls), 'request')} ({numbers(calls)})" if calls else "none"
    message = f"Expected {expectation.count} requests of {expectation.operation}{status}, and there were {made}"
    listed = tuple(call.number for call in calls)[:MOST_CALLS]
    provider = (expectation.operation or "").partition(".")[0]
    return Finding(
        EXPECTATION, "error", message, ADVICE, listed, (), None if "*" in provider else provider, expectation.operation
    )  # fmt: skip


def _wrong_credits(expectation: CreditsExpectation, facts: Facts) -> Iterator[Finding]:
    provider = expectation.provider
    charges = [c for c in facts.charges if provider in (None, c.account.partition(":")[0])]
    spent = sum(charge.net for charge in charges)
    if not expectation.spent.holds(spent / CREDIT):
        where = "" if provider is None else f" at {provider}"
        message = f"Expected {expectation.spent} spent credits{where}, and {spent / CREDIT:g} were spent"
        yield Finding(EXPECTATION, "error", message, ADVICE, provider=provider, cost=spent or None)
