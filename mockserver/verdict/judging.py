"""Judges the clients of a sandbox."""

from collections.abc import Iterable, Sequence

from mockserver.core.expect import Expectation, policy_of
from mockserver.core.masking import Masking
from mockserver.core.verdict.expected import unmet
from mockserver.core.verdict.judge import Verdict, judge
from mockserver.core.verdict.policy import DEFAULT_POLICY, Policy
from mockserver.kit.provider import Provider
from mockserver.sandbox.sandbox import Sandbox
from mockserver.verdict.collect import Records, facts_of, records_of


async def verdict_on(
    sandbox: Sandbox,
    providers: Iterable[Provider],
    policy: Policy = DEFAULT_POLICY,
    *,
    project: Policy = DEFAULT_POLICY,
    masking: Masking | None = None,
) -> Verdict:
    """Return the verdict on the clients of a sandbox so far, and on the expectations of its scenario.

    The policy of the scenario wins over that of the `project`, and `policy` over both.
    """
    expected = sandbox.program.source.expect
    return verdict_of(await records_of(sandbox), expected, providers, policy, project=project, masking=masking)


def verdict_of(
    records: Records,
    expected: Sequence[Expectation],
    providers: Iterable[Provider],
    policy: Policy = DEFAULT_POLICY,
    *,
    project: Policy = DEFAULT_POLICY,
    masking: Masking | None = None,
) -> Verdict:
    """Return the verdict on the records of a sandbox or of a bundle, and on these expectations. See `verdict_on`."""
    facts = facts_of(records, providers, masking)
    return judge(facts, project.then(policy_of(expected)).then(policy), tuple(unmet(expected, facts)))
