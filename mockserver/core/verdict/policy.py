"""Policies: which rules count, and how severe they are."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mockserver.core.verdict.finding import Severity
from mockserver.core.verdict.names import RULE_NAMES


class Policy(NamedTuple):
    """What a project has decided. `allow` are rules whose findings are not reported.

    `deny` are rules whose findings are errors. `severities` are other severities, by the name of the rule. `deny` wins
    over `severities`, and `allow` over both. `longest_poll` is how long a job that does not end may be polled, in
    milliseconds; None stands for the default.
    """

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = {}
    longest_poll: int | None = None

    def then(self, other: "Policy") -> "Policy":
        """Return this policy with a more specific one on top: what the other one names replaces what this one says."""
        named = other.allow | other.deny | frozenset(other.severities)
        severities = {name: each for name, each in self.severities.items() if name not in named}
        return Policy(
            (self.allow - named) | other.allow,
            (self.deny - named) | other.deny,
            {**severities, **other.severities},
            self.longest_poll if other.longest_poll is None else other.longest_poll,
        )

    def allowing(self, names: Iterable[str]) -> "Policy":
        """Return this policy with more rules allowed."""
        return self.then(Policy(allow=frozenset(names)))

    def severity(self, rule: str, default: Severity) -> Severity | None:
        """Return the severity of a rule's findings; None if they are not reported."""
        if rule in self.allow:
            return None
        return "error" if rule in self.deny else self.severities.get(rule, default)


DEFAULT_POLICY = Policy()


def checked(names: Iterable[str]) -> frozenset[str]:
    """Return the names of rules as a set. Raises ValueError that names an unknown one and the nearest."""
    from difflib import get_close_matches  # most calls have nothing to suggest

    given = frozenset(names)
    for name in sorted(given - RULE_NAMES):
        close = get_close_matches(name, RULE_NAMES, 1, 0.6)
        known = f"did you mean {close[0]!r}?" if close else f"the rules are {', '.join(sorted(RULE_NAMES))}"
        raise ValueError(f"unknown rule {name!r}; {known}")
    return given
