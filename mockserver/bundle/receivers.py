"""Stands in for the network while a bundle is replayed: returns what receivers answered when it was recorded."""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import cast

from mockserver.core.deliveries import Attempt, Delivery
from mockserver.core.masking import Masking
from mockserver.outgoing.call import CallResult, Kind, OutgoingCall, Sender

# Outcomes of attempts that were never sent, or that the scenario answered.
_NOT_SENT = ("lost", "internal_error")
_ANSWERED = "answered by the scenario"
_IGNORED = "ignored"


class RecordedReceivers:
    """The receivers of a bundle. `missing` are the URLs of calls that the bundle has no answer for.

    After `go_live`, calls go to the network. Without a network they fail.
    """

    def __init__(self, deliveries: Iterable[Delivery], masking: Masking, network: Sender | None = None) -> None:
        self._masking = masking
        self._network = network
        self._live = False
        self.missing: list[str] = []
        attempts = sorted(
            ((attempt.at, attempt.number, attempt) for delivery in deliveries for attempt in delivery.attempts),
            key=lambda each: each[:2],
        )
        self._answers: dict[str, deque[Attempt]] = defaultdict(deque)
        for _, _, attempt in attempts:
            if attempt.outcome not in _NOT_SENT and _ANSWERED not in attempt.tampering:
                self._answers[attempt.url].append(attempt)

    def go_live(self) -> None:
        """Send all further calls to the network."""
        self._live = True

    async def send(self, call: OutgoingCall) -> CallResult:
        """Return the next recorded answer of the receiver at this URL."""
        if self._live and self._network is not None:
            return await self._network.send(call)
        url = self._masking.text(call.url)
        answers = self._answers.get(url)
        if not answers:
            self.missing.append(url)
            return CallResult("connect_error", error="the bundle has no answer for this call")
        return _result(answers.popleft())


def _result(attempt: Attempt) -> CallResult:
    outcome = "response" if attempt.outcome == _IGNORED and attempt.status is not None else attempt.outcome
    kind = "timeout" if outcome == _IGNORED else outcome
    return CallResult(
        cast(Kind, kind),
        attempt.status,
        tuple(attempt.reply_headers),
        attempt.reply,
        attempt.truncated,
        attempt.error,
        attempt.address,
        attempt.elapsed_ms,
    )
