"""What a handle knows of the past: the requests that came, those that were expected, and a report of it all."""

from typing import Any

from mockserver.sandbox.sandbox import Sandbox
from mockserver.testing.deliveries import Deliveries
from mockserver.testing.expectations import Expectation, bounds
from mockserver.testing.lifetime import Lifetime
from mockserver.testing.report import report
from mockserver.testing.requests import Filter, Request, When, request_of

# A failing test shows its own line, and not the way through here.
__tracebackhide__ = True


class History(Lifetime):
    """A sandbox that can be asked what happened in it."""

    def requests(
        self, operation: str = "*", *, status: int | None = None, key: str | None = None, when: When | None = None
    ) -> list[Request]:
        """The requests of an operation (`*` stands for any characters), oldest first.

        `when` is that of a scenario's rule: `{"body.prompt": {"contains": "sunset"}}`. Raises MockServerError for an
        operation that does not exist.
        """
        return Filter(self._at, operation, status, key, when).of(self._seen())

    def expect(
        self,
        operation: str,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        status: int | None = None,
        key: str | None = None,
        when: When | None = None,
    ) -> Expectation:
        """Expect requests of an operation: so many, or at least one. The test fails at its end when that is not so.

        What counts is what `requests` gives for the same arguments, also what came before this.
        """
        least, most = bounds(times, at_least, at_most)
        made = Expectation(operation, least, most, Filter(self._at, operation, status, key, when), self._seen)
        self._expectations.append(made)
        return made

    def report(self) -> str:
        """The journal's tail, unmatched requests and undelivered webhooks, for people; credentials are masked."""
        world = self._at
        kept = world.run(_entries(world.sandbox))
        said = [text for interception in self._interceptions for text in interception.said]
        return report(world, kept, Deliveries(world).now(), said)

    def _seen(self) -> list[Request]:
        kept = self._at.calm(_entries(self._at.sandbox))
        return [request_of(entry) for entry in kept if entry.kind == "request"]


async def _entries(sandbox: Sandbox) -> list[Any]:
    return list(reversed(await sandbox.journal()))
