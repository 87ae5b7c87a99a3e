"""The part of `MockServer` about the past: requests, expectations, and the report of a failed test."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockserver.core.verdict.policy import Policy, checked
from mockserver.testing.deliveries import Deliveries
from mockserver.testing.expectations import Expectation, caller, minimum_and_maximum
from mockserver.testing.lifetime import Lifetime
from mockserver.testing.report import report
from mockserver.testing.requests import Filter, Request, When, request_of
from mockserver.testing.time import Duration, milliseconds

if TYPE_CHECKING:
    from mockserver.core.verdict.judge import Verdict
    from mockserver.providers.names import OperationName

# Hides the frames of this module, so that a failing test shows its own line.
__tracebackhide__ = True


class History(Lifetime):
    """Adds requests, expectations and the report to a sandbox."""

    def requests(
        self,
        operation: "OperationName | str" = "*",
        *,
        status: int | None = None,
        key: str | None = None,
        when: When | None = None,
    ) -> list[Request]:
        """Return the requests of an operation (`*` stands for any characters), oldest first.

        `when` is as in a scenario's rule: `{"body.prompt": {"contains": "sunset"}}`. Raises MockServerError for an
        operation that does not exist.
        """
        return Filter(self._hosted, operation, status, key, when).select(self._all_requests())

    def expect(
        self,
        operation: "OperationName | str",
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        status: int | None = None,
        key: str | None = None,
        when: When | None = None,
    ) -> Expectation:
        """Expect a number of requests of an operation, by default at least one. The test fails at its end otherwise.

        The requests that `requests` returns for the same arguments count, including those before this call.
        """
        minimum, maximum = minimum_and_maximum(times, at_least, at_most)
        selected = Filter(self._hosted, operation, status, key, when)
        expectation = Expectation(operation, minimum, maximum, selected, self._all_requests, caller())
        self._expectations.append(expectation)
        return expectation

    def verdict(
        self, *, allow: Iterable[str] = (), deny: Iterable[str] = (), longest_poll: Duration | None = None
    ) -> "Verdict":
        """Judge the client by what happened in the sandbox so far.

        `allow` are rules whose findings are not reported, and `deny` rules whose findings are errors. `longest_poll` is
        how long a job that does not end may be polled (default: an hour). Raises ValueError for an unknown rule.
        """
        longest = None if longest_poll is None else milliseconds(longest_poll)
        policy = Policy(self.allowed_rules).then(Policy(checked(allow), checked(deny), {}, longest))
        return self._verdict(policy)

    def _verdict(self, policy: Policy) -> "Verdict":
        return self._hosted.verdict(policy, self.project_policy())

    def problem(self) -> str | None:
        """Describe the expectations that are not met so far, also those of the scenario. None if all are met."""
        problems = [super().problem()]
        if self._opened is not None and self._opened.expected:
            from mockserver.testing.expected import problem_of

            problems.append(problem_of(self))
        return "\n".join(problem for problem in problems if problem is not None) or None

    def report(self) -> str:
        """Describe what happened: the last journal entries, unmatched requests, undelivered webhooks.

        Credentials are masked.
        """
        hosted = self._hosted
        entries = hosted.entries(settled=False)
        notices = [text for interception in self._interceptions for text in interception.notices]
        return report(hosted, entries, Deliveries(hosted).now(), notices)

    def _all_requests(self) -> list[Request]:
        return [request_of(entry) for entry in self._hosted.entries() if entry.kind == "request"]
