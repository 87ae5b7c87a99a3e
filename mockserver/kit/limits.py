"""The plans and limits of a provider, and the headers that report them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, get_args

from mockserver.core.limits import Limit, Period, Usage
from mockserver.kit.operations import Header

Figure = Literal["allowed", "remaining", "resets_at"]
FIGURES: tuple[Figure, ...] = get_args(Figure)

# The value that headers report for an unlimited account.
UNLIMITED = 1_000_000


class LimitHeader(NamedTuple):
    """A header of every reply that reports the first limit of the request.

    `allowed` and `remaining` are numbers of requests. `resets_at` is in Unix seconds.
    """

    figure: Figure
    description: str
    minimum: int | None = None

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the header."""
        lowest = {} if self.minimum is None else {"minimum": self.minimum}
        return {"type": "integer", **lowest, "description": self.description}


class Limits:
    """The part of a provider that has plans and limits.

    `tiers` has the figures of each plan, the smallest plan first, and `aliases` other names of plans. `periods` has the
    figures that are counted, each with its window. A request counts against the first of them, unless its operation
    names others; `limit_headers` report that one. `default_credits` is the balance of a new account if the scenario
    sets none (None: unlimited). `reports_reset` is true if a refusal says when the limit resets.
    """

    tiers: ClassVar[Mapping[str, Mapping[str, int | None]]]
    aliases: ClassVar[Mapping[str, str]] = {}
    periods: ClassVar[Mapping[str, Period]] = {}
    limit_headers: ClassVar[Mapping[str, LimitHeader]] = {}
    default_credits: ClassVar[float | None] = None
    reports_reset: ClassVar[bool] = False

    @cached_property
    def counts(self) -> tuple[str, ...]:
        """The limits that a request counts against, unless its operation names others."""
        return tuple(self.periods)[:1]

    def tier(self, plan: str | None) -> str:
        """Return this provider's name for a plan. The largest plan is used for an unknown one and for None."""
        tier = self.aliases.get(plan or "", plan or "")
        return tier if tier in self.tiers else list(self.tiers)[-1]

    def limits_of(self, tier: str, overrides: Mapping[str, int | None]) -> dict[str, Limit]:
        """Return the counted limits of a plan. `overrides` are an account's own figures."""
        figures = {**self.tiers[tier], **overrides}
        return {name: Limit(name, period, figures.get(name)) for name, period in self.periods.items()}

    def unused_limits(self, now: int) -> Sequence[Usage]:
        """Return the usage to report if the account is not known: an unused window of the smallest plan."""
        limits = self.limits_of(next(iter(self.tiers)), {})
        return [Usage(limits[n], 0, limits[n].window(now)[1]) for n in self.counts]

    def usage_headers(self, usage: Sequence[Usage]) -> Sequence[Header]:
        """Return the headers that report limits. They are sent with every reply."""
        headers = self._headers
        if not headers:
            return ()
        first = usage[0]
        allowed = first.limit.allowed
        remaining = UNLIMITED if allowed is None else max(0, allowed - first.used)
        figures = (UNLIMITED if allowed is None else allowed, remaining, first.resets_at // 1000)
        return [(name, b"%d" % figures[figure]) for name, figure in headers]

    @cached_property
    def _headers(self) -> tuple[tuple[bytes, int], ...]:
        """The names of the headers as they are sent, each with the index of its figure."""
        return tuple((name.lower().encode(), FIGURES.index(each.figure)) for name, each in self.limit_headers.items())

    @cached_property
    def documented_headers(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schema of each header that every reply has."""
        return {name: header.schema for name, header in self.limit_headers.items()}
