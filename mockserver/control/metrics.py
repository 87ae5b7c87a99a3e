"""Metrics of the whole server for Prometheus.

Nothing is counted for them while requests are served: they are read from the tally, the stores and the clocks when
somebody asks.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import get_args

from fastapi import APIRouter, Response

from mockserver import __version__
from mockserver.clock import let_others_run, monotonic
from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import Parts, ServerParts
from mockserver.core.credits import CREDIT
from mockserver.core.deliveries import DeliveryFilter, Outcome
from mockserver.core.exposition import CONTENT_TYPE, Labels, Metric, exposition
from mockserver.coverage.tally import NO_OPERATION, Tally
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.round_trips import MakesRoundTrips, RoundTrips

# Seconds of the timer by which the delay of the event loop is measured.
_SLEEP = 0.005
# Accounts of each sandbox whose credits are added up, those that were used last.
_ACCOUNTS = 1_000
_SPENDING = ("reserve", "capture", "release")

router = APIRouter(tags=["server"], route_class=StrictRoute)


@router.get(
    "/metrics",
    summary="Get metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE: {}}, "description": "The text format of Prometheus, version 0.0.4"}},
)
async def show_metrics(parts: ServerParts) -> Response:
    """Metrics of all sandboxes together, so that the number of time series does not grow with the sandboxes.

    The labels of requests are operations of the providers, statuses and the names of rules, each up to a fixed number.
    """
    await parts.sandboxes.open_all()
    lag = await _lag()
    states = await _States.of(parts)
    metrics = [*_of_server(parts, lag), *_of_requests(await parts.sandboxes.whole_tally()), *states.metrics()]
    return Response(exposition(metrics), media_type=CONTENT_TYPE)


async def _lag() -> float:
    """Return how much later than asked for the event loop wakes a task, in seconds."""
    loop, began = asyncio.get_running_loop(), monotonic()
    woken = loop.create_future()
    loop.call_later(_SLEEP, woken.set_result, None)
    await woken
    return max(0.0, monotonic() - began - _SLEEP)


def _of_server(parts: Parts, lag: float) -> Iterator[Metric]:
    sandboxes = list(parts.sandboxes.by_name.values())
    memory = parts.sandboxes.memory()
    yield _one("mockserver_info", "The version of the server.", 1, version=__version__)
    yield _one("mockserver_sandboxes", "Sandboxes that exist.", len(sandboxes))
    in_flight = sum(each.clock.in_flight for each in sandboxes)
    yield _one("mockserver_requests_in_flight", "Requests whose replies are not complete.", in_flight)
    streams = sum(each.clock.streams for each in sandboxes)
    yield _one("mockserver_streams_open", "Streamed replies that have begun and not ended.", streams)
    yield _one("mockserver_feed_clients", "Clients that follow the journals.", parts.sandboxes.feed.listeners)
    yield _one("mockserver_loop_lag_seconds", "How late the event loop woke a task just now.", lag)
    yield _one("mockserver_memory_bytes", "Bytes that all sandboxes keep.", memory.get("used", 0))
    yield _one("mockserver_memory_limit_bytes", "The most bytes that all sandboxes keep.", memory.get("server", 0))
    yield from _of_stores({each.store.round_trips for each in sandboxes if isinstance(each.store, MakesRoundTrips)})


def _of_stores(trips: Collection[RoundTrips]) -> Iterator[Metric]:
    """Yield the round trips of stores that are not in the memory of this process, such as the commits to a file."""

    def counted(name: str, text: str, value: Callable[[RoundTrips], float]) -> Metric:
        return Metric(
            f"mockserver_store_{name}_total", "counter", text, [({"store": t.store}, value(t)) for t in trips]
        )

    yield counted("round_trips", "Commits to the file of the store, or requests to its server.", lambda t: t.count)
    yield counted("round_trip_seconds", "The time of all these round trips.", lambda t: t.seconds)
    yield counted("round_trip_failures", "Those of them that failed.", lambda t: t.failures)


def _one(name: str, text: str, value: float, **labels: str) -> Metric:
    return Metric(name, "gauge", text, [(labels, value)])


def _of_requests(tally: Tally) -> Iterator[Metric]:
    yield Metric(
        "mockserver_requests_total",
        "counter",
        "Requests by provider, operation and status of the reply. `-` stands for none.",
        [(_labels(who, status, operation=name), n) for (who, name, status), n in sorted(tally.calls.items())],
    )
    yield Metric(
        "mockserver_rule_matches_total",
        "counter",
        "Requests that a rule of a scenario matched, by provider, operation, status of the reply and rule.",
        [
            (_labels(who, status, operation=name, rule=rule), n)
            for (who, name, status, rule), n in sorted(tally.matches.items())
        ],
    )
    yield Metric(
        "mockserver_webhook_attempts_total",
        "counter",
        "Attempts to deliver webhooks and other outgoing calls, by the status of the answer. `-` stands for none.",
        [(_labels(who, status, event=name), n) for (who, name, status), n in sorted(tally.attempts.items())],
    )
    yield Metric(
        "mockserver_left_out_total",
        "counter",
        "Events that are in no other metric, because there are too many different ones.",
        [({}, tally.left_out)],
    )


def _labels(provider: str, status: int, **what: str) -> Labels:
    """Return the labels of what was counted. A status of 0 stands for no reply."""
    return {"provider": provider, **what, "status": str(status or NO_OPERATION)}


class _States:
    """Sums over all sandboxes: jobs by status, deliveries by outcome, and credits."""

    def __init__(self) -> None:
        self._jobs: Counter[tuple[str, str]] = Counter()
        self._deliveries: Counter[tuple[str, str]] = Counter()
        self._credits: Counter[tuple[str, str]] = Counter()

    @classmethod
    async def of(cls, parts: Parts) -> "_States":
        """Add up the sandboxes, one after another. Other requests go on in between."""
        states = cls()
        for sandbox in list(parts.sandboxes.by_name.values()):
            await sandbox.settling.observe(sandbox.clock.now())
            for provider in parts.providers:
                await states._add(sandbox, provider)
            await states._add_credits(sandbox)
            await let_others_run()
        return states

    async def _add(self, sandbox: Sandbox, provider: str) -> None:
        for status, number in (await sandbox.store.count_by_status(provider)).items():
            self._jobs[provider, status] += number
        for outcome in get_args(Outcome):
            wanted = DeliveryFilter(provider=provider, outcome=outcome)
            self._deliveries[provider, outcome] += (await sandbox.store.count_deliveries(wanted)).total

    async def _add_credits(self, sandbox: Sandbox) -> None:
        for name in await sandbox.store.accounts(_ACCOUNTS):
            credits = await sandbox.store.credits(name)
            if credits is None:
                continue
            provider = name.partition(":")[0]
            spent = -sum(each.amount for each in credits.entries if each.kind in _SPENDING)
            self._credits[provider, "available"] += credits.balance or 0
            self._credits[provider, "reserved"] += credits.reserved
            self._credits[provider, "charged"] += max(0, spent - credits.reserved)

    def metrics(self) -> Iterator[Metric]:
        """Yield the sums."""
        yield _by("mockserver_jobs", "Jobs that are kept.", "status", self._jobs)
        yield _by("mockserver_deliveries", "Deliveries that are kept.", "outcome", self._deliveries)
        text = "Credits of the accounts that were used last; `available` leaves out unlimited ones."
        yield _by("mockserver_credits", text, "kind", self._credits, CREDIT)


def _by(name: str, text: str, label: str, counts: Counter[tuple[str, str]], unit: int = 1) -> Metric:
    samples = [({"provider": who, label: what}, number / unit) for (who, what), number in sorted(counts.items())]
    return Metric(name, "gauge", text, [sample for sample in samples if sample[1]])
